import { describe, expect, it } from "vitest";
import { applyPlan } from "./apply-plan.js";
import { output } from "./out.js";
import { parsePlan } from "./parse-plan.js";
import { assertFresh } from "./stale-plan.js";
import { createVendor, type Vendor, type VendorOptions } from "./testing/fake-vendor.js";
import { planOf, up } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const clock = createVirtualClock();

/** A deployment with everything in it that a crash can hit: late values, something slow, a gate, a renewal, a prune. */
function shop(vendor: Vendor, version: number) {
  const repository = vendor.resource("repository", {});
  const image = vendor.resource(`image-${version}`, { repository: output(repository, (it) => it.arn) });
  const database = vendor.resource("database", { size: 1 }, { readyAfter: 30_000 });
  const release = vendor.resource(`release-${version}`, {}, { after: [database, image] });
  const service = vendor.resource(
    "service",
    { image: output(image, (it) => it.arn), database: output(database, (it) => it.arn) },
    { after: [release], readyAfter: 5_000, renews: true },
  );
  const {
    create: _create,
    update: _update,
    ...gate
  } = vendor.resource(
    "healthy",
    {},
    {
      after: [service],
      read: async () => {
        const thing = vendor.things.get(service.id);
        return thing !== undefined && thing.readyAt <= clock.now()
          ? { arn: "healthy", readyAt: 0 }
          : undefined;
      },
    },
  );
  return [vendor.resource("www", { to: output(service, (it) => it.arn) }, { element: "dns", after: [gate] })];
}

function stateOf(vendor: Vendor): readonly string[] {
  // The numbers in the vendor's own ids depend on how often it was called; what refers to what must not.
  const text = (value: unknown): string => JSON.stringify(value).replace(/:\d+"/g, '"');
  return [...vendor.things].map(([id, thing]) => `${id} ${text(thing.data)}`).sort();
}

describe("a run killed around any call", () => {
  it.each(["before", "after"] as const)("is finished by running it again (killed %s)", async (phase) => {
    const undisturbed = createVendor({ clock });
    for (const version of [1, 2]) {
      await up({ clock, providers: [undisturbed.provider], resources: shop(undisturbed, version) });
    }
    const wanted = stateOf(undisturbed);
    const total = undisturbed.mutations().length;
    expect(total).toBe(12);
    for (let kill = 1; kill <= total; kill += 1) {
      let seen = 0;
      const disturb: VendorOptions["disturb"] = (call) => {
        if (call.verb === "read" || call.verb === "owned" || call.phase !== phase) return;
        seen += 1;
        if (seen === kill) throw new Error("killed");
      };
      const vendor = createVendor({ clock, disturb });
      for (const version of [1, 2]) {
        const input = { clock, providers: [vendor.provider], resources: shop(vendor, version) };
        // The plan was saved before the first try: it must let itself be resumed after the crash.
        const saved = parsePlan(JSON.stringify((await planOf(input)).plan), "plan.json");
        await up(input).catch(async (error: Error) => {
          expect(error.message).toBe("killed");
          const fresh = await planOf(input);
          assertFresh(saved, fresh.plan);
          await applyPlan(fresh);
        });
        expect((await planOf(input)).plan.changes).toEqual([]);
      }
      expect(stateOf(vendor), `killed ${phase} mutation ${kill}`).toEqual(wanted);
      // No second release command, no second image: at most the one call that was killed is made again.
      expect(vendor.mutations().length).toBeLessThanOrEqual(total + (phase === "before" ? 1 : 0));
    }
  });
});
