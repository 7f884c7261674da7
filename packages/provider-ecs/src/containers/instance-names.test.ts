import { describe, expect, it } from "vitest";
import { numberTasks } from "./instance-names.js";

describe("the numbers of tasks", () => {
  it("go by age, and a replacement takes the number that became free", () => {
    const numbers = numberTasks([
      { id: "c", generation: "one", from: 30 },
      { id: "a", generation: "one", from: 10, until: 25 },
      { id: "b", generation: "one", from: 11 },
    ]);
    expect(Object.fromEntries(numbers)).toEqual({ a: 1, b: 2, c: 1 });
  });

  it("begin anew with every generation, although the former still runs", () => {
    const numbers = numberTasks([
      { id: "old", generation: "one", from: 1 },
      { id: "new", generation: "two", from: 2 },
      { id: "more", generation: "two", from: 3 },
    ]);
    expect(Object.fromEntries(numbers)).toEqual({ old: 1, new: 1, more: 2 });
  });
});
