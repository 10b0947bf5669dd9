// Asking a prompt: begins a session, and shows the answer as it is written. What was typed stays until it is stored.

import { Refused, send } from "./api";
import { renew } from "./parts";
import { say } from "./toast";

interface Piece {
  content?: string;
  restart?: boolean;
  done?: boolean;
  error?: string;
}

export function wireSessions(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const { begins, asks } = form.dataset;
    if (begins === undefined && asks === undefined) return;
    event.preventDefault();
    if (asks === undefined) void begin(form);
    else void ask(form, asks);
  });
  const form = document.querySelector<HTMLFormElement>("form[data-asks]");
  const chat = form?.dataset["asks"] ?? "";
  const question = sessionStorage.getItem(`ask:${chat}`);
  if (!form || question === null) return;
  sessionStorage.removeItem(`ask:${chat}`);
  field(form).value = question;
  form.requestSubmit();
}

function field(form: HTMLFormElement): HTMLTextAreaElement {
  return form.elements.namedItem("message") as HTMLTextAreaElement;
}

/** Begins a session and goes there; the question is asked there. */
async function begin(form: HTMLFormElement): Promise<void> {
  const values = new FormData(form);
  const [name, label] = String(values.get("prompt")).split("@");
  const button = form.querySelector("button");
  if (button) button.disabled = true;
  try {
    const answer = await send("POST", "/api/auspex/chat/sessions", { topic: values.get("topic"), prompt_name: name, label });
    const { chat_id: chat } = answer.body as { chat_id: number };
    sessionStorage.setItem(`ask:${chat}`, field(form).value);
    location.assign(`/sessions/${chat}`);
  } catch (error) {
    if (button) button.disabled = false;
    if (!(error instanceof Refused)) throw error;
    say(error.problem.detail, "bad");
  }
}

async function ask(form: HTMLFormElement, chat: string): Promise<void> {
  const live = document.getElementById("live");
  const text = live?.querySelector<HTMLElement>("[data-live-text]");
  const heading = live?.querySelector<HTMLElement>("[data-question]");
  const button = form.querySelector("button");
  if (!live || !text || !heading) return;
  const question = field(form).value;
  if (button) button.disabled = true;
  heading.textContent = question;
  text.textContent = "";
  live.hidden = false;
  live.scrollIntoView({ block: "nearest" });
  try {
    const response = await post(chat, question);
    unsure = undefined;
    if (field(form).value === question) field(form).value = "";
    for await (const piece of pieces(response)) {
      if (piece.restart) text.textContent = "";
      if (piece.content) text.append(piece.content);
      if (piece.error) say(piece.error, "bad");
    }
  } catch (error) {
    say(error instanceof Refused ? error.problem.detail : "The connection broke off. The question is kept.", "bad");
  } finally {
    await Promise.all([renew("answers"), renew("session-head")]);
    live.hidden = true;
    if (button) button.disabled = false;
  }
}

/** A question that was sent and perhaps not stored: sent again under the same key, it is not asked twice. */
let unsure: { question: string; key: string } | undefined;

function keyFor(question: string): string {
  if (unsure?.question !== question) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    unsure = { question, key: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
  }
  return unsure.key;
}

async function post(chat: string, message: string): Promise<Response> {
  const offline = "The service cannot be reached. Your question is still here; try again.";
  const response = await fetch("/api/auspex/chat/message", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "text/event-stream",
      "Idempotency-Key": keyFor(message),
    },
    body: JSON.stringify({ chat_id: Number(chat), message }),
  }).catch(() => {
    throw new Refused({ type: "offline", status: 0, detail: offline });
  });
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { detail?: string };
  const detail = problem.detail ?? `The service answered ${response.status}. Your question is still here; try again.`;
  throw new Refused({ type: "refused", status: response.status, detail });
}

/** The events of a stream, each JSON in `data:`. */
async function* pieces(response: Response): AsyncGenerator<Piece> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const read = await reader?.read();
    if (!read || read.done) return;
    const events = (rest + read.value).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const lines = event.split("\n").filter((line) => line.startsWith("data:"));
      if (lines.length > 0) yield JSON.parse(lines.map((line) => line.slice(5)).join("\n")) as Piece;
    }
  }
}
