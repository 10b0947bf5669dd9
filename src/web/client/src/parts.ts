// Renewing parts of a page: the server renders them, `id` and `data-part` say which they are.

import { wireTimes } from "./times";

/** Called for each part after it was renewed, and for the whole page once. */
type Wire = (root: ParentNode) => void;

const wires: Wire[] = [];

/** Sees to what is in a part, now and after each renewal. */
export function wire(see: Wire): void {
  wires.push(see);
  see(document);
}

const running = new Map<string, { again: boolean }>();

/** Fetches the part again (`data-part` is its address) and puts it in place; one request at a time for each part. */
export async function renew(id: string): Promise<void> {
  const element = document.getElementById(id);
  const address = element?.dataset["part"];
  if (!element || !address) return;
  const ongoing = running.get(id);
  if (ongoing) {
    ongoing.again = true;
    return;
  }
  const state = { again: true };
  running.set(id, state);
  try {
    while (state.again) {
      state.again = false;
      const response = await fetch(address, { headers: { Accept: "text/html" } });
      if (!response.ok) return;
      replace(id, await response.text());
    }
  } catch {
    // The next event, or the connection's return, renews it.
  } finally {
    running.delete(id);
  }
}

/** Puts HTML of the server's in the place of the part; what is focused, written and opened there stays. */
export function replace(id: string, html: string): void {
  const old = document.getElementById(id);
  if (!old) return;
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const fresh = parsed.getElementById(id);
  if (!fresh || fresh.outerHTML === old.outerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement?.id : undefined;
  keepWritten(old, fresh);
  const adopted = document.importNode(fresh, true);
  old.replaceWith(adopted);
  wireTimes(adopted);
  for (const see of wires) see(adopted);
  document.dispatchEvent(new CustomEvent("parts:renewed"));
  if (focused) document.getElementById(focused)?.focus();
}

function keepWritten(old: HTMLElement, fresh: HTMLElement): void {
  for (const open of old.querySelectorAll<HTMLDetailsElement>("details[open][id]")) {
    fresh.querySelector<HTMLDetailsElement>(`details#${CSS.escape(open.id)}`)?.setAttribute("open", "");
  }
  for (const field of old.querySelectorAll<HTMLTextAreaElement>("textarea[id]")) {
    if (field.value === field.defaultValue) continue;
    const next = fresh.querySelector<HTMLTextAreaElement>(`textarea#${CSS.escape(field.id)}`);
    if (next) next.textContent = field.value;
  }
}
