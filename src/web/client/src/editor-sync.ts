// Keeps the text of an editor and the draft on the service one: saves by itself, tries again, merges what others wrote.
//
// Everything that asks the service happens one after the other; typing waits for none of it.

import { merge3, named, type Merged } from "./merge3";

/** A text that the service has. */
export interface Saved {
  text: string;
  revision: number;
}

/** What became of a text that was sent. */
export type Outcome =
  | { kind: "saved"; revision: number }
  | { kind: "stale"; now: Saved }
  | { kind: "unreachable"; reason: string }
  | { kind: "refused"; reason: string };

/** What a person is told about the text before them. */
export type State =
  | { kind: "saved"; revision: number }
  | { kind: "unsaved" }
  | { kind: "saving" }
  | { kind: "waiting"; reason: string; seconds: number }
  | { kind: "refused"; reason: string }
  | { kind: "conflict" }
  | { kind: "renewed"; revision: number; by: string };

/** Two texts that cannot both be had. */
export interface Conflict {
  mine: string;
  theirs: Saved;
  by: string;
}

/** The editor, the service and the clock. */
export interface Port {
  /** The text in the editor. */
  text(): string;
  /** Puts a text into the editor, with the cursor where it is. */
  apply(text: string, how: { theirLines: number[]; undoable: boolean }): void;
  put(text: string, revision: number): Promise<Outcome>;
  /** Sends a text while the page goes away; nobody hears the answer. */
  putLeaving(text: string, revision: number): void;
  /** The draft as it is now; fails when nobody answers. */
  read(): Promise<Saved>;
  /** Who made a revision. */
  author(revision: number): Promise<string>;
  /** Why a text cannot be saved, if so. */
  problem(text: string): string | undefined;
  /** Keeps a text in the browser until it is saved. */
  keep(text: string, base: Saved): void;
  /** Nothing needs keeping any more. */
  forget(): void;
  show(state: State): void;
  /** Says that both changes are in the text now. */
  merged(by: string, lines: string): void;
  /** Asks what to do about a conflict, or stops asking. */
  ask(conflict: Conflict | undefined): void;
  /** Does something later; returns what calls it off. */
  later(milliseconds: number, what: () => void): () => void;
}

/** How long after the last key a text is saved. */
export const PAUSE = 2_000;
const LONGEST_WAIT = 30_000;

export class Sync {
  private queue: Promise<unknown> = Promise.resolve();
  private callOff: (() => void) | undefined;
  private failures = 0;
  /** Texts that were sent and may have arrived. */
  private sent = new Set<string>();
  private conflict: Conflict | undefined;

  constructor(
    private readonly port: Port,
    private base: Saved,
  ) {}

  /** Whether the editor holds what the service does not have. */
  get unsaved(): boolean {
    return this.conflict !== undefined || this.port.text() !== this.base.text;
  }

  get revision(): number {
    return this.base.revision;
  }

  /** A person changed the text. */
  edited(): void {
    if (this.conflict) {
      this.port.keep(this.port.text(), this.base);
      return;
    }
    if (!this.unsaved) {
      this.settled();
      return;
    }
    this.port.keep(this.port.text(), this.base);
    if (this.failures === 0) {
      this.port.show({ kind: "unsaved" });
      this.schedule(PAUSE);
    }
  }

  /** Saves what is unsaved now; false when it could not be. */
  async save(): Promise<boolean> {
    await this.enqueue(() => this.attempt());
    return !this.unsaved;
  }

  /** The service has a revision, as somebody says. */
  async heard(revision: number): Promise<void> {
    await this.enqueue(async () => {
      if (revision > this.base.revision) await this.catchUp();
    });
  }

  /** Looks whether somebody wrote meanwhile. */
  async look(): Promise<void> {
    await this.enqueue(() => this.catchUp());
  }

  /** The page goes away. */
  leave(): void {
    const text = this.port.text();
    if (this.conflict || !this.unsaved || this.port.problem(text)) return;
    this.sent.add(text);
    this.port.putLeaving(text, this.base.revision);
  }

