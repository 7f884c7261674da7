import { describe, expect, it } from "vitest";
import type { Addons } from "../elements/addons.js";
import type { Provider } from "../elements/provider.js";
import { deployerOn, key, mutations } from "./testing/deployed.js";
import { type MemoryCloud, memoryCloud } from "./testing/memory-cloud.js";
import { memoryVendor } from "./testing/memory-vendor.js";

const reference = { name: "DATABASE_URL", version: "7", location: "vault:db/7" };

/** A vendor which keeps the URL of its databases to itself. */
function secretiveVendor(cloud: MemoryCloud, name: string): Provider & { readonly addons: Addons } {
  const { addons, ...vendor } = memoryVendor(cloud);
  return {
    ...vendor,
    name,
    addons: {
      ...addons!,
      addon: (scope, addon) => ({
        ...addons!.addon(scope, addon),
        config: {},
        references: { [addon.as]: reference },
      }),
    },
  };
}

describe("an add-on whose vendor keeps its config", () => {
  it("hands processes a reference instead of a value", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { addonProvider: secretiveVendor(cloud, "memory") } });
    await deployer.up({ secrets: { SECRET_KEY: key } });
    const kept = cloud.releases.get("shop/production")![0]!;
    expect(kept.release.secrets).toEqual([{ name: "SECRET_KEY", version: "1" }, reference]);
    expect(kept.hidden.DATABASE_URL).toBeUndefined();
    expect((await deployer.plan()).changes).toEqual([]);
  });

  it("is refused where another vendor runs the processes, before anything is changed", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { addonProvider: secretiveVendor(cloud, "elsewhere") } });
    await expect(deployer.up({ secrets: { SECRET_KEY: key } }).result).rejects.toMatchObject({
      code: "environment.unsupported",
      message: expect.stringContaining("elsewhere keeps the address of the add-on db to itself"),
    });
    expect(mutations(cloud)).toEqual([]);
  });
});
