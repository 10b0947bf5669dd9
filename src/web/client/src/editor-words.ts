// What the editor tells people: the state of the text, and questions about it.

import type { Conflict, State } from "./editor-sync";

/** The state in words, and how grave it is. */
export function words(state: State): { text: string; grade: "" | "good" | "warn" | "bad" } {
  switch (state.kind) {
    case "saved":
      return state.revision === 0
        ? { text: "", grade: "" }
        : { text: `Saved as revision ${state.revision}`, grade: "good" };
    case "unsaved":
      return { text: "Unsaved changes", grade: "" };
    case "saving":
      return { text: "Saving…", grade: "" };
    case "waiting":
      return {
        text: `Not saved: ${state.reason}, trying again. What you typed is kept in this browser.`,
        grade: "warn",
      };
    case "refused":
      return { text: `Not saved: ${state.reason}`, grade: "bad" };
    case "conflict":
      return { text: "Not saved: decide what to keep", grade: "warn" };
    case "renewed":
      return { text: `Revision ${state.revision} by ${state.by}`, grade: "good" };
  }
}

/** A notice with buttons; it goes when one is pressed. */
export function notice(
  kind: "" | "good" | "warn",
  sentences: string[],
  buttons: { label: string; primary?: boolean; press: () => void }[],
): HTMLElement {
  const box = document.createElement("div");
  box.className = `note ${kind}`;
  box.setAttribute("role", "alert");
  for (const sentence of sentences) {
    const paragraph = document.createElement("p");
    paragraph.textContent = sentence;
    box.append(paragraph);
  }
  const actions = document.createElement("div");
  actions.className = "actions";
  for (const { label, primary, press } of buttons) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = primary ? "small primary" : "small";
    button.textContent = label;
    button.addEventListener("click", () => {
      box.remove();
      press();
    });
    actions.append(button);
  }
  box.append(actions);
  return box;
}

/** The question about a conflict. */
export function conflictNotice(
  { by, theirs }: Conflict,
  decide: (how: "merged" | "mine" | "theirs") => void,
): HTMLElement {
  return notice(
    "warn",
    [
      `The same lines were changed by ${by} meanwhile, in revision ${theirs.revision}. What you typed is not saved yet.`,
      "In the text, their lines are struck out above yours: decide at each, or write what it should be. Then save.",
    ],
    [
      { label: "Save merged", primary: true, press: () => decide("merged") },
      { label: "Keep mine", press: () => decide("mine") },
      { label: "Take theirs", press: () => decide("theirs") },
    ],
  );
}
