import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogEntry, LogPage } from "../../shared/log-types.js";
import { keyOf, type Row, seqOf } from "./rows.js";
import { createWindow, type LogWindow } from "./window.js";

const line = (seq: number, text = `line ${seq}`, instance = "web.1"): LogEntry => ({
  seq,
  time: 1_700_000_000_000 + seq,
  process: "web",
  instance,
  stream: "stdout",
  level: "info",
  text,
});

const run = (from: number, to: number): LogEntry[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => line(from + index));

const page = (lines: readonly LogEntry[], more: Partial<LogPage> = {}): LogPage => ({
  lines,
  hasOlder: false,
  hasNewer: false,
  ...more,
});

/** What is shown, and what stands for what is not, in order: each number once. */
const shown = (window: LogWindow): { loaded: Set<number>; ranges: [number, number][] } => {
  const loaded = new Set<number>();
  const ranges: [number, number][] = [];
  for (const row of window.rows) {
    if (!("kind" in row)) loaded.add(row.seq);
    else if (row.kind === "fold") for (const one of row.lines) loaded.add(one.seq);
    else ranges.push([row.from, row.to]);
  }
  return { loaded, ranges };
};

describe("the window onto the history", () => {
  it("takes live lines behind the page, and none twice", () => {
    const window = createWindow();
    window.reset(page(run(1, 10)));
    expect(window.append([...run(8, 10), ...run(11, 13)])).toBe(3);
    expect(window.append(run(11, 13))).toBe(0);
    expect(window.rows.map(seqOf)).toEqual(run(1, 13).map((one) => one.seq));
    expect(window.last).toBe(13);
  });

  it("has a row for what was skipped, which loading replaces", () => {
    const window = createWindow();
    window.reset(page(run(1, 3)));
    window.skip(4, 9, 6);
    window.skip(10, 19, 10);
    window.append(run(20, 21));
    expect(window.rows[3]).toEqual({ kind: "skipped", from: 4, to: 19, count: 16 });
    window.fill(window.rows[3] as Extract<Row, { kind: "skipped" }>, run(4, 11), false);
    // What is asked for may bring more than was missing.
    window.fill(window.rows[11] as Extract<Row, { kind: "skipped" }>, run(12, 30), true);
    expect(window.rows.map(seqOf)).toEqual(run(1, 21).map((one) => one.seq));
  });

  it("what was skipped is loaded in parts", () => {
    const window = createWindow();
    window.reset(page(run(1, 3)));
    window.skip(4, 19, 16);
    window.append(run(20, 21));
    window.fill(window.rows[3] as Extract<Row, { kind: "skipped" }>, run(4, 11), false);
    expect(window.rows.map(seqOf)).toEqual([...run(1, 11).map((one) => one.seq), 12, 20, 21]);
    expect(window.rows[11]).toMatchObject({ kind: "skipped", from: 12, to: 19, count: 8 });
  });

  it("puts away what is far from the eye and takes it back", () => {
    const window = createWindow({ block: 10, loaded: 50 });
    window.reset(page(run(1, 100)));
    window.evict(99, true);
    expect(window.loaded).toBeLessThanOrEqual(50);
    const away = window.rows[0] as Extract<Row, { kind: "away" }>;
    expect(away).toMatchObject({ kind: "away", from: 1, to: 10, count: 10 });
    window.fill(away, run(1, 10), true);
    expect(window.rows.slice(0, 10).map(seqOf)).toEqual(run(1, 10).map((one) => one.seq));
  });

  it("counts what is held in characters as well", () => {
    const window = createWindow({ block: 1, characters: 1000 });
    window.reset(page(Array.from({ length: 10 }, (_, index) => line(index + 1, "x".repeat(400)))));
    window.evict(9, true);
    expect(window.loaded).toBe(2);
  });

  it("while somebody reads far back, leaves out the end instead of what they read, and says so", () => {
    const window = createWindow({ block: 10, span: 100 });
    window.reset(page(run(1, 100)));
    window.append(run(101, 160));
    window.evict(5, false);
    expect(window.rows[0]).toMatchObject({ seq: 1 });
    expect(window.rows.at(-1)).toMatchObject({ kind: "skipped", to: 160 });
    expect(window.hasOlder).toBe(false);
    window.append(run(161, 162));
    window.evict(window.rows.length - 1, true);
    expect(window.last).toBe(162);
  });

  it("folds a traceback that crosses the edge of a block, and of a page that comes before", () => {
    const texts = [
      "Traceback (most recent call last):",
      '  File "a.py", line 1, in f',
      "    boom()",
      "ValueError: no",
    ];
    const all = texts.map((text, index) => line(9 + index, text));
    const window = createWindow({ block: 10 });
    window.reset(page([...run(1, 8), ...all, ...run(13, 15)]));
    expect(window.rows.map(seqOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15]);
    expect(window.rowOf(12)).toBe(8);

    const older = createWindow({ block: 10 });
    older.reset(page([...all.slice(2), ...run(13, 15)], { hasOlder: true }));
    expect(older.rows).toHaveLength(5);
    older.prepend(page([...run(1, 8), ...all.slice(0, 2)]));
    expect(older.rows.map(seqOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15]);

    const live = createWindow({ block: 10 });
    live.reset(page(run(1, 8)));
    for (const one of [...all, ...run(13, 15)]) live.append([one]);
    expect(live.rows.map(seqOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15]);
  });

  it("loses nothing and shows nothing twice, whatever comes in whatever order (model)", () => {
    const act = fc.oneof(
      fc.record({ act: fc.constant("live" as const), size: fc.nat(30), overlap: fc.nat(10) }),
      fc.record({ act: fc.constant("skip" as const), size: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ act: fc.constant("older" as const), size: fc.integer({ min: 1, max: 25 }) }),
      fc.record({ act: fc.constant("evict" as const), at: fc.nat(100), following: fc.boolean() }),
      fc.record({
        act: fc.constant("fill" as const),
        at: fc.nat(20),
        part: fc.integer({ min: 1, max: 100 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (acts, step) => {
        // What the server has: every `step`-th number matches the filter.
        const matching = (from: number, to: number): LogEntry[] =>
          run(from, to).filter((one) => one.seq % step === 0);
        const window = createWindow({ block: 7, loaded: 40, span: 120 });
        let end = 1000;
        window.reset(page(matching(980, end), { hasOlder: true, newestSeq: end }));
        const before = new Map<number | string, Row>();
        for (const one of acts) {
          if (one.act === "live") {
            const from = (window.last ?? end) + 1 - one.overlap;
            end = Math.max(end, (window.last ?? end) + one.size);
            window.append(matching(from, end));
            window.caughtUp(end);
          } else if (one.act === "skip") {
            window.skip(end + 1, end + one.size, one.size);
            end += one.size;
          } else if (one.act === "older") {
            const first = window.rows[0] === undefined ? end + 1 : seqOf(window.rows[0]);
            const lines = matching(Math.max(1, first - one.size * step), first - 1);
            window.prepend(page(lines, { hasOlder: true }));
          } else if (one.act === "evict") {
            window.evict(Math.min(window.rows.length - 1, one.at), one.following);
          } else {
            const places = window.rows.filter((row) => "kind" in row && row.kind !== "fold") as Extract<
              Row,
              { kind: "away" | "skipped" }
            >[];
            const place = places[one.at % Math.max(1, places.length)];
            if (place === undefined) continue;
            const lines = matching(place.from, place.to).slice(0, one.part);
            window.fill(place, lines, lines.length === matching(place.from, place.to).length);
          }
          const seqs = window.rows.map(seqOf);
          expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
          expect(new Set(window.rows.map(keyOf)).size).toBe(window.rows.length);
          const { loaded, ranges } = shown(window);
          const first = window.rows[0] === undefined ? end : seqOf(window.rows[0]);
          for (const { seq } of matching(first, end)) {
            const covered =
              ranges.filter(([from, to]) => seq >= from && seq <= to).length + (loaded.has(seq) ? 1 : 0);
            expect(covered, `line ${seq} after ${one.act}`).toBe(1);
          }
          before.clear();
        }
      }),
      { numRuns: 300 },
    );
  });
});
