// Unsaved text, kept in the browser until the service has it: a crash, a closed tab or a lost network takes nothing.

import type { Saved } from "./editor-sync";

export interface Kept {
  text: string;
  /** What it was written on. */
  base: string;
  revision: number;
  /** When, in milliseconds. */
  at: number;
}

export class Shelf {
  private readonly own: string;

  /** Where a person's text of a draft is kept, apart for each tab. */
  constructor(private readonly prefix: string) {
    this.own = `${prefix}${randomWord()}`;
    // Held as long as this tab lives, so that other tabs know whose text it is.
    if ("locks" in navigator) void navigator.locks.request(this.own, () => new Promise(() => undefined));
  }

  keep(text: string, base: Saved): void {
    const kept: Kept = { text, base: base.text, revision: base.revision, at: Date.now() };
    try {
      localStorage.setItem(this.own, JSON.stringify(kept));
    } catch {
      // No room, or no right to: the page still holds the text.
    }
  }

  forget(): void {
    this.remove(this.own);
  }

  remove(key: string): void {
    try {
      localStorage.removeItem(key);
    } catch {
      // As above.
    }
  }

  /** Offers each text whose page went away without saving it; also those of tabs that close from now on. */
  offer(one: (key: string, kept: Kept) => Promise<void>): void {
    let before: Promise<void> = Promise.resolve();
    const take = (key: string): Promise<void> => {
      before = before.then(() => {
        const kept = read(this.value(key));
        return kept && one(key, kept);
      });
      return before;
    };
    for (const key of this.others()) {
      // A page holds the lock of its key until it is gone for good.
      if ("locks" in navigator) void navigator.locks.request(key, () => take(key));
      else void take(key);
    }
  }

  private others(): string[] {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(this.prefix) && key !== this.own);
    } catch {
      // Nothing was kept, then.
      return [];
    }
  }

  private value(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }
}

function read(raw: string | null): Kept | undefined {
  try {
    const kept = JSON.parse(raw ?? "") as Partial<Kept>;
    const whole = typeof kept.text === "string" && typeof kept.base === "string" && typeof kept.at === "number";
    return whole ? (kept as Kept) : undefined;
  } catch {
    return undefined;
  }
}

function randomWord(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(2)), (number) => number.toString(36)).join("");
}
