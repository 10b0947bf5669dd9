// Buttons that copy: `data-copies="ID"` names a field or another element, whose text goes to the clipboard.

import { say } from "./toast";

export function wireCopies(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-copies]") : undefined;
    const source = button && document.getElementById(button.dataset["copies"] ?? "");
    if (source) void copy(source);
  });
}

async function copy(source: HTMLElement): Promise<void> {
  const field = source instanceof HTMLInputElement || source instanceof HTMLTextAreaElement ? source : undefined;
  try {
    await navigator.clipboard.writeText(field ? field.value : (source.textContent ?? ""));
    say("Copied.");
  } catch {
    // Without TLS, browsers give pages no clipboard.
    field?.select();
    say(field ? "Press Ctrl+C to copy what is selected." : "The browser does not let pages copy. Select the text.", "bad");
  }
}
