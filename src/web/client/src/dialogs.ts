// Dialogs: `data-opens="ID"` on a button opens one, `data-closes` within it closes it; asking for a second yes.

export function wireDialogs(): void {
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : undefined;
    const opener = target?.closest<HTMLElement>("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset["opens"] ?? "");
      if (dialog instanceof HTMLDialogElement) dialog.showModal();
    }
    target?.closest<HTMLElement>("[data-closes]")?.closest("dialog")?.close();
    // A menu closes when something else is clicked.
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
      if (!target || !menu.contains(target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}

/** Asks for a yes in a dialog; false when it is closed any other way. */
export function confirmed(text: string, yes: string): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Please confirm");
  const words = document.createElement("p");
  words.textContent = text;
  const actions = document.createElement("form");
  actions.method = "dialog";
  actions.className = "actions";
  for (const [label, value, look] of [[yes, "yes", "primary"], ["Cancel", "no", ""]] as const) {
    const button = document.createElement("button");
    button.value = value;
    button.className = look;
    button.textContent = label;
    actions.append(button);
  }
  dialog.append(words, actions);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}
