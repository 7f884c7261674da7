import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Plan } from "../engine/plan.js";
import { redact, reveal } from "../redacted.js";
import { deployed, deployerOn, eventsOf, key, mutations, password } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";
import { repository } from "./testing/repository.js";

describe("up", () => {
  it("puts every element into service, and then finds nothing to do", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud);
    const { events, result } = await eventsOf(deployer.up({ secrets: { SECRET_KEY: key } }));
    expect(result.release).toBe(1);
    expect(result.urls).toEqual(["https://shop-production.memory.test"]);
    expect(events.find((event) => event.type === "planned")).toMatchObject({ unchanged: 0 });
    expect(events.at(-1)).toMatchObject({ type: "finished" });

    const kept = cloud.releases.get("shop/production")![0]!;
    expect(kept.release.config).toEqual({
      LOG_LEVEL: "info",
      WEB_URL: "http://web.production.internal",
      BILLING_API_URL: "http://billing-api.production.internal",
    });
    expect(kept.hidden.DATABASE_URL).toContain(password);
    expect(kept.release.secrets).toEqual([{ name: "SECRET_KEY", version: "1" }]);

    const plan = await deployer.plan();
    expect(plan.changes).toEqual([]);
    expect(plan.identities).toEqual({ memory: "acme" });
    const before = mutations(cloud).length;
    await deployer.up();
    expect(mutations(cloud)).toHaveLength(before);
    expect(cloud.locks.size).toBe(0);
  });

  it("takes a backup, then migrates, then starts, then switches", async () => {
    const { cloud } = await deployed();
    const order = [
      "addons/db-backup",
      "run release-command",
      "put memory/containers/process/web",
      "switch to 1",
    ];
    const places = order.map((step) =>
      cloud.calls.findIndex((call) => call.includes(step) && !call.startsWith("get")),
    );
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(places[0]).toBeGreaterThan(0);
  });

  it("keeps secrets out of plans, events and errors", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud);
    const { events } = await eventsOf(deployer.up({ secrets: { SECRET_KEY: key } }));
    cloud.things.clear();
    const plan = await deployer.plan();
    const all = JSON.stringify([events, plan]);
    expect(all).not.toContain(password);
    expect(all).not.toContain(reveal(key));
  });

  it("names a missing secret, and changes nothing until it is there", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { app: { secrets: ["SECRET_KEY", "OTHER"] } });
    await expect(deployer.up().result).rejects.toMatchObject({ code: "secrets.missing" });
    await expect(deployer.up({ secrets: { SECRT_KEY: key } }).result).rejects.toMatchObject({
      code: "secrets.unknown",
      hint: 'Did you mean "SECRET_KEY"?',
    });
    expect(mutations(cloud)).toEqual([]);
    expect(cloud.locks.size).toBe(0);
    await deployer.secrets.set("SECRET_KEY", key);
    await deployer.up({ secrets: { OTHER: redact("x") } });
    expect((await deployer.secrets.list()).map((entry) => entry.declared)).toEqual([true, true]);
  });

  it("refuses other credentials than those of the declared account before it asks anything else", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { account: "somebody-else" } });
    for (const attempt of [
      () => deployer.up().result,
      () => deployer.plan(),
      () => deployer.down({ confirm: "shop" }).result,
      () => deployer.status(),
      () => deployer.scale({ web: 2 }).result,
      () => deployer.secrets.set("SECRET_KEY", key),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: "account.mismatch" });
    }
    expect([...new Set(cloud.calls)]).toEqual(["identity"]);
  });

  it("asks for the name of a protected environment, and for a clean tree", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { protected: true } });
    await expect(deployer.up({ confirm: "staging" }).result).rejects.toMatchObject({
      code: "environment.confirmation-needed",
    });
    expect(cloud.calls).toEqual([]);
    await deployer.up({ confirm: "production", secrets: { SECRET_KEY: key } });
  });

  it("refuses a dirty tree in a protected environment, but not elsewhere", async () => {
    const directory = await repository();
    await writeFile(join(directory, "new.txt"), "not committed");
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { protected: true }, deployer: { directory } });
    const options = { confirm: "production", secrets: { SECRET_KEY: key } };
    await expect(deployer.up(options).result).rejects.toMatchObject({ code: "environment.dirty-tree" });
    expect(cloud.calls).toEqual([]);
    await deployer.up({ ...options, allowDirty: true, message: "in a hurry" });
    expect(cloud.releases.get("shop/production")![0]!.release.origin).toEqual({
      author: "Maria",
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      dirty: true,
      message: "in a hurry",
    });
    await deployerOn(cloud, { environment: "staging", deployer: { directory } }).up({
      secrets: options.secrets,
    });
  });

  it("refuses what a provider cannot do, all of it and without a request", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, {
      containers: {
        releaseCommand: { no: "it runs nothing twice" },
        internalAddresses: { no: "it has no network" },
      },
    });
    await expect(deployer.up().result).rejects.toMatchObject({
      code: "environment.unsupported",
      problems: [
        { message: expect.stringContaining("it runs nothing twice") },
        { message: expect.stringContaining("it has no network") },
      ],
    });
    await expect(deployer.plan()).rejects.toMatchObject({ code: "environment.unsupported" });
    expect(cloud.calls).toEqual([]);
  });

  it("applies a saved plan, and refuses one that the world has moved away from", async () => {
    const cloud = memoryCloud();
    let source = "v1";
    const deployer = deployerOn(cloud, { source: () => source });
    const secrets = { SECRET_KEY: key };
    const saved = JSON.parse(JSON.stringify(await deployer.plan({ secrets }))) as Plan;
    source = "v2";
    await expect(deployer.up({ plan: saved, secrets }).result).rejects.toMatchObject({ code: "plan.stale" });
    expect(mutations(cloud)).toEqual([]);
    source = "v1";
    expect((await deployer.up({ plan: saved, secrets })).release).toBe(1);
    const other = deployerOn(cloud, { environment: "staging" });
    await expect(other.up({ plan: saved }).result).rejects.toMatchObject({ code: "plan.other-environment" });
  });

  it("removes what is no longer declared, and keeps data", async () => {
    const { cloud } = await deployed();
    const smaller = deployerOn(cloud, { app: { addons: {}, processes: { web: { command: "serve" } } } });
    const { events } = await eventsOf(smaller.up());
    const ids = [...cloud.things.values()].map((one) => one.id);
    expect(ids).toContain("memory/addons/db");
    expect(ids).not.toContain("memory/containers/process/billing-api");
    expect(events.some((event) => event.type === "note" && event.message.includes("database db"))).toBe(true);
    await smaller.up({ deleteData: ["db"] });
    expect([...cloud.things.values()].map((one) => one.id)).not.toContain("memory/addons/db");
  });
});
