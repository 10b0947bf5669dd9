// Citations: a click shows the article that the answer was given beside it; the server renders the article.

import { say } from "./toast";
import { wireTimes } from "./times";

export function wireCitations(): void {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[data-article]") : undefined;
    const base = link?.closest<HTMLElement>("[data-articles]")?.dataset["articles"];
    const article = link?.dataset["article"];
    if (!base || !article) return;
    event.preventDefault();
    void show(`${base}/${encodeURIComponent(article)}`);
  });
}

async function show(address: string): Promise<void> {
  const article = await load(address);
  if (!article) {
    say("The article cannot be shown now. Try again.", "bad");
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "side";
  dialog.setAttribute("aria-labelledby", "article-title");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet small";
  close.textContent = "Close";
  close.dataset["closes"] = "";
  dialog.append(close, document.importNode(article, true));
  dialog.addEventListener("close", () => dialog.remove());
  // A click beside the panel closes it.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  wireTimes(dialog);
  dialog.showModal();
}

async function load(address: string): Promise<HTMLElement | null> {
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    if (!response.ok) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.getElementById("article");
  } catch {
    return null;
  }
}
