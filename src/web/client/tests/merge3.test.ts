// Merging what two people did to the same text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hunks, merge3, named, replacements } from "../src/merge3";

const BEFORE = "# Role\nYou analyse.\n\n# Rules\nBe brief.\nCite.\n\n# Output\nA list.";

function apply(text: string, changes: { from: number; to: number; insert: string }[]): string {
  let made = text;
  for (const { from, to, insert } of [...changes].reverse()) made = made.slice(0, from) + insert + made.slice(to);
  return made;
}

test("the smallest difference is found", () => {
  const after = BEFORE.replace("Be brief.", "Be very brief.");
  assert.deepEqual(hunks(BEFORE, after), [{ from: 4, to: 5, lines: ["Be very brief."] }]);
  assert.deepEqual(hunks("a\nb\nc\nd", "a\nc\nd\ne"), [
    { from: 1, to: 2, lines: [] },
    { from: 4, to: 4, lines: ["e"] },
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

/** A small generator whose numbers are the same in each run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("for a thousand random texts nothing is lost and every replacement is exact", () => {
  const next = random(7);
  const line = (): string => ["a", "b", "c", "", "dd", "ee 😀", "ee 😁"][next(7)] ?? "";
  const text = (): string => Array.from({ length: next(9) }, line).join("\n");
  for (let round = 0; round < 1000; round++) {
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
  const many = (word: string): string => Array.from({ length: 16_000 }, (_, at) => `${word}${at}`).join("\n");
  const [before, after] = [many("a"), many("b")];
  const began = Date.now();
  assert.equal(apply(before, replacements(before, after)), after);
  assert.ok(Date.now() - began < 5_000, `it took ${Date.now() - began} ms`);
});

test("lines are named for people", () => {
  assert.deepEqual([named([3]), named([3, 4, 5]), named([3, 7]), named([])], [
    "line 3",
    "lines 3 to 5",
    "2 lines",
    "some lines",
  ]);
});
