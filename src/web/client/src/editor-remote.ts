// The draft on the service: reading and saving its text.

import { Refused, send } from "./api";
import type { Outcome, Saved } from "./editor-sync";

/** How long the service may take. */
const PATIENCE = 20_000;
/** The most bytes that browsers send for a page that goes away. */
const MOST_LEAVING = 60_000;

interface DraftBody {
  draft_content: string;
  revision: number;
  status: string;
}

export class Remote {
  readonly address: string;

  constructor(
    readonly draft: string,
    /** Hears the status that a save leads to. */
    private readonly status: (status: string) => void,
  ) {
    this.address = `/api/auspex/prompts/workshop/drafts/${draft}`;
  }

  async put(text: string, revision: number): Promise<Outcome> {
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(this.address, { ...request(text, revision), signal: AbortSignal.timeout(PATIENCE) });
      body = await response.json().catch(() => undefined);
    } catch {
      return { kind: "unreachable", reason: "the service cannot be reached" };
    }
    if (response.ok) {
      const draft = body as DraftBody;
      this.status(draft.status);
      return { kind: "saved", revision: draft.revision };
    }
    const problem = (body ?? {}) as { detail?: string; current?: { draft_content: string; revision: number } };
    if (response.status === 412 && problem.current) {
      return { kind: "stale", now: saved(problem.current) };
    }
    if (response.status === 401) {
      return { kind: "refused", reason: "you are signed out. Sign in in another tab, then press Ctrl-S here." };
    }
    if (response.status === 429 || response.status >= 500) {
      return { kind: "unreachable", reason: "the service is not well at the moment" };
    }
    return { kind: "refused", reason: problem.detail ?? `the service answered ${response.status}.` };
  }

  putLeaving(text: string, revision: number): void {
    const whole = request(text, revision);
    const keepalive = new Blob([whole.body as string]).size <= MOST_LEAVING;
    fetch(this.address, { ...whole, keepalive }).catch(() => undefined);
  }

  async read(): Promise<Saved> {
    const { body } = await send("GET", this.address);
    return saved(body as DraftBody);
  }

  /** Who made a revision, for people. */
  async author(revision: number): Promise<string> {
    try {
      const { body } = await send("GET", `${this.address}/revisions/${revision}`);
      return (body as { author: string | null }).author ?? "the assistant";
    } catch {
      return "somebody";
    }
  }

  /** Makes an earlier text the draft's again; the number of the revision it became, or why not. */
  async use(revision: number): Promise<number | string> {
    try {
      const { body } = await send("POST", `${this.address}/revisions/${revision}/use`);
      this.status((body as DraftBody).status);
      return (body as DraftBody).revision;
    } catch (error) {
      if (error instanceof Refused) return error.problem.detail;
      throw error;
    }
  }
}

/** A draft's text as the editor has it: it knows one kind of line ends. */
function saved(draft: { draft_content: string; revision: number }): Saved {
  return { text: draft.draft_content.replace(/\r\n?/g, "\n"), revision: draft.revision };
}

function request(text: string, revision: number): RequestInit {
  return {
    method: "PUT",
    headers: { "Content-Type": "application/json", "If-Match": `"${revision}"` },
    body: JSON.stringify({ draft_content: text, autosave: true }),
  };
}
