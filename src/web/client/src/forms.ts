// Forms and buttons that go to the API.
//
// `data-api="METHOD /path"` sends the fields as JSON; `data-type` on a field is `number`, `boolean` or `list` where it is
// no text (`numbers` for check boxes), and an empty field is left out unless it has `data-keep`. `{field}` in the path
// stands for a field of the form. Then `data-then` is `reload`, `renew ID…` or `go /path`, in which `{field}` stands for a
// field of the answer. `data-confirm` asks first.
// `api:before` (with the body, to add to) and `api:done` (with the answer) tell others.

import { Refused, send, type Problem } from "./api";
import { confirmed } from "./dialogs";
import { renew } from "./parts";
import { say } from "./toast";

/** Where the service wants a second yes, this field gives it. */
const SECOND_YES = "confirm";

export function wireForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset["api"]) return;
    event.preventDefault();
    void submit(form, event.submitter);
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button[data-api]") : undefined;
    if (button) void submit(button, button);
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field instanceof HTMLElement && field.dataset["submits"] !== undefined) field.closest("form")?.requestSubmit();
  });
}

async function submit(source: HTMLElement, submitter: HTMLElement | null): Promise<void> {
  const question = submitter?.dataset["confirm"] ?? source.dataset["confirm"];
  if (question && !(await confirmed(question, submitter?.textContent?.trim() || "Yes"))) return;
  const body = source instanceof HTMLFormElement ? fields(source, submitter) : fixed(source);
  source.dispatchEvent(new CustomEvent("api:before", { detail: body ?? {} }));
  if (submitter instanceof HTMLButtonElement) submitter.disabled = true;
  try {
    await sendOrAsk(source, body);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (source instanceof HTMLFormElement && mark(source, error.problem)) return;
    say(error.problem.detail, "bad");
  } finally {
    if (submitter instanceof HTMLButtonElement) submitter.disabled = false;
  }
}

/** What a button sends, if anything: `data-body` holds JSON. */
function fixed(button: HTMLElement): Record<string, unknown> | undefined {
  const body = button.dataset["body"];
  return body ? (JSON.parse(body) as Record<string, unknown>) : undefined;
}

async function sendOrAsk(source: HTMLElement, body: Record<string, unknown> | undefined): Promise<void> {
  const [method = "POST", pattern = ""] = (source.dataset["api"] ?? "").split(" ");
  const path = pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(body?.[name] ?? "")));
  try {
    const answer = await send(method, path, body);
    if (source instanceof HTMLFormElement) unmark(source);
    await then(source, answer.body as Record<string, unknown> | undefined);
  } catch (error) {
    if (!(error instanceof Refused) || !error.problem.type.endsWith(":confirmation-required")) throw error;
    if (!(await confirmed(error.problem.detail, "Do it anyway"))) return;
    const answer = await send(method, path, { ...body, [SECOND_YES]: true });
    await then(source, answer.body as Record<string, unknown> | undefined);
  }
}

async function then(source: HTMLElement, answer: Record<string, unknown> | undefined): Promise<void> {
  source.closest("dialog")?.close();
  source.dispatchEvent(new CustomEvent("api:done", { bubbles: true, detail: answer }));
  const done = source.dataset["done"];
  const [word, ...rest] = (source.dataset["then"] ?? "").split(" ");
  if (word === "go") {
    const path = (rest[0] ?? "/").replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(answer?.[name])));
    location.assign(path);
    return;
  }
  if (word === "reload") {
    location.reload();
    return;
  }
  if (done) say(done);
  if (word === "renew") await Promise.all(rest.map(renew));
}

/** The fields of a form as the API takes them. */
export function fields(form: HTMLFormElement, submitter: HTMLElement | null): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const field of Array.from(form.elements)) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement)) {
      continue;
    }
    if (field.name === "" || field.disabled) continue;
    const type = field.dataset["type"];
    if (field instanceof HTMLInputElement && field.type === "checkbox") {
      if (type === "boolean") body[field.name] = field.checked;
      else if (type === "numbers") {
        const ticked = (body[field.name] as number[] | undefined) ?? [];
        body[field.name] = field.checked ? [...ticked, Number(field.value)] : ticked;
      }
      else if (field.checked) body[field.name] = [...((body[field.name] as string[] | undefined) ?? []), field.value];
      continue;
    }
    if (field instanceof HTMLInputElement && field.type === "radio" && !field.checked) continue;
    if (field.value.trim() === "" && field.dataset["keep"] === undefined) continue;
    if (type === "number") body[field.name] = Number(field.value);
    else if (type === "boolean") body[field.name] = field.value === "true";
    else if (type === "list") body[field.name] = field.value.split(",").map((item) => item.trim()).filter(Boolean);
    else body[field.name] = field.value;
  }
  if (submitter instanceof HTMLButtonElement && submitter.name !== "") {
    body[submitter.name] = submitter.dataset["type"] === "boolean" ? submitter.value === "true" : submitter.value;
  }
  return body;
}

/** Says at each field what is wrong with it; false when nothing belongs to a field of the form. */
function mark(form: HTMLFormElement, problem: Problem): boolean {
  unmark(form);
  let first: HTMLElement | undefined;
  for (const { field: name, reason } of problem.errors ?? []) {
    const field = form.elements.namedItem(name);
    if (!(field instanceof HTMLElement)) continue;
    const words = document.createElement("span");
    words.className = "field-error";
    words.id = `${form.id || "form"}-${name}-error`;
    words.textContent = `This ${reason}.`;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", words.id);
    field.after(words);
    first ??= field;
  }
  first?.focus();
  return first !== undefined;
}

function unmark(form: HTMLFormElement): void {
  for (const words of form.querySelectorAll(".field-error")) words.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}
