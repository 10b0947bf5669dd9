// Three versions of a text made one: what two people did to the same text, line by line.

/** Lines `from` to `to` (without `to`) of the text before, replaced by `lines`. */
export interface Hunk {
  from: number;
  to: number;
  lines: string[];
}

/** A place that both changed, each in another way. */
export interface Conflict {
  /** Where it is in the text before: lines `from` to `to` (without `to`). */
  from: number;
  to: number;
  mine: string[];
  theirs: string[];
}

export interface Merged {
  /** Both changes; where they conflict, mine. */
  text: string;
  conflicts: Conflict[];
  /** The lines of `text`, from 1, that came from the other side. */
  theirLines: number[];
}

/** Beyond so many differences, lines are no longer matched one by one. */
const MOST_DIFFERENCES = 1500;

/** What makes `after` of `before`, by lines. */
export function hunks(before: string, after: string): Hunk[] {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++;
  let [oldEnd, freshEnd] = [old.length, fresh.length];
  while (oldEnd > start && freshEnd > start && old[oldEnd - 1] === fresh[freshEnd - 1]) {
    oldEnd--;
    freshEnd--;
  }
  const pairs = matches(old.slice(start, oldEnd), fresh.slice(start, freshEnd));
  const found: Hunk[] = [];
  let [x, y] = [start, start];
  for (const [oldAt, freshAt] of [...pairs, [oldEnd - start, freshEnd - start] as const]) {
    if (x < oldAt + start || y < freshAt + start) {
      found.push({ from: x, to: oldAt + start, lines: fresh.slice(y, freshAt + start) });
    }
    [x, y] = [oldAt + start + 1, freshAt + start + 1];
  }
  return found;
}

/** Pairs of equal lines, as many as there can be, in order: Myers' algorithm. */
function matches(old: string[], fresh: string[]): [number, number][] {
  const most = Math.min(old.length + fresh.length, MOST_DIFFERENCES);
  const trace: Map<number, number>[] = [];
  let reach = new Map<number, number>([[1, 0]]);
  for (let differences = 0; differences <= most; differences++) {
    trace.push(reach);
    const next = new Map(reach);
    for (let k = -differences; k <= differences; k += 2) {
      const down = k === -differences || (k !== differences && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < old.length && x - k < fresh.length && old[x] === fresh[x - k]) x++;
      next.set(k, x);
      if (x >= old.length && x - k >= fresh.length) return walkBack(trace, old.length, fresh.length);
    }
    reach = next;
  }
  return [];
}

function walkBack(trace: Map<number, number>[], oldLength: number, freshLength: number): [number, number][] {
  const pairs: [number, number][] = [];
  let [x, y] = [oldLength, freshLength];
  for (let differences = trace.length - 1; differences >= 0; differences--) {
    const reach = trace[differences] as Map<number, number>;
    const k = x - y;
    const down = k === -differences || (k !== differences && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const before = down ? k + 1 : k - 1;
    const xBefore = differences === 0 ? 0 : (reach.get(before) ?? 0);
    const yBefore = differences === 0 ? 0 : xBefore - before;
    while (x > xBefore && y > yBefore) pairs.push([--x, --y]);
    if (differences > 0) [x, y] = [xBefore, yBefore];
  }
  return pairs.reverse();
}

/** Whether two changes cannot both be made: they share a line, or one adds lines where the other changes some. */
function collide(a: Hunk, b: Hunk): boolean {
  if (a.from === a.to || b.from === b.to) return a.from <= b.to && b.from <= a.to;
  return a.from < b.to && b.from < a.to;
}

/** What both did to `before`. */
export function merge3(before: string, mine: string, theirs: string): Merged {
  const old = before.split("\n");
  const [a, b] = [hunks(before, mine), hunks(before, theirs)];
  const merged: Merged = { text: "", conflicts: [], theirLines: [] };
  const lines: string[] = [];
  let [at, i, j] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    const lone = left === undefined || right === undefined || !collide(left, right);
    if (lone) {
      const isMine = right === undefined || (left !== undefined && before1(left, right));
      const hunk = (isMine ? left : right) as Hunk;
      lines.push(...old.slice(at, hunk.from));
      if (!isMine) merged.theirLines.push(...numbers(lines.length, hunk.lines.length));
      lines.push(...hunk.lines);
      at = hunk.to;
      if (isMine) i++;
      else j++;
      continue;
    }
    // Everything that hangs together is one place.
    const [iFrom, jFrom] = [i, j];
    const place: Hunk = { from: Math.min(left.from, right.from), to: Math.max(left.to, right.to), lines: [] };
    i++;
    j++;
    for (;;) {
      const more = [a[i], b[j]].find((hunk) => hunk !== undefined && collide(hunk, place));
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

function before1(a: Hunk, b: Hunk): boolean {
  return a.from !== b.from ? a.from < b.from : a.to <= b.to;
}

/** What some changes make of a place. */
function made(old: string[], place: Hunk, changes: Hunk[]): string[] {
  const lines: string[] = [];
  let at = place.from;
  for (const change of changes) {
    lines.push(...old.slice(at, change.from), ...change.lines);
    at = change.to;
  }
  return [...lines, ...old.slice(at, place.to)];
}

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index + 1);
}

/** A replacement of characters `from` to `to`, as editors take it. */
export interface Replacement {
  from: number;
  to: number;
  insert: string;
}

/** The smallest replacements that make `after` of `before`: what is not touched keeps cursors and scrolling. */
export function replacements(before: string, after: string): Replacement[] {
  const old = before.split("\n");
  const starts: number[] = [];
  let at = 0;
  for (const line of old) {
    starts.push(at);
    at += line.length + 1;
  }
  return hunks(before, after).map((hunk) => {
    const from = starts[hunk.from];
    // Behind the last line there is no line feed to put new lines behind.
    if (from === undefined) return { from: before.length, to: before.length, insert: `\n${hunk.lines.join("\n")}` };
    const end = starts[hunk.to];
    if (end !== undefined) return trimmed(before, from, end, hunk.lines.map((line) => `${line}\n`).join(""));
    const insert = hunk.lines.join("\n");
    const first = hunk.lines.length === 0 && from > 0 ? from - 1 : from;
    return trimmed(before, first, before.length, insert);
  });
}

function trimmed(text: string, from: number, to: number, insert: string): Replacement {
  let head = 0;
  while (from + head < to && head < insert.length && text[from + head] === insert[head]) head++;
  let tail = 0;
  const room = Math.min(to - from, insert.length) - head;
  while (tail < room && text[to - 1 - tail] === insert[insert.length - 1 - tail]) tail++;
  // Never between the halves of one character.
  if (head > 0 && isHigh(insert.charCodeAt(head - 1))) head--;
  if (tail > 0 && isLow(insert.charCodeAt(insert.length - tail))) tail--;
  return { from: from + head, to: to - tail, insert: insert.slice(head, insert.length - tail) };
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** Lines for people: "line 3", "lines 3 to 5", "4 lines". */
export function named(lines: number[]): string {
  const [first, last] = [lines[0], lines[lines.length - 1]];
  if (first === undefined || last === undefined) return "some lines";
  if (lines.length === 1) return `line ${first}`;
  return last - first === lines.length - 1 ? `lines ${first} to ${last}` : `${lines.length} lines`;
}
