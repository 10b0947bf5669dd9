// tests/editor.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";

// src/merge3.ts
var MOST_DIFFERENCES = 1500;
function hunks(before, after) {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++;
  let [oldEnd, freshEnd] = [old.length, fresh.length];
  while (oldEnd > start && freshEnd > start && old[oldEnd - 1] === fresh[freshEnd - 1]) {
    oldEnd--;
    freshEnd--;
  }
  const pairs = matches(old.slice(start, oldEnd), fresh.slice(start, freshEnd));
  const found = [];
  let [x, y] = [start, start];
  for (const [oldAt, freshAt] of [...pairs, [oldEnd - start, freshEnd - start]]) {
    if (x < oldAt + start || y < freshAt + start) {
      found.push({ from: x, to: oldAt + start, lines: fresh.slice(y, freshAt + start) });
    }
    [x, y] = [oldAt + start + 1, freshAt + start + 1];
  }
  return found;
}
function matches(old, fresh) {
  const most = Math.min(old.length + fresh.length, MOST_DIFFERENCES);
  const trace = [];
  let reach = /* @__PURE__ */ new Map([[1, 0]]);
  for (let differences = 0; differences <= most; differences++) {
    trace.push(reach);
    const next = new Map(reach);
    for (let k = -differences; k <= differences; k += 2) {
      const down = k === -differences || k !== differences && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1);
      let x = down ? reach.get(k + 1) ?? 0 : (reach.get(k - 1) ?? 0) + 1;
      while (x < old.length && x - k < fresh.length && old[x] === fresh[x - k]) x++;
      next.set(k, x);
      if (x >= old.length && x - k >= fresh.length) return walkBack(trace, old.length, fresh.length);
    }
    reach = next;
  }
  return [];
}
function walkBack(trace, oldLength, freshLength) {
  const pairs = [];
  let [x, y] = [oldLength, freshLength];
  for (let differences = trace.length - 1; differences >= 0; differences--) {
    const reach = trace[differences];
    const k = x - y;
    const down = k === -differences || k !== differences && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1);
    const before = down ? k + 1 : k - 1;
    const xBefore = differences === 0 ? 0 : reach.get(before) ?? 0;
    const yBefore = differences === 0 ? 0 : xBefore - before;
    while (x > xBefore && y > yBefore) pairs.push([--x, --y]);
    if (differences > 0) [x, y] = [xBefore, yBefore];
  }
  return pairs.reverse();
}
function collide(a, b) {
  if (a.from === a.to || b.from === b.to) return a.from <= b.to && b.from <= a.to;
  return a.from < b.to && b.from < a.to;
}
function merge3(before, mine, theirs) {
  const old = before.split("\n");
  const [a, b] = [hunks(before, mine), hunks(before, theirs)];
  const merged = { text: "", conflicts: [], theirLines: [] };
  const lines = [];
  let [at, i, j] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    const lone = left === void 0 || right === void 0 || !collide(left, right);
    if (lone) {
      const isMine = right === void 0 || left !== void 0 && before1(left, right);
      const hunk = isMine ? left : right;
      lines.push(...old.slice(at, hunk.from));
      if (!isMine) merged.theirLines.push(...numbers(lines.length, hunk.lines.length));
      lines.push(...hunk.lines);
      at = hunk.to;
      if (isMine) i++;
      else j++;
      continue;
    }
    const [iFrom, jFrom] = [i, j];
    const place = { from: Math.min(left.from, right.from), to: Math.max(left.to, right.to), lines: [] };
    i++;
    j++;
    for (; ; ) {
      const more = [a[i], b[j]].find((hunk) => hunk !== void 0 && collide(hunk, place));
      if (!more) break;
      if (more === a[i]) i++;
      else j++;
      place.to = Math.max(place.to, more.to);
    }
    const ours = made(old, place, a.slice(iFrom, i));
    const others = made(old, place, b.slice(jFrom, j));
    lines.push(...old.slice(at, place.from), ...ours);
    at = place.to;
    if (ours.join("\n") !== others.join("\n") || ours.length !== others.length) {
      merged.conflicts.push({ from: place.from, to: place.to, mine: ours, theirs: others });
    }
  }
  lines.push(...old.slice(at));
  merged.text = lines.join("\n");
  return merged;
}
function before1(a, b) {
  return a.from !== b.from ? a.from < b.from : a.to <= b.to;
}
function made(old, place, changes) {
  const lines = [];
  let at = place.from;
  for (const change of changes) {
    lines.push(...old.slice(at, change.from), ...change.lines);
    at = change.to;
  }
  return [...lines, ...old.slice(at, place.to)];
}
function numbers(from, count) {
  return Array.from({ length: count }, (_, index) => from + index + 1);
}
function named(lines) {
  const [first, last] = [lines[0], lines[lines.length - 1]];
  if (first === void 0 || last === void 0) return "some lines";
  if (lines.length === 1) return `line ${first}`;
  return last - first === lines.length - 1 ? `lines ${first} to ${last}` : `${lines.length} lines`;
}

