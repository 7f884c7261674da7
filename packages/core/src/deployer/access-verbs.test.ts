import { describe, expect, it } from "vitest";
import { deployed, deployerOn, mutations } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";

describe("access", () => {
  it("grants once, changes a role in place, and a deployment takes nobody's grant away", async () => {
    const { cloud, deployer } = await deployed();
    const maria = { person: "maria@example.org", role: "deployer" } as const;
    expect((await deployer.access.grant(maria)).plan.changes).toHaveLength(1);
    expect((await deployer.access.grant(maria)).plan.changes).toEqual([]);
    expect(await deployer.access.who()).toEqual([maria]);
    const changed = await deployer.access.grant({ ...maria, role: "manager" });
    expect(changed.plan).toMatchObject({ operation: "access", changes: [{ action: "update" }] });
    await deployer.up();
    expect(await deployer.access.who()).toEqual([{ ...maria, role: "manager" }]);
    expect(cloud.locks.size).toBe(0);
  });

  it("takes a person off one app, or off every app at once", async () => {
    const cloud = memoryCloud();
    const production = deployerOn(cloud);
    const staging = deployerOn(cloud, { environment: "staging" });
    for (const deployer of [production, staging]) {
      await deployer.access.grant({ person: "kim", role: "viewer" });
      await deployer.access.grant({ person: "lee", role: "viewer" });
    }
    expect(await production.access.revoke("kim")).toEqual(["shop/production"]);
    expect(await staging.access.who()).toHaveLength(2);
    expect(await production.access.revoke("lee", { everywhere: true })).toEqual([
      "shop/production",
      "shop/staging",
    ]);
    expect(await production.access.revoke("lee", { everywhere: true })).toEqual([]);
    expect(await staging.access.who()).toEqual([{ person: "kim", role: "viewer" }]);
  });

  it("refuses roles that the vendor or nobody has, and names that are none, without a request", async () => {
    const cloud = memoryCloud();
    const { access } = deployerOn(cloud);
    const grant = (person: string, role: string) => access.grant({ person, role: role as "viewer" }).result;
    await expect(grant("kim", "operator")).rejects.toMatchObject({
      code: "access.unsupported",
      message: expect.stringContaining("three roles"),
    });
    await expect(grant("kim", "admin")).rejects.toMatchObject({ code: "access.bad-role" });
    for (const person of ["", "kim lee", "kim\nlee", "k".repeat(400)]) {
      await expect(grant(person, "viewer")).rejects.toMatchObject({ code: "access.bad-person" });
      await expect(access.revoke(person)).rejects.toMatchObject({ code: "access.bad-person" });
    }
    expect(access.supports("operator")).toMatchObject({ no: expect.any(String) });
    expect(cloud.calls).toEqual([]);
  });

  it("waits for whoever deploys", async () => {
    const cloud = memoryCloud();
    const holder = { name: "kim on laptop", since: "2026-01-01T00:00:00Z", operation: "up" };
    cloud.locks.set("shop/production", holder);
    const { access } = deployerOn(cloud);
    await expect(access.grant({ person: "kim", role: "viewer" }).result).rejects.toMatchObject({
      code: "lease.held",
    });
    expect(mutations(cloud)).toEqual([]);
  });
});

describe("cost", () => {
  it("adds up by provider, and names whose prices nobody knows", async () => {
    const cloud = memoryCloud();
    const nameless = { spec: 1, name: "names", credentials: {} } as const;
    const deployer = deployerOn(cloud, { extra: { retired: [nameless] } });
    const { estimates, unknown } = await deployer.cost();
    expect(estimates).toMatchObject([{ provider: "memory", currency: "USD", notCounted: ["traffic"] }]);
    expect(estimates[0]?.items.map(({ label }) => label)).toEqual(["web", "billing-api"]);
    expect(unknown).toEqual(["names"]);
    expect(mutations(cloud)).toEqual([]);
  });
});
