import { describe, expect, it } from "vitest";
import { redact } from "../redacted.js";
import { mapOut, output } from "./out.js";
import { createVendor } from "./testing/fake-vendor.js";
import { actions, planOf, up } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const clock = createVirtualClock();

describe("a plan", () => {
  it("is empty the second time, late values included", async () => {
    const vendor = createVendor({ clock });
    const role = vendor.resource("role", { path: "/" });
    const service = vendor.resource("service", {
      role: output(role, (it) => it.arn),
      key: redact("s3cret-value"),
    });
    const input = { clock, providers: [vendor.provider], resources: [service] };
    const first = await up(input);
    expect(actions(first.prepared)).toEqual(["create role", "create service"]);
    expect(first.prepared.plan.changes[1]!.after).toEqual([role.id]);
    expect(first.prepared.plan.changes[1]!.fields).toEqual([
      { path: "role", unknown: true },
      { path: "key", to: "<redacted>" },
    ]);
    const second = await planOf(input);
    expect(second.plan.changes).toEqual([]);
    expect(second.plan.unchanged).toBe(2);
    expect(second.plan.desired).toEqual(first.prepared.plan.desired);
  });

  it("reads everything in one wave", async () => {
    const vendor = createVendor({ clock, limits: { concurrency: 100 } });
    const first = vendor.resource("a", {});
    const chain = [first];
    for (let n = 0; n < 50; n += 1)
      chain.push(vendor.resource(`b${n}`, { of: output(chain[n]!, (it) => it.arn) }));
    const started = clock.now();
    await planOf({ clock, providers: [vendor.provider], resources: chain });
    expect(clock.now() - started).toBe(50);
  });

  it("shares reads of one key, and gives back the place and the token of those who only wait", async () => {
    const vendor = createVendor({ clock, limits: { concurrency: 2, rate: { perSecond: 1, burst: 2 } } });
    let lists = 0;
    const records = Array.from({ length: 200 }, (_, n) =>
      vendor.resource(
        `r${n}`,
        {},
        {
          read: (context) =>
            context.shared("list", async () => {
              lists += 1;
              await clock.sleep(50);
              return undefined;
            }),
        },
      ),
    );
    const started = clock.now();
    await planOf({ clock, providers: [vendor.provider], resources: records, prune: false });
    expect(lists).toBe(1);
    expect(clock.now() - started).toBeLessThan(1_100);
  });

  it("asks again after a shared read has failed for the moment", async () => {
    const vendor = createVendor({ clock });
    let lists = 0;
    const records = ["a", "b"].map((name) =>
      vendor.resource(
        name,
        {},
        {
          read: (context) =>
            context.shared("list", async () => {
              lists += 1;
              if (lists === 1) throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
              return undefined;
            }),
        },
      ),
    );
    await planOf({ clock, providers: [vendor.provider], resources: records });
    expect(lists).toBe(2);
  });

  it("shows unknown values only where a source is made, renewed or waited for", async () => {
    const vendor = createVendor({ clock });
    const build = (version: number, renews: boolean) => {
      const source = vendor.resource("source", { version }, renews ? { renews: true } : {});
      const url = mapOut(
        output(source, (it) => it.arn),
        (arn) => `x${arn}`,
      );
      return [vendor.resource("user", { url }), source];
    };
    const base = { clock, providers: [vendor.provider] };
    await up({ ...base, resources: build(1, true) });
    const plain = await planOf({ ...base, resources: build(2, false) });
    expect(actions(plain)).toEqual(["update source"]);
    const renewed = await planOf({ ...base, resources: build(2, true) });
    expect(actions(renewed)).toEqual(["update source", "update user"]);
    expect(renewed.plan.changes[1]!.fields[0]).toMatchObject({ path: "url", unknown: true });
    const done = await up({ ...base, resources: build(2, true) });
    expect(done.done).toHaveLength(2);
    expect((await planOf({ ...base, resources: build(2, true) })).plan.changes).toEqual([]);
  });

  it("waits for what is pending, and for gates that are closed", async () => {
    const vendor = createVendor({ clock });
    const base = { clock, providers: [vendor.provider] };
    vendor.put("slow", {}, { readyAt: clock.now() + 60_000 });
    const slow = vendor.resource("slow", {});
    const { create: _create, update: _update, ...rest } = vendor.resource("gate", {});
    const gate = { ...rest, after: [slow] };
    const user = vendor.resource("user", { arn: output(slow, (it) => it.arn) }, { after: [gate] });
    const plan = await planOf({ ...base, resources: [user] });
    expect(actions(plan)).toEqual(["wait slow", "wait gate", "create user"]);
    expect(plan.plan.changes[0]!.reason).toBe("provisioning");
    expect(plan.plan.changes[2]!.fields[0]!.unknown).toBe(true);
  });

  it("blocks before anything is changed: foreign, immutable, blocked", async () => {
    const vendor = createVendor({ clock });
    vendor.put("www", { to: "elsewhere" }, { ours: false });
    vendor.put("fixed", { size: 1 });
    const { update: _update, ...fixed } = vendor.resource("fixed", { size: 2 });
    const resources = [
      vendor.resource("www", { to: "us" }),
      fixed,
      vendor.resource("secret", {}, { blocked: () => ({ code: "secrets.no-value", message: "No value." }) }),
      vendor.resource("fine", {}),
    ];
    const prepared = await planOf({ clock, providers: [vendor.provider], resources });
    expect(prepared.plan.blocks.map(({ id, code }) => `${code} ${id}`)).toEqual([
      "plan.foreign acme/containers/www",
      "plan.immutable acme/containers/fixed",
      "secrets.no-value acme/containers/secret",
    ]);
    await expect(up({ clock, providers: [vendor.provider], resources })).rejects.toMatchObject({
      code: "plan.blocked",
    });
    expect(vendor.mutations()).toEqual([]);
  });

  it("adopts by word, showing what will change", async () => {
    const vendor = createVendor({ clock });
    vendor.put("www", { to: "elsewhere" }, { ours: false });
    const www = vendor.resource("www", { to: "us" });
    const input = {
      clock,
      providers: [vendor.provider],
      resources: [www],
      options: { adopt: [www.id, "typo"] },
    };
    const { prepared } = await up(input);
    expect(prepared.plan.changes[0]).toMatchObject({
      action: "adopt",
      fields: [{ from: "elsewhere", to: "us" }],
    });
    expect(prepared.plan.notes[0]).toContain("typo");
    expect(vendor.mutations()).toEqual([`adopt ${www.id}`, `update ${www.id}`]);
    expect((await planOf({ ...input, options: {} })).plan.changes).toEqual([]);

    vendor.put("www", {}, { ours: false });
    const { adopt: _adopt, ...without } = www;
    const refused = await planOf({ ...input, resources: [without] });
    expect(refused.plan.blocks[0]!.code).toBe("plan.cannot-adopt");
  });

  it("blocks on a failure that no change can mend", async () => {
    const vendor = createVendor({ clock });
    vendor.put("broken", {});
    const pending = (): never => {
      throw new Error("validation failed");
    };
    const broken = vendor.resource("broken", {}, { pending });
    const alone = await planOf({ clock, providers: [vendor.provider], resources: [broken] });
    expect(alone.plan.blocks[0]).toMatchObject({ id: broken.id, message: "validation failed" });
    const mended = vendor.resource("broken", {}, { pending, after: [vendor.resource("record", {})] });
    const later = await planOf({ clock, providers: [vendor.provider], resources: [mended] });
    expect(later.plan.blocks).toEqual([]);
  });

  it("names the changes before a change through what is unchanged", async () => {
    const vendor = createVendor({ clock });
    vendor.put("middle", {});
    const first = vendor.resource("first", {});
    const middle = vendor.resource("middle", {}, { after: [first] });
    const last = vendor.resource("last", {}, { after: [middle] });
    const { plan } = await planOf({ clock, providers: [vendor.provider], resources: [last] });
    expect(plan.changes.map((change) => change.after)).toEqual([[], [first.id]]);
  });
});
