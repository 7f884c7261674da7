import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { applyPlan } from "./apply-plan.js";
import { createVendor } from "./testing/fake-vendor.js";
import { actions, planOf, removalOf, up } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const clock = createVirtualClock();

describe("pruning", () => {
  it("removes what is no longer wanted, after everything else, and asks nobody when the plan is not of everything", async () => {
    const vendor = createVendor({ clock });
    vendor.put("old", {});
    const input = { clock, providers: [vendor.provider], resources: [vendor.resource("new", {})] };
    expect(actions(await planOf({ ...input, prune: false }))).toEqual(["create new"]);
    const { prepared } = await up(input);
    expect(actions(prepared)).toEqual(["create new", "delete old"]);
    expect(vendor.mutations().at(-1)).toContain("delete");
    expect(vendor.things.size).toBe(1);
  });

  it("asks providers which only retired things are left of", async () => {
    const kept = createVendor({ clock });
    const retired = createVendor({ clock, name: "left" });
    retired.put("old", {});
    await up({ clock, providers: [kept.provider, retired.provider], resources: [] });
    expect(retired.things.size).toBe(0);
  });

  it("keeps what holds data, and what that stands on, unless it is named", async () => {
    const vendor = createVendor({
      clock,
      owned: (id) =>
        id.endsWith("database-1")
          ? { holdsData: "database db" }
          : id.endsWith("net")
            ? { after: ["acme/containers/database-1"] }
            : {},
    });
    vendor.put("database-1", {});
    vendor.put("net", {});
    const input = { clock, providers: [vendor.provider], resources: [] };
    const { plan } = await planOf(input);
    expect(plan.changes).toEqual([]);
    expect(plan.kept.map((one) => one.label)).toEqual(["thing database-1", "thing net"]);
    expect(plan.kept[0]!.reason).toContain("--delete-data db");
    for (const name of ["acme/containers/database-1", "database-1", "thing database-1", "db"]) {
      const named = await planOf({ ...input, options: { deleteData: [name] } });
      expect(
        named.plan.changes.map((change) => change.id),
        name,
      ).toEqual(["acme/containers/database-1", "acme/containers/net"]);
      expect(named.plan.changes[1]!.after).toEqual(["acme/containers/database-1"]);
    }
    expect((await planOf({ ...input, options: { deleteData: ["bd"] } })).plan.notes[0]).toContain("bd");
  });

  it("leaves alone what others use too", async () => {
    const vendor = createVendor({ clock, owned: () => ({ shared: true }) });
    vendor.put("zone", {});
    const { plan } = await planOf({ clock, providers: [vendor.provider], resources: [] });
    expect(plan.changes).toEqual([]);
    expect(plan.kept[0]!.reason).toContain("shared");
  });

  it("wants force above 30 % of ten or more", async () => {
    const vendor = createVendor({ clock });
    for (let n = 0; n < 10; n += 1) vendor.put(`t${n}`, {});
    const wanted = (count: number) => Array.from({ length: count }, (_, n) => vendor.resource(`t${n}`, {}));
    const input = { clock, providers: [vendor.provider] };
    expect((await planOf({ ...input, resources: wanted(7) })).plan.blocks).toEqual([]);
    const tooMany = await planOf({ ...input, resources: wanted(6) });
    expect(tooMany.plan.blocks[0]).toMatchObject({ code: "plan.too-many-deletions", id: "acme/containers" });
    const forced = await planOf({ ...input, resources: wanted(6), options: { force: true } });
    expect(forced.plan.blocks).toEqual([]);
    vendor.things.delete("acme/containers/t9");
    expect((await planOf({ ...input, resources: wanted(1) })).plan.blocks).toEqual([]);
  });

  it("does names first, and the rest in the order of its needs", async () => {
    const after: Record<string, string[]> = {
      "acme/containers/network": ["acme/containers/service"],
      "acme/containers/service": ["acme/dns/www"],
      "acme/dns/www": ["acme/containers/service"],
    };
    const vendor = createVendor({ clock, owned: (id) => ({ after: after[id] ?? [] }) });
    for (const id of ["containers/network", "containers/service", "containers/log", "dns/www"])
      vendor.put(`acme/${id}`, {});
    const prepared = await removalOf(clock, [vendor.provider]);
    await applyPlan(prepared);
    const order = vendor.mutations();
    expect(order[0]).toBe("delete acme/dns/www");
    expect(order.indexOf("delete acme/containers/service")).toBeLessThan(
      order.indexOf("delete acme/containers/network"),
    );
    expect(vendor.things.size).toBe(0);
  });
});

describe("down", () => {
  it("removes in parallel and leaves what holds data", async () => {
    const vendor = createVendor({
      clock,
      owned: (id) => (id.endsWith("/t0") ? { holdsData: "volume data" } : {}),
    });
    for (let n = 0; n < 17; n += 1) vendor.put(`t${n}`, {});
    const prepared = await removalOf(clock, [vendor.provider]);
    const started = clock.now();
    const result = await applyPlan(prepared);
    expect(clock.now() - started).toBe(50);
    expect(result.removed).toHaveLength(16);
    expect([...vendor.things.keys()]).toEqual(["acme/containers/t0"]);
    expect(prepared.plan).toMatchObject({ operation: "down", kept: [{ id: "acme/containers/t0" }] });
    expect((await removalOf(clock, [vendor.provider])).plan.changes).toEqual([]);
  });

  it("takes gone for removed", async () => {
    const vendor = createVendor({
      clock,
      disturb: ({ verb }) => {
        if (verb === "delete") throw new DeployError({ code: "acme.not-found", message: "No such thing." });
      },
    });
    vendor.put("a", {});
    const { removed } = await applyPlan(await removalOf(clock, [vendor.provider]));
    expect(removed).toEqual(["acme/containers/a"]);
  });
});