  /** Takes up a text that was kept, written on `base`. */
  async restore(text: string, base: string): Promise<void> {
    await this.save();
    const merged = merge3(base, text, this.port.text());
    if (merged.conflicts.length > 0) {
      const by = await this.port.author(this.base.revision);
      this.disagree(merge3(base, text, this.port.text()), { mine: text, theirs: this.base, by });
      return;
    }
    this.port.apply(merged.text, { theirLines: [], undoable: true });
    this.edited();
    await this.save();
  }

  /** A person decided on the conflict. */
  async decide(how: "merged" | "mine" | "theirs"): Promise<void> {
    const { conflict } = this;
    if (!conflict) return;
    this.conflict = undefined;
    this.port.ask(undefined);
    if (how === "mine") this.port.apply(conflict.mine, { theirLines: [], undoable: true });
    if (how === "theirs") this.port.apply(this.base.text, { theirLines: [], undoable: true });
    this.edited();
    await this.save();
  }

  private enqueue(what: () => Promise<unknown>): Promise<unknown> {
    const done = this.queue.then(what);
    this.queue = done.catch(() => undefined);
    return done;
  }

  private schedule(milliseconds: number): void {
    this.callOff?.();
    this.callOff = this.port.later(milliseconds, () => void this.save());
  }

  private settled(): void {
    this.callOff?.();
    this.port.forget();
    this.port.show({ kind: "saved", revision: this.base.revision });
  }

  private async attempt(): Promise<void> {
    this.callOff?.();
    if (this.conflict) return;
    if (!this.unsaved) {
      this.settled();
      return;
    }
    const text = this.port.text();
    const problem = this.port.problem(text);
    if (problem) {
      this.port.show({ kind: "refused", reason: problem });
      return;
    }
    this.port.show({ kind: "saving" });
    this.sent.add(text);
    const outcome = await this.port.put(text, this.base.revision);
    if (outcome.kind !== "unreachable") this.failures = 0;
    switch (outcome.kind) {
      case "saved":
        this.base = { text, revision: outcome.revision };
        this.sent.clear();
        this.edited();
        return;
      case "stale":
        await this.meet(outcome.now);
        return;
      case "refused":
        this.port.show({ kind: "refused", reason: outcome.reason });
        return;
      case "unreachable": {
        this.failures++;
        const wait = Math.min(1_000 * 2 ** this.failures, LONGEST_WAIT);
        this.port.show({ kind: "waiting", reason: outcome.reason, seconds: wait / 1_000 });
        this.schedule(wait);
      }
    }
  }

  private async catchUp(): Promise<void> {
    let now: Saved;
    try {
      now = await this.port.read();
    } catch {
      // Saving finds it out, or the next event.
      return;
    }
    if (now.revision > this.base.revision) await this.meet(now);
  }

  /** Brings together what the service has now and what the editor has. */
  private async meet(now: Saved): Promise<void> {
    const own = this.sent.has(now.text);
    const by = own ? "you" : await this.port.author(now.revision);
    const mine = this.port.text();
    const before = this.base;
    this.base = now;
    this.sent.clear();
    if (own || mine === now.text) {
      this.edited();
      return;
    }
    const merged = merge3(before.text, mine, now.text);
    if (this.conflict || merged.conflicts.length > 0) {
      this.disagree(merged, { mine: this.conflict?.mine ?? mine, theirs: now, by });
      return;
    }
    this.port.apply(merged.text, { theirLines: merged.theirLines, undoable: false });
    if (mine === before.text) {
      this.callOff?.();
      this.port.forget();
      this.port.show({ kind: "renewed", revision: now.revision, by });
      return;
    }
    this.port.merged(by, named(merged.theirLines));
    this.edited();
  }

  private disagree(merged: Merged, conflict: Conflict): void {
    this.callOff?.();
    this.conflict = conflict;
    this.port.apply(merged.text, { theirLines: [], undoable: false });
    this.port.keep(this.port.text(), this.base);
    this.port.show({ kind: "conflict" });
    this.port.ask(conflict);
  }
}
