// What happens in the workshop, as the server tells it: parts are renewed, text is shown as it is written.

import { written as answerWritten } from "./conversation";
import { renew } from "./parts";
import { changed, written as testWritten } from "./tests";

interface Written {
  message?: string;
  test_id?: string;
  part: number;
  text: string;
}

/** How long to wait before connecting again, in milliseconds; doubled up to the second value. */
const WAIT = [500, 15_000] as const;

/** How long a page that nobody sees stays connected. Browsers open six connections to a host at most, over HTTP/1.1. */
const UNSEEN = 10_000;

/** Listens for as long as the page is seen. */
export function listen(draft: number): void {
  let wait: number = WAIT[0];
  let greeted = false;
  let current: EventSource | undefined;
  let hiding = 0;

  function connect(): void {
    if (document.visibilityState === "hidden") return;
    current?.close();
    const source = new EventSource(`/api/auspex/prompts/workshop/drafts/${draft}/events`);
    current = source;
    const on = <T>(name: string, act: (data: T) => void): void =>
      source.addEventListener(name, (event) => act(JSON.parse((event as MessageEvent<string>).data) as T));

    on("hello", () => {
      wait = WAIT[0];
      status("Live", "good");
      // The page is as new as the connection the first time; later, events may have been missed.
      if (greeted) everything();
      greeted = true;
    });
    on<Written>("delta", (delta) => answerWritten(delta.message ?? "", delta.part, delta.text));
    on("conversation", () => void renew("conversation"));
    on<{ revision: number; status: string }>("draft", (detail) => {
      document.dispatchEvent(new CustomEvent("workshop:draft", { detail }));
      void renew("head");
      void renew("conversation");
    });
    on<{ test_id: string }>("test", (test) => {
      changed(test.test_id);
      void renew("history");
    });
    on<Written>("test_delta", (delta) => testWritten(delta.test_id ?? "", delta.part, delta.text));
    on("gone", () => {
      source.close();
      status("Gone", "bad");
      location.reload();
    });
    source.addEventListener("error", () => {
      status("Reconnecting", "warn");
      // A browser tries again by itself unless the server refused; then it is on us.
      if (source.readyState !== EventSource.CLOSED) return;
      window.setTimeout(connect, wait);
      wait = Math.min(wait * 2, WAIT[1]);
    });
  }

  document.addEventListener("visibilitychange", () => {
    window.clearTimeout(hiding);
    if (document.visibilityState === "hidden") hiding = window.setTimeout(() => current?.close(), UNSEEN);
    else if (!current || current.readyState === EventSource.CLOSED) connect();
  });
  window.addEventListener("pagehide", () => current?.close());
  // A page that comes back out of the browser's memory has missed what happened meanwhile.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  // The badge is part of what is renewed, so it is told its state again.
  document.addEventListener("parts:renewed", () => status(said.text, said.look));
  connect();
}

function everything(): void {
  for (const id of ["head", "conversation", "test-result", "history"]) void renew(id);
  document.dispatchEvent(new CustomEvent("workshop:hello"));
}

let said = { text: "Connecting", look: "" };

function status(text: string, look: string): void {
  said = { text, look };
  const badge = document.getElementById("live");
  if (!badge) return;
  if (badge.textContent !== text) badge.textContent = text;
  badge.className = `badge js-only ${look}`;
}