// src/editor-sync.ts
var PAUSE = 2e3;
var LONGEST_WAIT = 3e4;
var Sync = class {
  constructor(port, base) {
    this.port = port;
    this.base = base;
  }
  port;
  base;
  queue = Promise.resolve();
  callOff;
  failures = 0;
  /** Texts that were sent and may have arrived. */
  sent = /* @__PURE__ */ new Set();
  conflict;
  /** Whether the editor holds what the service does not have. */
  get unsaved() {
    return this.conflict !== void 0 || this.port.text() !== this.base.text;
  }
  get revision() {
    return this.base.revision;
  }
  /** A person changed the text. */
  edited() {
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
  async save() {
    await this.enqueue(() => this.attempt());
    return !this.unsaved;
  }
  /** The service has a revision, as somebody says. */
  async heard(revision) {
    await this.enqueue(async () => {
      if (revision > this.base.revision) await this.catchUp();
    });
  }
  /** Looks whether somebody wrote meanwhile. */
  async look() {
    await this.enqueue(() => this.catchUp());
  }
  /** The page goes away. */
  leave() {
    const text = this.port.text();
    if (this.conflict || !this.unsaved || this.port.problem(text)) return;
    this.sent.add(text);
    this.port.putLeaving(text, this.base.revision);
  }
  /** Takes up a text that was kept, written on `base`. */
  async restore(text, base) {
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
  async decide(how) {
    const { conflict } = this;
    if (!conflict) return;
    this.conflict = void 0;
    this.port.ask(void 0);
    if (how === "mine") this.port.apply(conflict.mine, { theirLines: [], undoable: true });
    if (how === "theirs") this.port.apply(this.base.text, { theirLines: [], undoable: true });
    this.edited();
    await this.save();
  }
  enqueue(what) {
    const done = this.queue.then(what);
    this.queue = done.catch(() => void 0);
    return done;
  }
  schedule(milliseconds) {
    this.callOff?.();
    this.callOff = this.port.later(milliseconds, () => void this.save());
  }
  settled() {
    this.callOff?.();
    this.port.forget();
    this.port.show({ kind: "saved", revision: this.base.revision });
  }
  async attempt() {
    this.callOff?.();
    if (this.conflict) return;
    if (!this.unsaved) {
      this.settled();
      return;
    }
    const text = this.port.text();
    const problem2 = this.port.problem(text);
    if (problem2) {
      this.port.show({ kind: "refused", reason: problem2 });
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
        const wait = Math.min(1e3 * 2 ** this.failures, LONGEST_WAIT);
        this.port.show({ kind: "waiting", reason: outcome.reason, seconds: wait / 1e3 });
        this.schedule(wait);
      }
    }
  }
  async catchUp() {
    let now;
    try {
      now = await this.port.read();
    } catch {
      return;
    }
    if (now.revision > this.base.revision) await this.meet(now);
  }
  /** Brings together what the service has now and what the editor has. */
  async meet(now) {
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
  disagree(merged, conflict) {
    this.callOff?.();
    this.conflict = conflict;
    this.port.apply(merged.text, { theirLines: [], undoable: false });
    this.port.keep(this.port.text(), this.base);
    this.port.show({ kind: "conflict" });
    this.port.ask(conflict);
  }
};

// src/editor-text.ts
function size(text) {
  let characters = 0;
  for (const _ of text) characters++;
  return { characters, tokens: Math.ceil(characters / 4) };
}
function problem(text, most) {
  if (text.trim() === "") return "a prompt needs some text. The last revision is kept as it is.";
  const over = size(text).characters - most;
  if (over > 0) return `the text is ${group(over)} ${over === 1 ? "character" : "characters"} too long.`;
  return void 0;
}
function counted({ characters, tokens }, most) {
  return `${group(characters)} of ${group(most)} characters, about ${group(tokens)} tokens`;
}
function strain(characters, most) {
  if (characters > most) return "bad";
  return characters > most * 0.9 ? "warn" : "";
}
function group(number) {
  return number.toLocaleString("en-US");
}

// src/editor-words.ts
function words(state) {
  switch (state.kind) {
    case "saved":
      return state.revision === 0 ? { text: "", grade: "" } : { text: `Saved as revision ${state.revision}`, grade: "good" };
    case "unsaved":
      return { text: "Unsaved changes", grade: "" };
    case "saving":
      return { text: "Saving\u2026", grade: "" };
    case "waiting":
      return {
        text: `Not saved: ${state.reason}, trying again. What you typed is kept in this browser.`,
        grade: "warn"
      };
    case "refused":
      return { text: `Not saved: ${state.reason}`, grade: "bad" };
    case "conflict":
      return { text: "Not saved: decide what to keep", grade: "warn" };
    case "renewed":
      return { text: `Revision ${state.revision} by ${state.by}`, grade: "good" };
  }
}

// tests/editor.test.ts
var START = "one\ntwo\nthree\nfour";
var Room = class {
  typed = START;
  draft = { text: START, revision: 1 };
  reachable = true;
  loseAnswer = false;
  refusal = "";
  shown = [];
  told = [];
  asked;
  kept;
  waiting;
  clock = 0;
  puts = 0;
  sync;
  constructor() {
    this.sync = new Sync(
      {
        text: () => this.typed,
        apply: (text) => void (this.typed = text),
        put: (text, revision) => Promise.resolve(this.put(text, revision)),
        putLeaving: (text, revision) => void this.put(text, revision),
        read: () => this.reachable ? Promise.resolve(this.draft) : Promise.reject(new Error("unreachable")),
        author: () => Promise.resolve("bob"),
        problem: (text) => problem(text, 100),
        keep: (text) => void (this.kept = text),
        forget: () => void (this.kept = void 0),
        show: (state) => void this.shown.push(state),
        merged: (by, lines) => void this.told.push(`${by} ${lines}`),
        ask: (conflict) => void (this.asked = conflict),
        later: (milliseconds, what) => {
          const entry = { at: this.clock + milliseconds, what };
          this.waiting = entry;
          return () => void (this.waiting === entry && (this.waiting = void 0));
        }
      },
      this.draft
    );
  }
  put(text, revision) {
    this.puts++;
    if (!this.reachable) return { kind: "unreachable", reason: "Nobody answers." };
    if (this.refusal) return { kind: "refused", reason: this.refusal };
    if (revision !== this.draft.revision) return { kind: "stale", now: this.draft };
    this.draft = { text, revision: revision + 1 };
    if (this.loseAnswer) return { kind: "unreachable", reason: "The answer was lost." };
    return { kind: "saved", revision: this.draft.revision };
  }
  type(text) {
    this.typed = text;
    this.sync.edited();
  }
  bob(text) {
    this.draft = { text, revision: this.draft.revision + 1 };
  }
  /** Time passes; what was waiting happens, and what follows from it. */
  async pass(milliseconds) {
    this.clock += milliseconds;
    const { waiting } = this;
    if (waiting && waiting.at <= this.clock) {
      this.waiting = void 0;
      waiting.what();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  get state() {
    return this.shown.at(-1)?.kind;
  }
};
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
  assert.equal(room.kept, void 0);
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
  await room.pass(2e3);
  assert.deepEqual(room.shown.at(-1), { kind: "waiting", reason: "Nobody answers.", seconds: 4 });
  room.reachable = true;
  await room.pass(4e3);
  assert.deepEqual([room.draft.text, room.state, room.kept], [`${START}!!`, "saved", void 0]);
});
test("a save whose answer was lost is no conflict with oneself", async () => {
  const room = new Room();
  room.loseAnswer = true;
  room.type(`${START}!`);
  await room.pass(PAUSE);
  room.loseAnswer = false;
  room.type(`${START}!?`);
  await room.pass(2e3);
  await room.pass(PAUSE);
  assert.deepEqual([room.draft.text, room.asked, room.state], [`${START}!?`, void 0, "saved"]);
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
  await room.pass(6e4);
  assert.equal(room.draft.revision, 2);
  await room.sync.decide("merged");
  assert.deepEqual([room.draft.text, room.asked], ["one\nmine and theirs\nthree\nfour", void 0]);
});
test("either side can be taken whole", async () => {
  for (const how of ["mine", "theirs"]) {
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
  room.bob(`${START}
five`);
  await room.sync.heard(2);
  assert.equal(room.typed, `${START}
five`);
  assert.deepEqual(room.shown.at(-1), { kind: "renewed", revision: 2, by: "bob" });
  await room.pass(6e4);
  assert.equal(room.puts, 0);
});
test("hearing of one's own save changes nothing", async () => {
  const room = new Room();
  room.type(`${START}!`);
  const saving = room.sync.save();
  const heard = room.sync.heard(2);
  room.type(`${START}!!`);
  await Promise.all([saving, heard]);
  assert.deepEqual([room.typed, room.told, room.asked], [`${START}!!`, [], void 0]);
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
  assert.deepEqual([room.state, room.waiting, room.kept], ["refused", void 0, `${START}!`]);
});
test("characters are counted as the service counts them", () => {
  assert.deepEqual(size("a\u{1F600}\xE9"), { characters: 3, tokens: 1 });
  assert.equal(counted(size("x".repeat(1234)), 32e3), "1,234 of 32,000 characters, about 309 tokens");
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
