import { describe, expect, it, vi } from "vitest";
import { deployedShop, open, shop } from "../../apps/testing/shop.js";
import type { ProcessList } from "../../shared/app-types.js";

describe("processes", () => {
  it("are shown, scaled and restarted by those who may", async () => {
    const { environment, cloud } = await deployedShop();
    const { call, runs, audit } = await open([environment]);
    const { body } = await call("vera@example.org", "GET", `${shop}/processes`);
    expect(body as ProcessList).toMatchObject({
      release: 2,
      health: "ok",
      scale: true,
      processes: [{ name: "web", desired: 1, running: 1, instances: [{ state: "running", release: 2 }] }],
    });
    for (const path of ["scale", "restart"]) {
      await expect(call("dora@example.org", "POST", `${shop}/${path}`)).rejects.toMatchObject({
        code: "console.forbidden",
      });
    }
    await call("olga@example.org", "POST", `${shop}/scale`, { instances: { web: 3 } });
    await call("olga@example.org", "POST", `${shop}/restart`, { process: "web" });
    await vi.waitFor(() =>
      expect([...runs.values()].map(({ run }) => [run.operation, run.state])).toEqual([
        ["scale", "done"],
        ["restart", "done"],
      ]),
    );
    expect(cloud.calls.filter((call) => /^(scale|restart)/.test(call))).toHaveLength(2);
    expect(audit.map(({ action, detail }) => `${action} ${detail}`)).toContain("scale.done web 3");
    for (const instances of [undefined, {}, [], { web: "3" }, { web: null }]) {
      await expect(call("olga@example.org", "POST", `${shop}/scale`, { instances })).rejects.toMatchObject({
        code: "console.bad-request",
      });
    }
    for (const instances of [{ web: -1 }, { web: 1.5 }, { web: 5_000 }]) {
      await expect(call("olga@example.org", "POST", `${shop}/scale`, { instances })).rejects.toMatchObject({
        code: "containers.bad-instances",
      });
    }
    await expect(call("olga@example.org", "POST", `${shop}/restart`, { process: "nope" })).rejects.toThrow();
  });
});
