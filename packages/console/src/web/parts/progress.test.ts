import { describe, expect, it } from "vitest";
import type { NumberedProgress, RunProgress } from "../../shared/run-types.js";
import { advance, MAXIMUM_OUTPUT, NO_PROGRESS, spoken } from "./progress.js";

const time = "2026-11-22T23:00:00Z";
const step = { time, message: "Creating the image", id: "image", label: "Image" };
const numbered = (...events: readonly RunProgress[]): NumberedProgress[] =>
  events.map((event, index) => ({ number: index + 1, event }));
const started: RunProgress = { ...step, type: "started", action: "create" };
const done: RunProgress = { ...step, type: "done", action: "create", seconds: 3 };

describe("a run as it goes", () => {
  it("holds its steps in the order in which they began", () => {
    const other = { ...started, id: "release", label: "Release" };
    const progress = advance(NO_PROGRESS, numbered(started, other, done));
    expect(progress.steps.map((one) => [one.label, one.state])).toEqual([
      ["Image", "done"],
      ["Release", "running"],
    ]);
    expect(progress.steps[0]?.seconds).toBe(3);
  });

  it("counts an event once that came by two ways, and puts late ones in order", () => {
    const line: RunProgress = { ...step, type: "output", stream: "stdout", text: "step 1" };
    const all = numbered(started, line, line, done);
    const once = advance(NO_PROGRESS, all);
    expect(advance(once, all)).toBe(once);
    expect(advance(advance(NO_PROGRESS, all.slice(0, 3)), [...all].reverse()).steps).toEqual(once.steps);
    expect(advance(NO_PROGRESS, [...all, ...all]).steps).toEqual(once.steps);
    expect(once.steps[0]?.output).toHaveLength(2);
  });

  it("goes on behind a number that was never sent", () => {
    const progress = advance(NO_PROGRESS, [
      { number: 1, event: started },
      { number: 7, event: done },
    ]);
    expect(progress.last).toBe(7);
    expect(progress.steps[0]?.state).toBe("done");
  });

  it("keeps the end of a long output, and says how much lies before it", () => {
    const lines = Array.from(
      { length: MAXIMUM_OUTPUT + 50 },
      (_, index): RunProgress => ({
        ...step,
        type: "output",
        stream: "stderr",
        text: `line ${index + 1}`,
      }),
    );
    const half = numbered(started, ...lines);
    const inTwo = advance(advance(NO_PROGRESS, half.slice(0, 100)), half.slice(100));
    for (const progress of [advance(NO_PROGRESS, half), inTwo]) {
      const [one] = progress.steps;
      expect(one?.output).toHaveLength(MAXIMUM_OUTPUT);
      expect(one?.earlier).toBe(50);
      expect(one?.output.at(-1)).toEqual({ number: 450, stream: "stderr", text: "line 450" });
      expect(one?.output[0]?.number).toBe(51);
    }
  });

  it("shows what it waits for, and forgets that once it goes on", () => {
    const waiting: RunProgress = { ...step, type: "waiting", message: "for the certificate", seconds: 12 };
    const [before] = advance(NO_PROGRESS, numbered(started, waiting)).steps;
    expect(before).toMatchObject({ state: "waiting", detail: "for the certificate", seconds: 12 });
    const [after] = advance(NO_PROGRESS, numbered(started, waiting, { ...step, type: "progress" })).steps;
    expect(after?.state).toBe("running");
    expect(after).not.toHaveProperty("seconds");
  });

  it("keeps a failure with its hint, and what was not started for it", () => {
    const error = {
      code: "images.build-failed",
      message: "The build failed.",
      retryable: false,
      hint: "Fix it.",
    };
    const progress = advance(
      NO_PROGRESS,
      numbered(
        started,
        { ...step, type: "failed", error },
        {
          ...step,
          id: "release",
          label: "Release",
          type: "skipped",
          reason: "because Image failed",
        },
      ),
    );
    expect(progress.steps[0]).toMatchObject({ state: "failed", error });
    expect(progress.steps[1]).toMatchObject({ state: "skipped", detail: "because Image failed" });
  });

  it("says what has changed in one sentence, a failure before all else, reads never", () => {
    const before = advance(NO_PROGRESS, numbered(started));
    expect(spoken(NO_PROGRESS, before)).toBe("Image: Creating the image");
    expect(spoken(before, advance(before, [{ number: 2, event: done }]))).toBe("Done: Image");
    expect(spoken(before, before)).toBe("");
    const read = advance(before, [{ number: 2, event: { ...done, action: "read" } }]);
    expect(spoken(before, read)).toBe("");
    const failed = advance(before, [
      {
        number: 2,
        event: { ...step, type: "failed", error: { code: "a.b", message: "It broke.", retryable: false } },
      },
    ]);
    expect(spoken(before, failed)).toBe("Image: failed. It broke.");
  });
});
