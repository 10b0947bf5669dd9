// What can be said of a text before it is sent: how long it is, and whether it can be saved.

export interface Size {
  characters: number;
  tokens: number;
}

/** Characters as the service counts them, and tokens as it estimates them: four characters each. */
export function size(text: string): Size {
  let characters = 0;
  for (const _ of text) characters++;
  return { characters, tokens: Math.ceil(characters / 4) };
}

/** Why a text cannot be saved, if so. */
export function problem(text: string, most: number): string | undefined {
  if (text.trim() === "") return "a prompt needs some text. The last revision is kept as it is.";
  const over = size(text).characters - most;
  if (over > 0) return `the text is ${group(over)} ${over === 1 ? "character" : "characters"} too long.`;
  return undefined;
}

/** The sizes in one line. */
export function counted({ characters, tokens }: Size, most: number): string {
  return `${group(characters)} of ${group(most)} characters, about ${group(tokens)} tokens`;
}

/** How near the limit it is. */
export function strain(characters: number, most: number): "" | "warn" | "bad" {
  if (characters > most) return "bad";
  return characters > most * 0.9 ? "warn" : "";
}

function group(number: number): string {
  return number.toLocaleString("en-US");
}
