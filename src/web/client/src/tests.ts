// The tests of a draft: asking, following the one that runs, its text as it is written.

import { renew, wire } from "./parts";

const writing = new Map<string, string>();

export function wireTests(draft: number): void {
  wire(show);
  document.addEventListener("workshop:draft", (event) => {
    const nothing = document.getElementById("test-nothing");
    if (nothing) nothing.hidden = (event as CustomEvent<{ revision: number }>).detail.revision > 0;
  });
  const form = document.getElementById("test-form");
  if (!(form instanceof HTMLFormElement)) return;
  const windowField = form.querySelector<HTMLSelectElement>("[data-window]");
  const dates = document.getElementById("test-dates");
  windowField?.addEventListener("change", () => {
    if (dates) dates.hidden = windowField.value !== "dates";
  });
  form.addEventListener("api:before", (event) => {
    Object.assign((event as CustomEvent<Record<string, unknown>>).detail, timeWindow(form));
  });
  form.addEventListener("api:done", () => {
    const result = document.getElementById("test-result");
    // What is shown from now on is the latest, also where the address named another.
    if (result) result.dataset["part"] = `/workshop/${draft}/parts/test`;
    void renew("test-result");
    void renew("history");
  });
}

/** The window that is chosen, as the API takes it: whole days of UTC. */
function timeWindow(form: HTMLFormElement): { window_from?: string; window_to?: string } {
  const chosen = form.querySelector<HTMLSelectElement>("[data-window]")?.value ?? "";
  if (chosen === "") return {};
  const day = 24 * 3600 * 1000;
  const midnight = Math.floor(Date.now() / day) * day;
  if (chosen !== "dates") {
    const days = Number(chosen);
    return { window_from: iso(midnight - (days - 1) * day), window_to: iso(midnight + day) };
  }
  const from = form.querySelector<HTMLInputElement>("[data-window-from]")?.valueAsNumber ?? NaN;
  const to = form.querySelector<HTMLInputElement>("[data-window-to]")?.valueAsNumber ?? NaN;
  return {
    ...(Number.isNaN(from) ? {} : { window_from: iso(from) }),
    ...(Number.isNaN(to) ? {} : { window_to: iso(to + day) }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** A test moved on. */
export function changed(test: string): void {
  const result = document.getElementById("test-result");
  const isLatest = !(result?.dataset["part"] ?? "").includes("?test=");
  if (result?.dataset["test"] === test || isLatest) void renew("test-result");
}

/** More of a test's answer; part 0 begins it anew. */
export function written(test: string, part: number, text: string): void {
  writing.set(test, part === 0 ? text : (writing.get(test) ?? "") + text);
  show();
}

function show(): void {
  const test = document.getElementById("test-result")?.dataset["test"];
  const place = document.getElementById("test-streamed");
  if (!place || !test) return;
  const text = writing.get(test) ?? "";
  if (place.textContent !== text) place.textContent = text;
}
