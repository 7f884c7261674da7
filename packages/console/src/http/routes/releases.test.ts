import { describe, expect, it, vi } from "vitest";
import { testEnvironment } from "../../apps/testing/environments.js";
import { deployedShop, open, shop } from "../../apps/testing/shop.js";
import type { ReleaseDetail, ReleaseList } from "../../shared/app-types.js";

describe("releases", () => {
  it("say what each changed by name, and show no value of anything", async () => {
    const { environment } = await deployedShop();
    const { call } = await open([environment]);
    const { body } = await call("vera@example.org", "GET", `${shop}/releases`);
    const list = body as ReleaseList;
    expect(list).toMatchObject({
      rollback: true,
      rollbackTo: 1,
      releases: [
        {
          number: 2,
          state: "active",
          diff: {
            from: 1,
            image: { before: "sha256:v1", after: "sha256:v2" },
            config: { added: ["NEW"], removed: ["OLD"], changed: ["LOG_LEVEL"] },
            secrets: { added: [], removed: [], changed: ["SECRET_KEY"] },
          },
        },
        { number: 1, state: "superseded" },
      ],
    });
    expect(list.releases[1]).not.toHaveProperty("diff");
    const detail = (await call("vera@example.org", "GET", `${shop}/releases/2`)).body as ReleaseDetail;
    expect(detail.config).toEqual(["LOG_LEVEL", "NEW", "WEB_URL"]);
    expect(detail.secrets).toEqual([{ name: "SECRET_KEY", version: "2" }]);
    expect(JSON.stringify([body, detail])).not.toMatch(/debug-value|another|k3y/);
    for (const number of ["9", "0", "-1", "1e3", "x"]) {
      await expect(call("vera@example.org", "GET", `${shop}/releases/${number}`)).rejects.toMatchObject({
        code: "console.not-found",
      });
    }
  });

  it("are rolled back as a run that everybody sees, in the name of who asked for it", async () => {
    const { environment, cloud } = await deployedShop();
    const { call, runs, audit } = await open([environment]);
    await expect(call("vera@example.org", "POST", `${shop}/rollback`)).rejects.toMatchObject({
      code: "console.forbidden",
    });
    const answer = await call("dora@example.org", "POST", `${shop}/rollback`, { to: 1 });
    expect(answer).toMatchObject({ status: 202, body: { runId: "run-1" } });
    await vi.waitFor(() => expect(runs.get("run-1")?.run.state).toBe("done"));
    const { run, events } = runs.get("run-1")!;
    expect(run).toMatchObject({ operation: "rollback", by: "dora@example.org", release: 3 });
    expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.event.type).toBe("finished");
    expect(cloud.releases.get("shop/production")?.at(-1)?.release.origin).toMatchObject({
      author: "dora@example.org",
      repeats: 1,
    });
    expect(audit.map(({ action, actor, detail }) => ({ action, actor, detail }))).toEqual([
      { action: "rollback.start", actor: "dora@example.org", detail: "to release 1" },
      { action: "rollback.done", actor: "dora@example.org", detail: "to release 1" },
    ]);
  });

  it("are not rolled back while somebody deploys: refused at once, and no run is left behind", async () => {
    const { environment, cloud } = await deployedShop();
    const { call, runs, audit } = await open([environment]);
    cloud.locks.set("shop/production", {
      name: "lee on ci-7",
      since: "2026-01-01T00:00:00Z",
      operation: "up",
    });
    await expect(call("dora@example.org", "POST", `${shop}/rollback`)).rejects.toMatchObject({
      code: "lease.held",
      details: { status: 409 },
      message: expect.stringContaining("lee on ci-7"),
    });
    cloud.locks.clear();
    await expect(call("dora@example.org", "POST", `${shop}/rollback`, { to: 9 })).rejects.toMatchObject({
      code: "rollback.unknown-release",
    });
    expect(runs.size).toBe(0);
    expect(audit.filter(({ action }) => action === "rollback.failed")).toHaveLength(2);
    for (const to of [0, -1, 1.5, "1", null]) {
      await expect(call("dora@example.org", "POST", `${shop}/rollback`, { to })).rejects.toMatchObject({
        code: "console.bad-request",
      });
    }
  });

  it("of a protected environment are rolled back with its name typed, and so is everything that changes it", async () => {
    const { environment, cloud } = await deployedShop();
    const guarded = testEnvironment({ cloud, bound: { protected: true } });
    const { call, audit } = await open([guarded]);
    const calls = cloud.calls.length;
    for (const [path, body] of [
      ["rollback", {}],
      ["restart", {}],
      ["scale", { instances: { web: 2 } }],
      ["scale", { instances: { web: 2 }, confirm: "shop" }],
    ] as const) {
      await expect(call("mona@example.org", "POST", `${shop}/${path}`, body)).rejects.toMatchObject({
        code: "environment.confirmation-needed",
      });
    }
    expect(cloud.calls).toHaveLength(calls);
    expect(audit).toEqual([]);
    const body = { instances: { web: 2 }, confirm: environment.environment };
    expect((await call("mona@example.org", "POST", `${shop}/scale`, body)).status).toBe(202);
  });
});
