import { describe, expect, it } from "vitest";
import type { Run } from "../../shared/run-types.js";
import { withRuns } from "./known-runs.js";

describe("the runs of an environment", () => {
  const run = (id: string, startedAt: number, more: Partial<Run> = {}): Run => ({
    ...{ id, app: "shop", environment: "local", operation: "up", by: "maria", startedAt, state: "running" },
    ...more,
  });

  it("stand newest first, each with what was heard of it last", () => {
    const known = withRuns([], [run("a", 1), run("b", 2)]);
    expect(withRuns(known, [run("c", 3), run("a", 1, { state: "lost" })])).toMatchObject([
      { id: "c", state: "running" },
      { id: "b", state: "running" },
      { id: "a", state: "lost" },
    ]);
    expect(withRuns([run("a", 1, { state: "lost" })], [run("a", 1)])).toMatchObject([{ state: "running" }]);
  });

  it("that have ended are not under way again by an answer that was asked for before", () => {
    const ended = withRuns([run("a", 1)], [run("a", 1, { state: "done", endedAt: 5, release: 3 })]);
    expect(withRuns(ended, [run("a", 1)])).toEqual(ended);
  });
});
