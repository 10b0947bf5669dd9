// A test that runs: what is heard of it renews the page, and its answer is shown as it is written.
//
// `data-follows` is the address of its events, `data-state` the part to renew while it runs; the element itself is
// renewed when it has ended. What has no events says `data-again="SECONDS"`, and is renewed after that time.

import { renew, wire } from "./parts";

export function wireFollowing(): void {
  wire((root) => {
    const within = Array.from(root.querySelectorAll<HTMLElement>("[data-follows]"));
    if (root instanceof HTMLElement && root.dataset["follows"]) within.push(root);
    within.forEach(follow);
    const again = Array.from(root.querySelectorAll<HTMLElement>("[data-again]"));
    if (root instanceof HTMLElement && root.dataset["again"]) again.push(root);
    again.forEach(lookAgain);
  });
}

function follow(element: HTMLElement): void {
  const events = new EventSource(element.dataset["follows"] ?? "");
  const state = element.dataset["state"];
  events.addEventListener("progress", () => {
    if (!element.isConnected) events.close();
    else if (state) void renew(state);
  });
  events.addEventListener("delta", (event: MessageEvent<string>) => {
    const { part, text } = JSON.parse(event.data) as { part: number; text: string };
    const shown = element.querySelector<HTMLElement>("[data-live-text]");
    if (!shown) return;
    shown.hidden = false;
    if (part === 0) shown.textContent = "";
    // Who comes in the middle of it reads the rest now, and all of it in the end.
    else if (shown.textContent === "") shown.append("… ");
    shown.append(text);
  });
  const end = (): void => {
    events.close();
    void renew(element.id);
  };
  events.addEventListener("done", end);
  // The service says why it goes on no longer; a connection that broke off is opened again by the browser.
  events.addEventListener("error", (event) => {
    if (event instanceof MessageEvent) end();
  });
}

function lookAgain(element: HTMLElement): void {
  window.setTimeout(async () => {
    if (!element.isConnected) return;
    await renew(element.id);
    // Nothing changed, so that the element is the same and nothing wired it anew.
    if (element.isConnected) lookAgain(element);
  }, Number(element.dataset["again"]) * 1000);
}
