import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LogEntry } from "../../shared/log-types.js";
import { createIntake, type Gap, type Piece } from "./intake.js";

const lines = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    ...{ seq: from + index, time: 0, process: "web", instance: "web.1", stream: "stdout", level: "none" },
    text: "line",
  }));

let frames: (() => void)[];
const frame = (): void => {
  const due = frames;
  frames = [];
  for (const one of due) one();
};

beforeEach(() => {
  frames = [];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("document", { visibilityState: "visible" });
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
  vi.stubGlobal("cancelAnimationFrame", () => {
    frames = [];
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function world() {
  const taken: (readonly Piece[])[] = [];
  const intake = createIntake((pieces) => taken.push(pieces));
  /** What was taken, in order: numbers of lines, and gaps. */
  const all = (): (number | Gap)[] =>
    taken
      .flat()
      .flatMap((piece): (number | Gap)[] =>
        "gap" in piece ? [piece.gap] : piece.lines.map(({ seq }) => seq),
      );
  return { intake, taken, all };
}

it("takes the first lines over with the next frame, and those right behind them no sooner than a pace later", () => {
  const { intake, all, taken } = world();
  intake.lines(lines(1, 2));
  frame();
  expect(all()).toEqual([1, 2]);
  for (let at = 3; at < 13; at += 2) {
    intake.lines(lines(at, at + 1));
    vi.advanceTimersByTime(16);
    frame();
  }
  expect(taken).toHaveLength(1);
  vi.advanceTimersByTime(100);
  frame();
  expect(taken).toHaveLength(2);
  expect(all().at(-1)).toBe(12);
  expect(intake.empty).toBe(true);
});

it("what was left out stays between the lines that came before and behind it", () => {
  const { intake, all } = world();
  intake.lines(lines(1, 2));
  intake.gap({ from: 3, to: 7, count: 5 });
  intake.lines(lines(8, 8));
  expect(intake.last).toBe(8);
  frame();
  expect(all()).toEqual([1, 2, { from: 3, to: 7, count: 5 }, 8]);
});

it("a frame has time for 4,000 lines, the next ones come with the next", () => {
  const { intake, all } = world();
  for (let at = 0; at < 7; at++) intake.lines(lines(at * 1000 + 1, at * 1000 + 1000));
  frame();
  expect(all()).toHaveLength(4000);
  vi.advanceTimersByTime(100);
  frame();
  expect(all()).toEqual(lines(1, 7000).map(({ seq }) => seq));
});

it("more than a page can take is one gap, and the newest lines are shown: each line is in one of both", () => {
  const { intake, all } = world();
  for (let at = 0; at < 30; at++) intake.lines(lines(at * 1500 + 1, at * 1500 + 1500));
  intake.gap({ from: 45_001, to: 45_100, count: 40 });
  intake.lines(lines(45_101, 45_200));
  frame();
  const [first, ...rest] = all();
  expect(first).toEqual({ from: 1, to: 41_100, count: 41_100 });
  expect(rest).toEqual([
    ...lines(41_101, 45_000).map(({ seq }) => seq),
    { from: 45_001, to: 45_100, count: 40 },
    ...lines(45_101, 45_200).map(({ seq }) => seq),
  ]);
  expect(intake.empty).toBe(true);
});

it("a page in the background gets no frames, and lines do not pile up", () => {
  vi.stubGlobal("document", { visibilityState: "hidden" });
  const { intake, all } = world();
  intake.lines(lines(1, 2));
  vi.advanceTimersByTime(500);
  expect(all()).toEqual([1, 2]);
});

it("what waits is forgotten with the page it was for", () => {
  const { intake, all } = world();
  intake.lines(lines(1, 2));
  intake.clear();
  frame();
  vi.advanceTimersByTime(1000);
  expect(all()).toEqual([]);
});
