import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { deployedShop, grants, open, shop } from "../../apps/testing/shop.js";
import type { VendorAccessView } from "../../shared/app-types.js";

const mona = { actor: "mona@example.org", address: "192.0.2.7" };

describe("the provider's own permissions", () => {
  it("follow the console's grants, and show where they do not", async () => {
    const { environment, cloud } = await deployedShop();
    const { call, services, grants: held, audit } = await open([environment]);
    cloud.grants.set("shop/production/old@example.org", "manager");
    expect(await services.vendorAccess.settle("Vera@Example.org", "shop", mona)).toEqual([
      { app: "shop", environment: "production", person: "vera@example.org", state: "granted" },
    ]);
    expect(cloud.grants.get("shop/production/vera@example.org")).toBe("viewer");
    expect(await services.vendorAccess.settle("vera@example.org", "*", mona)).toMatchObject([
      { state: "unchanged" },
    ]);
    await expect(call("olga@example.org", "GET", `${shop}/vendor-access`)).rejects.toMatchObject({
      code: "console.forbidden",
    });
    const { body } = await call("mona@example.org", "GET", `${shop}/vendor-access`);
    const view = body as VendorAccessView;
    expect(view.supports.operator).toEqual({ no: "it knows three roles" });
    expect(view.people.value?.map(({ person, state }) => `${person} ${state}`)).toEqual([
      "anna@example.org only here",
      "dora@example.org only here",
      "mona@example.org only here",
      "old@example.org only there",
      "olga@example.org unsupported",
      "vera@example.org same",
    ]);
    // A role that the provider does not know must not leave them with what they had.
    held["vera@example.org"] = { shop: "operator" };
    expect(await services.vendorAccess.settle("vera@example.org", "shop", mona)).toMatchObject([
      { state: "revoked" },
    ]);
    expect(cloud.grants.has("shop/production/vera@example.org")).toBe(false);
    expect(audit.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
      "access.provider-granted vera@example.org",
      "access.provider-revoked vera@example.org",
    ]);
    for (const entry of audit) expect(entry).toMatchObject(mona);
  });

  it("are brought in line by a button, one person at a time", async () => {
    const { environment, cloud } = await deployedShop();
    const { call } = await open([environment]);
    cloud.grants.set("shop/production/old@example.org", "manager");
    const apply = (person: string, action: string) =>
      call("mona@example.org", "POST", `${shop}/vendor-access/apply`, { person, action });
    await apply("old@example.org", "revoke");
    await apply("dora@example.org", "grant");
    expect(Object.fromEntries(cloud.grants)).toEqual({ "shop/production/dora@example.org": "deployer" });
    await expect(apply("dora@example.org", "revoke")).rejects.toMatchObject({ code: "access.not-in-line" });
    await expect(apply("stranger@example.org", "grant")).rejects.toMatchObject({
      code: "access.not-in-line",
    });
    await expect(apply("x", "delete")).rejects.toMatchObject({ code: "console.bad-request" });
  });

  it("lose no failure: it is shown, kept over a restart, and tried again", async () => {
    const { environment, cloud } = await deployedShop();
    const directory = await mkdtemp(join(tmpdir(), "deploy-apps-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const first = await open([environment], { directory, grants: grants() });
    await first.services.vendorAccess.settle("dora@example.org", "shop", mona);
    cloud.hook = (call) => {
      if (call.startsWith("delete grants")) throw new Error("The vendor is down.");
    };
    first.grants["dora@example.org"] = {};
    expect(await first.services.vendorAccess.revokeEverywhere("dora@example.org", mona)).toMatchObject([
      { app: "shop", problem: { message: "The vendor is down." } },
    ]);
    await first.close();
    const file = join(directory, "vendor-access.json");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).toContain("dora@example.org");

    const held = { ...grants(), "dora@example.org": {} };
    const second = await open([environment], { directory, grants: held });
    const drift = async () =>
      ((await second.call("mona@example.org", "GET", `${shop}/vendor-access`)).body as VendorAccessView)
        .people;
    expect((await drift()).value).toContainEqual(
      expect.objectContaining({
        person: "dora@example.org",
        there: "deployer",
        state: "only there",
        trouble: expect.objectContaining({ message: "The vendor is down." }),
      }),
    );
    const apply = { person: "dora@example.org", action: "revoke" };
    await second.call("mona@example.org", "POST", `${shop}/vendor-access/apply`, apply);
    expect(JSON.stringify(await drift())).toContain("The vendor is down.");
    cloud.hook = () => undefined;
    await second.call("mona@example.org", "POST", `${shop}/vendor-access/apply`, apply);
    expect(cloud.grants.size).toBe(0);
    expect(JSON.stringify(await drift())).not.toContain("dora");
    expect(second.audit.map(({ action }) => action)).toEqual([
      "access.provider-failed",
      "access.provider-revoked",
    ]);
  });

  it("show who is let in here although the provider does not answer", async () => {
    const { environment, cloud } = await deployedShop();
    const { call } = await open([environment]);
    cloud.hook = () => {
      throw new Error("down");
    };
    const { body } = await call("mona@example.org", "GET", `${shop}/vendor-access`);
    expect(body).toMatchObject({ people: { trouble: { message: "down" }, stale: true } });
    const { people } = body as VendorAccessView;
    expect(people.value?.every(({ state }) => state === "unknown")).toBe(true);
  });
});
