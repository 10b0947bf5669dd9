// Earlier revisions beside the text: opened from links of the list, of the conversation, and of the address.

import { renew, replace } from "./parts";
import { say } from "./toast";

/** Fetches a part of the tab that is rendered by the service, and puts it in place. */
async function load(id: string, address: string, request: RequestInit = {}): Promise<boolean> {
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" }, ...request });
    if (!response.ok) {
      const problem = (await response.json().catch(() => undefined)) as { detail?: string } | undefined;
      say(problem?.detail ?? "This cannot be shown at the moment. Try again.", "bad");
      return false;
    }
    replace(id, await response.text());
    return true;
  } catch {
    say("The service cannot be reached, so this cannot be shown. Try again.", "bad");
    return false;
  }
}

/** Shows `revision=3` or `diff=2..3` below the text; nothing for an empty query. */
export async function showRevisions(draft: string, query: string): Promise<void> {
  const before = document.activeElement;
  if (!(await load("draft-shown", `/workshop/${draft}/draft/shown?${query}`))) return;
  const shown = document.getElementById("draft-shown");
  if (query === "") {
    document.getElementById("draft-revisions-title")?.scrollIntoView({ block: "nearest" });
    document.querySelector<HTMLElement>("#draft-revisions a")?.focus({ preventScroll: true });
    return;
  }
  shown?.scrollIntoView({ block: "nearest" });
  if (before === document.activeElement || document.activeElement === document.body) {
    shown?.focus({ preventScroll: true });
  }
}

/** Renders a text as Markdown, by the service. */
export function preview(draft: string, text: string): Promise<boolean> {
  return load("draft-preview", `/workshop/${draft}/draft/preview`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/html" },
    body: JSON.stringify({ text }),
  });
}

/** Brings the facts up to date, unless somebody is just changing them. */
export async function renewFacts(): Promise<void> {
  if (!document.querySelector("#draft-details[open]")) await renew("draft-facts");
}

export async function renewRevisions(): Promise<void> {
  await renew("draft-revisions");
}

/** Opens revisions when a link of the tab, `workshop:show-revision` or the address asks for it. */
export function wireRevisions(root: HTMLElement, draft: string, use: (revision: number) => void): void {
  root.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.defaultPrevented) return;
    const used = event.target.closest<HTMLElement>("[data-use]")?.dataset["use"];
    if (used) use(Number(used));
    const link = event.target.closest<HTMLElement>("[data-show]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    void showRevisions(draft, link.dataset["show"] ?? "");
  });
  document.addEventListener("workshop:show-revision", (event) => {
    const { revision } = (event as CustomEvent<{ revision: number }>).detail;
    void showRevisions(draft, `revision=${revision}`);
  });
  const fromAddress = (): void => {
    const number = /^#revision-(\d+)$/.exec(location.hash)?.[1];
    if (number) void showRevisions(draft, `revision=${number}`);
  };
  window.addEventListener("hashchange", fromAddress);
  fromAddress();
}
