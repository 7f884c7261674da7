import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closest, editDistance, suggest } from "./edit-distance.js";

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["web", "web", 0],
    ["web", "wbe", 1],
    ["memory", "memmory", 1],
    ["kitten", "sitting", 3],
    ["", "abc", 3],
  ])("%s to %s is %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it("is symmetric, zero for equals only, and at most the longer length", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

describe("closest", () => {
  const options = ["memory", "command", "health", "instances", "timeZone"];
  it("finds what was meant, and nothing where nothing is near", () => {
    expect(closest("memmory", options)).toBe("memory");
    expect(closest("comand", options)).toBe("command");
    expect(closest("timezone", options)).toBe("timeZone");
    expect(closest("db", ["web"])).toBeUndefined();
    expect(closest("x", ["y"])).toBeUndefined();
    expect(closest("x".repeat(10_000), ["x".repeat(9999)])).toBeUndefined();
  });

  it("suggests the likely one, else all of them", () => {
    expect(suggest("wbe", ["web", "worker"], "none")).toBe('Did you mean "web"?');
    expect(suggest("zzz", ["worker", "api"], "none")).toBe("Known: api, worker.");
    expect(suggest("zzz", [], "Declare one.")).toBe("Declare one.");
  });
});
