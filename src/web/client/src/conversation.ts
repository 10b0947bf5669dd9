// The conversation: saying something, tapping answers, and the assistant's words as they come.

import { Refused, send } from "./api";
import { renew, wire } from "./parts";
import { say as toast } from "./toast";
import { showRevision } from "./tabs";

/** What is being written, by the message that it answers. */
const writing = new Map<string, string>();
let follows = true;

export function wireConversation(draft: number): void {
  const scroll = document.getElementById("talk");
  scroll?.addEventListener("scroll", () => {
    const last = scroll.querySelector<HTMLElement>(".messages > li:last-child");
    const end = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    follows = end || (last !== null && scroll.scrollTop >= last.offsetTop - 80);
  });
  wire(() => {
    for (const id of writing.keys()) if (!isAwaited(id)) writing.delete(id);
    show();
    follow();
  });
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : undefined;
    const chip = target?.closest<HTMLButtonElement>("button[data-answers]");
    if (chip) void choose(draft, chip);
    const link = target?.closest<HTMLAnchorElement>("a[data-revision]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      showRevision(Number(link.dataset["revision"]));
    }
  });
  wireComposer(draft);
}

function wireComposer(draft: number): void {
  const form = document.getElementById("composer");
  const field = document.getElementById("say");
  if (!(form instanceof HTMLFormElement) || !(field instanceof HTMLTextAreaElement)) return;
  const kept = `say:${draft}`;
  field.value = sessionStorage.getItem(kept) ?? "";
  field.addEventListener("input", () => {
    sessionStorage.setItem(kept, field.value);
    grow(field);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  let sending = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text === "" || sending) return;
    sending = true;
    void speak(draft, text)
      .then((said) => {
        if (!said) return;
        if (field.value.trim() === text) field.value = "";
        sessionStorage.setItem(kept, field.value);
        grow(field);
        follows = true;
      })
      .finally(() => {
        sending = false;
      });
  });
  grow(field);
}

function grow(field: HTMLTextAreaElement): void {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 240)}px`;
}

/** Says something; the text stays in the field when that fails. */
async function speak(draft: number, content: string): Promise<boolean> {
  // The same text sent again under the same key is said once.
  const key = await keyOf(draft, content);
  try {
    const response = await fetch(`/api/auspex/prompts/workshop/drafts/${draft}/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream", "Idempotency-Key": key },
      body: JSON.stringify({ content }),
    });
    if (!response.ok) {
      const problem = (await response.json().catch(() => ({}))) as { detail?: string };
      toast(problem.detail ?? "It could not be sent. It is kept below; try again.", "bad");
      return false;
    }
    // It is stored. What follows comes by the page's own stream.
    void response.body?.cancel();
    sessionStorage.removeItem(`key:${draft}`);
    await renew("conversation");
    return true;
  } catch {
    toast("The service cannot be reached. What you wrote is kept below; try again.", "bad");
    return false;
  }
}

async function keyOf(draft: number, content: string): Promise<string> {
  const kept = JSON.parse(sessionStorage.getItem(`key:${draft}`) ?? "{}") as { content?: string; key?: string };
  if (kept.content === content && kept.key) return kept.key;
  const random = crypto.getRandomValues(new Uint32Array(4));
  const key = Array.from(random, (word) => word.toString(16)).join("-");
  sessionStorage.setItem(`key:${draft}`, JSON.stringify({ content, key }));
  return key;
}

async function choose(draft: number, chip: HTMLButtonElement): Promise<void> {
  const { answers, question, answer, decide } = chip.dataset;
  const body = decide === undefined ? { question: Number(question), answer } : {};
  if (decide === undefined) {
    for (const other of chip.parentElement?.querySelectorAll("[data-answers]") ?? []) {
      other.setAttribute("aria-pressed", String(other === chip));
    }
  }
  try {
    await send("POST", `/api/auspex/prompts/workshop/drafts/${draft}/messages/${answers}/answers`, body);
    await renew("conversation");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.problem.detail, "bad");
    await renew("conversation");
  }
}

/** More of the assistant's answer to a message; part 0 begins it anew. */
export function written(message: string, part: number, text: string): void {
  writing.set(message, part === 0 ? text : (writing.get(message) ?? "") + text);
  if (!isAwaited(message)) void renew("conversation");
  show();
  follow();
}

function isAwaited(message: string): boolean {
  return document.getElementById("conversation")?.dataset["awaited"] === message;
}

function show(): void {
  const awaited = document.getElementById("conversation")?.dataset["awaited"];
  const place = document.getElementById("streamed");
  if (!place || !awaited) return;
  const text = writing.get(awaited) ?? "";
  if (place.textContent !== text) place.textContent = text;
}

function follow(): void {
  const scroll = document.getElementById("talk");
  if (!scroll || !follows) return;
  const last = scroll.querySelector<HTMLElement>(".messages > li:last-child");
  // What is being written is followed; what is there is read from its beginning.
  const tall = last !== null && last.id !== "writing" && last.offsetHeight > scroll.clientHeight;
  scroll.scrollTop = tall ? last.offsetTop - 8 : scroll.scrollHeight;
}
