// Short words about what happened, read out by screen readers.

/** Says something; what went wrong stays until it is closed. */
export function say(text: string, kind: "good" | "bad" = "good"): void {
  const region = document.getElementById("toasts");
  if (!region) return;
  const toast = document.createElement("div");
  toast.className = `toast ${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet small";
  close.textContent = "Close";
  close.addEventListener("click", () => toast.remove());
  toast.append(words, close);
  region.append(toast);
  if (kind === "good") window.setTimeout(() => toast.remove(), 6000);
}
