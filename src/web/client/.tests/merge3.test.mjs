// tests/merge3.test.ts
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
function replacements(before, after) {
  const old = before.split("\n");
  const starts = [];
  let at = 0;
  for (const line of old) {
    starts.push(at);
    at += line.length + 1;
  }
  return hunks(before, after).map((hunk) => {
    const from = starts[hunk.from];
    if (from === void 0) return { from: before.length, to: before.length, insert: `
${hunk.lines.join("\n")}` };
    const end = starts[hunk.to];
    if (end !== void 0) return trimmed(before, from, end, hunk.lines.map((line) => `${line}
`).join(""));
    const insert = hunk.lines.join("\n");
    const first = hunk.lines.length === 0 && from > 0 ? from - 1 : from;
    return trimmed(before, first, before.length, insert);
  });
}
function trimmed(text, from, to, insert) {
  let head = 0;
  while (from + head < to && head < insert.length && text[from + head] === insert[head]) head++;
  let tail = 0;
  const room = Math.min(to - from, insert.length) - head;
  while (tail < room && text[to - 1 - tail] === insert[insert.length - 1 - tail]) tail++;
  if (head > 0 && isHigh(insert.charCodeAt(head - 1))) head--;
  if (tail > 0 && isLow(insert.charCodeAt(insert.length - tail))) tail--;
  return { from: from + head, to: to - tail, insert: insert.slice(head, insert.length - tail) };
}
var isHigh = (unit) => unit >= 55296 && unit < 56320;
var isLow = (unit) => unit >= 56320 && unit < 57344;
function named(lines) {
  const [first, last] = [lines[0], lines[lines.length - 1]];
  if (first === void 0 || last === void 0) return "some lines";
  if (lines.length === 1) return `line ${first}`;
  return last - first === lines.length - 1 ? `lines ${first} to ${last}` : `${lines.length} lines`;
}

// tests/merge3.test.ts
var BEFORE = "# Role\nYou analyse.\n\n# Rules\nBe brief.\nCite.\n\n# Output\nA list.";
function apply(text, changes) {
  let made2 = text;
  for (const { from, to, insert } of [...changes].reverse()) made2 = made2.slice(0, from) + insert + made2.slice(to);
  return made2;
}
test("the smallest difference is found", () => {
  const after = BEFORE.replace("Be brief.", "Be very brief.");
  assert.deepEqual(hunks(BEFORE, after), [{ from: 4, to: 5, lines: ["Be very brief."] }]);
  assert.deepEqual(hunks("a\nb\nc\nd", "a\nc\nd\ne"), [
    { from: 1, to: 2, lines: [] },
    { from: 4, to: 4, lines: ["e"] }
  ]);
  assert.deepEqual(hunks("same", "same"), []);
});
test("changes of different lines are both kept", () => {
  const mine = BEFORE.replace("You analyse.", "You analyse risks.");
  const theirs = BEFORE.replace("A list.", "A table.\nThen a summary.");
  const merged = merge3(BEFORE, mine, theirs);
  assert.deepEqual(merged.conflicts, []);
  assert.equal(merged.text, mine.replace("A list.", "A table.\nThen a summary."));
  assert.deepEqual(merged.theirLines, [9, 10]);
});
test("lines next to each other do not collide, lines added at one place do", () => {
  const adjacent = merge3("a\nb\nc", "A\nb\nc", "a\nB\nc");
  assert.deepEqual([adjacent.text, adjacent.conflicts], ["A\nB\nc", []]);
  const added = merge3("a\nb", "a\nmine\nb", "a\ntheirs\nb");
  assert.deepEqual(added.conflicts, [{ from: 1, to: 1, mine: ["mine"], theirs: ["theirs"] }]);
  assert.equal(added.text, "a\nmine\nb");
});
test("the same change on both sides is made once", () => {
  const merged = merge3("a\nb\nc", "a\nB\nc", "a\nB\nc\nd");
  assert.deepEqual([merged.text, merged.conflicts], ["a\nB\nc\nd", []]);
});
test("the same line changed in two ways is a conflict that keeps mine", () => {
  const merged = merge3("a\nb\nc\nd\ne", "a\nmine\nc\nd\ne", "a\ntheirs\nc\nd\nE");
  assert.equal(merged.text, "a\nmine\nc\nd\nE");
  assert.deepEqual(merged.conflicts, [{ from: 1, to: 2, mine: ["mine"], theirs: ["theirs"] }]);
});
test("a long change that spans several of the other's is one conflict", () => {
  const merged = merge3("a\nb\nc\nd\ne", "a\nX\ne", "a\nB\nc\nD\ne");
  assert.equal(merged.conflicts.length, 1);
  assert.deepEqual(merged.conflicts[0]?.theirs, ["B", "c", "D"]);
  assert.equal(merged.text, "a\nX\ne");
});
test("deleting what the other left alone deletes it", () => {
  assert.equal(merge3("a\nb\nc", "a\nc", "a\nb\nc\nd").text, "a\nc\nd");
  assert.equal(merge3("", "mine", "").text, "mine");
  assert.equal(merge3("", "", "theirs").text, "theirs");
});
function random(seed) {
  let state = seed;
  return (below) => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}
test("for a thousand random texts nothing is lost and every replacement is exact", () => {
  const next = random(7);
  const line = () => ["a", "b", "c", "", "dd", "ee \u{1F600}", "ee \u{1F601}"][next(7)] ?? "";
  const text = () => Array.from({ length: next(9) }, line).join("\n");
  for (let round = 0; round < 1e3; round++) {
    const [before, mine, theirs] = [text(), text(), text()];
    assert.equal(apply(before, replacements(before, mine)), mine, JSON.stringify([before, mine]));
    assert.equal(merge3(before, mine, before).text, mine, JSON.stringify([before, mine]));
    assert.equal(merge3(before, before, theirs).text, theirs, JSON.stringify([before, theirs]));
    const merged = merge3(before, mine, theirs);
    const swapped = merge3(before, theirs, mine);
    assert.equal(merged.conflicts.length, swapped.conflicts.length);
    if (merged.conflicts.length === 0) assert.equal(merged.text, swapped.text, JSON.stringify([before, mine, theirs]));
  }
});
test("long texts with nothing in common are compared in time", () => {
  const many = (word) => Array.from({ length: 16e3 }, (_, at) => `${word}${at}`).join("\n");
  const [before, after] = [many("a"), many("b")];
  const began = Date.now();
  assert.equal(apply(before, replacements(before, after)), after);
  assert.ok(Date.now() - began < 5e3, `it took ${Date.now() - began} ms`);
});
test("lines are named for people", () => {
  assert.deepEqual([named([3]), named([3, 4, 5]), named([3, 7]), named([])], [
    "line 3",
    "lines 3 to 5",
    "2 lines",
    "some lines"
  ]);
});
