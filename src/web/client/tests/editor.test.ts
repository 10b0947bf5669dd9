// Saving by itself, trying again, and meeting what others wrote: with a service and a clock made up here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PAUSE, Sync, type Conflict, type Outcome, type Saved, type State } from "../src/editor-sync";
import { counted, problem, size, strain } from "../src/editor-text";
import { words } from "../src/editor-words";

const START = "one\ntwo\nthree\nfour";

/** An editor at a service that others use, too. */
class Room {
  typed = START;
  draft: Saved = { text: START, revision: 1 };
  reachable = true;
  loseAnswer = false;
  refusal = "";
  shown: State[] = [];
  told: string[] = [];
  asked: Conflict | undefined;
  kept: string | undefined;
  waiting: { at: number; what: () => void } | undefined;
  clock = 0;
  puts = 0;
  readonly sync: Sync;

  constructor() {
    this.sync = new Sync(
      {
        text: () => this.typed,
        apply: (text) => void (this.typed = text),
        put: (text, revision) => Promise.resolve(this.put(text, revision)),
        putLeaving: (text, revision) => void this.put(text, revision),
        read: () => (this.reachable ? Promise.resolve(this.draft) : Promise.reject(new Error("unreachable"))),
        author: () => Promise.resolve("bob"),
        problem: (text) => problem(text, 100),
        keep: (text) => void (this.kept = text),
        forget: () => void (this.kept = undefined),
        show: (state) => void this.shown.push(state),
        merged: (by, lines) => void this.told.push(`${by} ${lines}`),
        ask: (conflict) => void (this.asked = conflict),
        later: (milliseconds, what) => {
          const entry = { at: this.clock + milliseconds, what };
          this.waiting = entry;
          return () => void (this.waiting === entry && (this.waiting = undefined));
        },
      },
      this.draft,
    );
  }

  put(text: string, revision: number): Outcome {
    this.puts++;
    if (!this.reachable) return { kind: "unreachable", reason: "Nobody answers." };
    if (this.refusal) return { kind: "refused", reason: this.refusal };
    if (revision !== this.draft.revision) return { kind: "stale", now: this.draft };
    this.draft = { text, revision: revision + 1 };
    if (this.loseAnswer) return { kind: "unreachable", reason: "The answer was lost." };
    return { kind: "saved", revision: this.draft.revision };
  }

  type(text: string): void {
    this.typed = text;
    this.sync.edited();
  }

  bob(text: string): void {
    this.draft = { text, revision: this.draft.revision + 1 };
  }

