// Copying: `data-copies="ID"` on a button copies what a field holds or another element says. `data-shows="FIELD"` on a form
// shows a field of the answer in its `output`, for what is shown only once.

import { say } from "./toast";

export function wireCopying(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-copies]") : undefined;
    const source = button && document.getElementById(button.dataset["copies"] ?? "");
    if (source) void copy(source);
  });
  document.addEventListener("api:done", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset["shows"]) return;
    const answer = (event as CustomEvent<Record<string, unknown> | undefined>).detail;
    const output = form.querySelector("output");
    if (output) output.textContent = String(answer?.[form.dataset["shows"]] ?? "");
  });
}

async function copy(source: HTMLElement): Promise<void> {
  const field = source instanceof HTMLInputElement || source instanceof HTMLTextAreaElement ? source : undefined;
  try {
    await navigator.clipboard.writeText(field ? field.value : (source.textContent ?? ""));
    say("Copied.");
  } catch {
    // Without TLS browsers keep the clipboard closed: the text is marked instead.
    source.closest("details")?.setAttribute("open", "");
    if (field) field.select();
    else getSelection()?.selectAllChildren(source);
    say("The text is marked: copy it with Ctrl+C or ⌘C.");
  }
}
