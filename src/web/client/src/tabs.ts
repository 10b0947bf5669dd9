// The tabs on the right: links that work without this, too.

const NAMES = ["draft", "test", "history"] as const;
type Name = (typeof NAMES)[number];

export function wireTabs(): void {
  const tabs = NAMES.map((name) => document.getElementById(`tab-${name}`)).filter((tab) => tab !== null);
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(NAMES[index] ?? "draft");
    });
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === " ") tab.click();
      else if (step) tabs[(index + step + tabs.length) % tabs.length]?.focus();
      else return;
      event.preventDefault();
    });
  }
}

/** Opens a tab, and says so in the address. */
export function open(name: Name): void {
  for (const one of NAMES) {
    document.getElementById(`tab-${one}`)?.setAttribute("aria-selected", String(one === name));
    const panel = document.getElementById(`panel-${one}`);
    if (panel) panel.hidden = one !== name;
  }
  history.replaceState(null, "", `${location.pathname}?tab=${name}`);
  document.dispatchEvent(new CustomEvent("workshop:tab", { detail: { name } }));
}

/** Opens the draft at a revision. */
export function showRevision(revision: number): void {
  open("draft");
  document.dispatchEvent(new CustomEvent("workshop:show-revision", { detail: { revision } }));
}
