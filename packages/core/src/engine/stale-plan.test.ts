import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { redact } from "../redacted.js";
import { output } from "./out.js";
import { parsePlan } from "./parse-plan.js";
import type { Plan } from "./plan.js";
import { assertFresh } from "./stale-plan.js";
import { createVendor } from "./testing/fake-vendor.js";
import { planOf, up } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const clock = createVirtualClock();

function problemsOf(saved: Plan, fresh: Plan): readonly string[] {
  try {
    assertFresh(saved, fresh);
    return [];
  } catch (error) {
    if (!DeployError.is(error)) throw error;
    expect(error.code).toBe("plan.stale");
    return error.problems.map((problem) => problem.message);
  }
}

describe("a saved plan", () => {
  it("holds while nothing moves, through JSON", async () => {
    const vendor = createVendor({ clock });
    const role = vendor.resource("role", { tags: { b: 1, a: 2 } });
    const input = {
      clock,
      providers: [vendor.provider],
      resources: [
        vendor.resource("service", { role: output(role, (it) => it.arn), key: redact("abcdefgh") }),
      ],
    };
    const saved = JSON.parse(JSON.stringify((await planOf(input)).plan)) as Plan;
    expect(problemsOf(saved, (await planOf(input)).plan)).toEqual([]);
    await up({ ...input, resources: [role], prune: false });
    expect(problemsOf(saved, (await planOf(input)).plan)).toEqual([]);
    await up(input);
    expect(problemsOf(saved, (await planOf(input)).plan)).toEqual([]);
  });

  it("is refused when the configuration or the world moves, naming what", async () => {
    const vendor = createVendor({ clock });
    vendor.put("a", { size: 1, color: "red" });
    const plan = async (size: number, name = "a") =>
      (
        await planOf({
          clock,
          providers: [vendor.provider],
          resources: [vendor.resource(name, { size, color: "red" })],
        })
      ).plan;
    const saved = await plan(2);
    expect(problemsOf(saved, await plan(3))).toEqual([
      "acme/containers/a: what is declared has changed.",
      "acme/containers/a: size was to become 2, now it is 1 → 3.",
    ]);
    expect(problemsOf(saved, await plan(2, "b"))).toEqual([
      "acme/containers/a is no longer declared.",
      "acme/containers/b was not declared yet.",
      'acme/containers/b has to be changed now (create: size nothing → 2, color nothing → "red").',
      "acme/containers/a: the plan says update, now it would be delete.",
    ]);
    vendor.put("a", { size: 5, color: "blue" });
    expect(problemsOf(saved, await plan(2))).toEqual([
      "acme/containers/a: size was 1, now it is 5 → 2.",
      'acme/containers/a: color was as it should be, now it is "blue" → "red".',
    ]);
    vendor.things.clear();
    expect(problemsOf(saved, await plan(2))).toEqual([
      "acme/containers/a: the plan says update, now it would be create.",
    ]);
  });

  it("is refused for another environment, another account, and for more deletions", async () => {
    const vendor = createVendor({ clock });
    const input = { clock, providers: [vendor.provider], resources: [], identities: { acme: "one" } };
    const saved = (await planOf(input)).plan;
    const other = (
      await planOf({ ...input, scope: { app: "shop", environment: "staging" }, identities: { acme: "two" } })
    ).plan;
    expect(problemsOf(saved, other)).toHaveLength(2);
    vendor.put("old", {});
    expect(problemsOf(saved, (await planOf(input)).plan)).toEqual([
      "acme/containers/old has to be changed now (delete).",
    ]);
  });
});

describe("reading a plan", () => {
  it("refuses what is no plan, with the place and without quoting it", async () => {
    const good = (await planOf({ clock, providers: [], resources: [] })).plan;
    expect(parsePlan(JSON.stringify(good), "p.json")).toEqual(good);
    const bad = { ...good, changes: [{ id: 1 }], operation: "destroy" };
    expect(() => parsePlan(JSON.stringify(bad), "p.json")).toThrow(
      expect.objectContaining({
        code: "plan.malformed",
        problems: expect.arrayContaining([
          expect.objectContaining({ location: { file: "p.json", path: "operation" } }),
          expect.objectContaining({ location: { file: "p.json", path: "changes[0].id" } }),
        ]),
      }),
    );
    for (const text of ["", "null", "[]", "hunter2", '{"spec":2}']) {
      const error = (() => {
        try {
          return parsePlan(text, "p.json");
        } catch (thrown) {
          return thrown as DeployError;
        }
      })();
      expect(error).toMatchObject({ code: "plan.malformed" });
      expect(JSON.stringify(error)).not.toContain("hunter2");
    }
  });
});
