// The divider between the panels: dragged, or moved with the arrow keys; its place is kept.

const KEPT = "workbench:left";
const LEAST = 25;
const MOST = 70;

export function wireDivider(): void {
  const divider = document.getElementById("divider");
  const panels = document.getElementById("panels");
  if (!divider || !panels) return;

  function place(percent: number): void {
    const left = Math.round(Math.min(MOST, Math.max(LEAST, percent)));
    panels?.style.setProperty("--left", `${left}%`);
    divider?.setAttribute("aria-valuenow", String(left));
    localStorage.setItem(KEPT, String(left));
  }

  const kept = Number(localStorage.getItem(KEPT));
  if (kept >= LEAST && kept <= MOST) place(kept);

  divider.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    divider.setPointerCapture(event.pointerId);
    divider.focus();
  });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = panels.getBoundingClientRect();
    place(((event.clientX - box.left) / box.width) * 100);
  });
  divider.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2, Home: -100, End: 100 }[event.key];
    if (!step) return;
    event.preventDefault();
    place(Number(divider.getAttribute("aria-valuenow")) + step);
  });
}
