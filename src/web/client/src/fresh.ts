// Parts that renew themselves: `data-fresh="SECONDS"` on a part, while the page is looked at and when it is again.

import { renew } from "./parts";

/** How often it is looked whether a part is due, in milliseconds. */
const EVERY = 1_000;

export function wireFresh(): void {
  const renewed = new Map<string, number>();
  const began = Date.now();
  const look = (atOnce: boolean): void => {
    if (document.visibilityState !== "visible") return;
    for (const part of document.querySelectorAll<HTMLElement>("[data-part][data-fresh][id]")) {
      const due = (renewed.get(part.id) ?? began) + Number(part.dataset["fresh"]) * 1_000;
      // A part with something half done in it stays as it is.
      if ((!atOnce && Date.now() < due) || part.querySelector("dialog[open], :focus:is(input, textarea, select)")) continue;
      renewed.set(part.id, Date.now());
      void renew(part.id);
    }
  };
  if (!document.querySelector("[data-fresh]")) return;
  document.addEventListener("visibilitychange", () => look(true));
  window.setInterval(() => look(false), EVERY);
}
