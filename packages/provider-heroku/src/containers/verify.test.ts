import { describe, expect, it } from "vitest";
import type { HerokuDyno } from "../api-types.js";
import { judge } from "./verify.js";

const dyno = (name: string, version: number, state: HerokuDyno["state"]): HerokuDyno =>
  ({
    id: `${name}-${version}`,
    name,
    type: name.split(".")[0],
    state,
    release: { id: `v${version}`, version },
    created_at: "2026-11-22T10:00:00Z",
    updated_at: "2026-11-22T10:00:00Z",
  }) as HerokuDyno;
const wanted = { release: 8, quantities: { web: 2 } };
const waiting = (...dynos: HerokuDyno[]): string | undefined => judge(dynos, wanted).waiting;

describe("a rollout", () => {
  it("has succeeded when every dyno is up on the new release, or on a newer one", () => {
    expect(judge([dyno("web.1", 8, "up"), dyno("web.2", 9, "up")], wanted)).toEqual({});
  });

  it("has not while dynos run an earlier release, however well they are", () => {
    expect(waiting(dyno("web.1", 7, "up"), dyno("web.2", 7, "up"))).toBe("web: 0 of 2 up on release v8");
    expect(waiting(dyno("web.1", 8, "up"), dyno("web.2", 7, "up"))).toBe("web: 1 of 2 up on release v8");
    expect(waiting(dyno("web.1", 8, "up"), dyno("web.2", 8, "up"), dyno("web.3", 7, "up"))).toContain(
      "1 of web to end",
    );
  });

  it("has not while a dyno starts or is missing", () => {
    expect(waiting(dyno("web.1", 8, "up"), dyno("web.2", 8, "starting"))).toContain("1 of 2");
    expect(waiting(dyno("web.1", 8, "up"))).toContain("1 of 2");
  });

  it("has failed when a dyno of the new release crashed or ended; one of an earlier release says nothing", () => {
    expect(judge([dyno("web.1", 8, "crashed"), dyno("web.2", 8, "up")], wanted).crashed?.name).toBe("web.1");
    expect(judge([dyno("web.1", 8, "complete")], wanted).crashed?.name).toBe("web.1");
    expect(judge([dyno("web.1", 7, "crashed")], wanted).crashed).toBeUndefined();
  });
});