  /** Time passes; what was waiting happens, and what follows from it. */
  async pass(milliseconds: number): Promise<void> {
    this.clock += milliseconds;
    const { waiting } = this;
    if (waiting && waiting.at <= this.clock) {
      this.waiting = undefined;
      waiting.what();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  get state(): string | undefined {
    return this.shown.at(-1)?.kind;
  }
}

test("a text is saved two seconds after the last key", async () => {
  const room = new Room();
  room.type(`${START}!`);
  assert.equal(room.state, "unsaved");
  await room.pass(PAUSE - 1);
  room.type(`${START}!!`);
  await room.pass(PAUSE - 1);
  assert.equal(room.puts, 0);
  await room.pass(1);
  assert.deepEqual(room.draft, { text: `${START}!!`, revision: 2 });
  assert.deepEqual(room.shown.at(-1), { kind: "saved", revision: 2 });
  assert.equal(room.kept, undefined);
});

test("what is typed back to what was saved is not sent", async () => {
  const room = new Room();
  room.type(`${START}!`);
  room.type(START);
  await room.pass(PAUSE);
  assert.deepEqual([room.puts, room.state, room.sync.unsaved], [0, "saved", false]);
});

test("empty and long texts are not sent, and kept", async () => {
  const room = new Room();
  for (const text of ["  \n", "x".repeat(101)]) {
    room.type(text);
    await room.pass(PAUSE);
    assert.deepEqual([room.puts, room.state, room.kept], [0, "refused", text]);
  }
});

test("without a network it tries again, ever more slowly, and keeps the text", async () => {
  const room = new Room();
  room.reachable = false;
  room.type(`${START}!`);
  await room.pass(PAUSE);
  assert.deepEqual(room.shown.at(-1), { kind: "waiting", reason: "Nobody answers.", seconds: 2 });
  room.type(`${START}!!`);
  assert.equal(room.kept, `${START}!!`);
  assert.equal(room.state, "waiting", "typing does not hide that nothing is saved");
  await room.pass(2_000);
  assert.deepEqual(room.shown.at(-1), { kind: "waiting", reason: "Nobody answers.", seconds: 4 });
  room.reachable = true;
  await room.pass(4_000);
  assert.deepEqual([room.draft.text, room.state, room.kept], [`${START}!!`, "saved", undefined]);
});

test("a save whose answer was lost is no conflict with oneself", async () => {
  const room = new Room();
  room.loseAnswer = true;
  room.type(`${START}!`);
  await room.pass(PAUSE);
  room.loseAnswer = false;
  room.type(`${START}!?`);
  await room.pass(2_000);
  await room.pass(PAUSE);
  assert.deepEqual([room.draft.text, room.asked, room.state], [`${START}!?`, undefined, "saved"]);
});

test("changes of different lines are merged, said and saved", async () => {
  const room = new Room();
  room.bob(START.replace("three", "THREE"));
  room.type(START.replace("one", "ONE"));
  await room.pass(PAUSE);
  assert.deepEqual(room.told, ["bob line 3"]);
  await room.pass(PAUSE);
  assert.deepEqual(room.draft, { text: "ONE\ntwo\nTHREE\nfour", revision: 3 });
});

test("changes of the same line are asked about, and nothing is sent until then", async () => {
  const room = new Room();
  const [mine, theirs] = [START.replace("two", "mine"), START.replace("two", "theirs")];
  room.bob(theirs);
  room.type(mine);
  await room.pass(PAUSE);
  assert.deepEqual(room.asked, { mine, theirs: { text: theirs, revision: 2 }, by: "bob" });
  assert.deepEqual([room.typed, room.kept, room.sync.unsaved], [mine, mine, true]);
  room.type(mine.replace("mine", "mine and theirs"));
  await room.pass(60_000);
  assert.equal(room.draft.revision, 2);
  await room.sync.decide("merged");
  assert.deepEqual([room.draft.text, room.asked], ["one\nmine and theirs\nthree\nfour", undefined]);
});

test("either side can be taken whole", async () => {
  for (const how of ["mine", "theirs"] as const) {
    const room = new Room();
    const [mine, theirs] = [START.replace("two", "mine"), START.replace("two", "theirs").replace("four", "4")];
    room.bob(theirs);
    room.type(mine);
    await room.pass(PAUSE);
    await room.sync.decide(how);
    assert.equal(room.draft.text, how === "mine" ? mine : theirs);
    assert.equal(room.typed, room.draft.text);
    assert.deepEqual([room.state, room.sync.unsaved], ["saved", false]);
  }
});

test("another change during a conflict is taken in, and mine stays mine", async () => {
  const room = new Room();
  const mine = START.replace("two", "mine");
  room.bob(START.replace("two", "theirs"));
  room.type(mine);
  await room.pass(PAUSE);
  room.bob(room.draft.text.replace("four", "4"));
  await room.sync.heard(3);
  assert.equal(room.typed, "one\nmine\nthree\n4");
  assert.deepEqual([room.asked?.mine, room.asked?.theirs.revision], [mine, 3]);
});

test("what others write appears where nothing is unsaved", async () => {
  const room = new Room();
  room.bob(`${START}\nfive`);
  await room.sync.heard(2);
  assert.equal(room.typed, `${START}\nfive`);
  assert.deepEqual(room.shown.at(-1), { kind: "renewed", revision: 2, by: "bob" });
  await room.pass(60_000);
  assert.equal(room.puts, 0);
});

test("hearing of one's own save changes nothing", async () => {
  const room = new Room();
  room.type(`${START}!`);
  const saving = room.sync.save();
  const heard = room.sync.heard(2);
  room.type(`${START}!!`);
  await Promise.all([saving, heard]);
  assert.deepEqual([room.typed, room.told, room.asked], [`${START}!!`, [], undefined]);
});

test("leaving the page sends what is unsaved", () => {
  const room = new Room();
  room.type(`${START}!`);
  room.sync.leave();
  assert.equal(room.draft.text, `${START}!`);
});

test("a kept text is taken up on top of what others wrote", async () => {
  const room = new Room();
  room.bob(START.replace("four", "4"));
  await room.sync.look();
  await room.sync.restore(START.replace("one", "ONE"), START);
  assert.deepEqual(room.draft, { text: "ONE\ntwo\nthree\n4", revision: 3 });
});

test("a refusal is shown, and not tried again", async () => {
  const room = new Room();
  room.refusal = "This draft is committed.";
  room.type(`${START}!`);
  await room.pass(PAUSE);
  assert.deepEqual([room.state, room.waiting, room.kept], ["refused", undefined, `${START}!`]);
});

test("characters are counted as the service counts them", () => {
  assert.deepEqual(size("a😀é"), { characters: 3, tokens: 1 });
  assert.equal(counted(size("x".repeat(1_234)), 32_000), "1,234 of 32,000 characters, about 309 tokens");
  assert.deepEqual([strain(10, 100), strain(91, 100), strain(101, 100)], ["", "warn", "bad"]);
});

test("the state is told in words", () => {
  assert.equal(words({ kind: "saved", revision: 4 }).text, "Saved as revision 4");
  assert.equal(words({ kind: "saved", revision: 0 }).text, "");
  assert.equal(words({ kind: "renewed", revision: 5, by: "bob" }).text, "Revision 5 by bob");
  const { text, grade } = words({ kind: "waiting", reason: "the service cannot be reached", seconds: 4 });
  assert.equal(grade, "warn");
  assert.match(text, /^Not saved: the service cannot be reached, trying again\. What you typed is kept/);
});
