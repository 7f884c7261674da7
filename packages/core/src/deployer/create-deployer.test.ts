import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { defineApp } from "../app/define-app.js";
import type { AppInput, EnvironmentInput } from "../app/types.js";
import type { ObservedRecordSet } from "../elements/traffic.js";
import type { DeployEvent, Operation } from "../engine/events.js";
import type { Plan } from "../engine/plan.js";
import { redact, reveal } from "../redacted.js";
import { createDeployer } from "./create-deployer.js";
import { type MemoryCloud, memoryCloud } from "./testing/memory-cloud.js";
import { memoryDns } from "./testing/memory-dns.js";
import { type MemoryVendorOptions, memoryVendor } from "./testing/memory-vendor.js";
import { repository } from "./testing/repository.js";
import type { Deployer, DeployerOptions } from "./types.js";

const password = "s3cret-password";
const key = redact("k3y-of-the-app");

interface Options extends MemoryVendorOptions {
  readonly app?: Partial<AppInput>;
  readonly environment?: string;
  readonly extra?: Partial<EnvironmentInput>;
  readonly deployer?: Partial<DeployerOptions>;
}

function deployerOn(cloud: MemoryCloud, options: Options = {}): Deployer {
  const target = memoryVendor(cloud, options);
  const app = defineApp({
    name: "shop",
    build: { command: "make" },
    processes: {
      web: { command: "serve", health: "/healthz" },
      "billing-api": { command: "bill", internal: true },
    },
    release: "migrate",
    addons: { db: { kind: "postgres" } },
    secrets: ["SECRET_KEY"],
    config: { LOG_LEVEL: "info" },
    ...(options.app as object),
    environments: {
      production: { target, ...(options.extra as object) },
      staging: { target },
    },
  });
  return createDeployer(app, {
    environment: options.environment ?? "production",
    directory: "/",
    env: { MEMORY_TOKEN: "t", USER: "maria", PATH: process.env.PATH },
    ...options.deployer,
  });
}

async function eventsOf<T>(operation: Operation<T>): Promise<{ events: DeployEvent[]; result: T }> {
  const events: DeployEvent[] = [];
  for await (const event of operation) events.push(event);
  return { events, result: await operation };
}

async function deployed(options: Options = {}): Promise<{ cloud: MemoryCloud; deployer: Deployer }> {
  const cloud = memoryCloud();
  const deployer = deployerOn(cloud, options);
  await deployer.up({ secrets: { SECRET_KEY: key } });
  return { cloud, deployer };
}

const mutations = (cloud: MemoryCloud): string[] =>
  cloud.calls.filter((call) => /^(put|create|run|switch|delete|set|scale|restart)/.test(call));

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

  it("lets one of two runs in, and tells the other who holds the lock", async () => {
    const cloud = memoryCloud();
    const run = () => deployerOn(cloud).up({ secrets: { SECRET_KEY: key } });
    const [first, second] = await Promise.allSettled([run().result, run().result]);
    const refused = [first, second].filter((one) => one.status === "rejected");
    expect(refused).toHaveLength(1);
    expect(refused[0]!.reason).toMatchObject({
      code: "lease.held",
      message: expect.stringMatching(/holds it since .* for "up"/),
      details: { holder: { operation: "up" } },
    });
    expect(cloud.releases.get("shop/production")).toHaveLength(1);
    expect(cloud.locks.size).toBe(0);
  });

  it("waits for the lock as long as it is told to, and never mixes two releases", async () => {
    const cloud = memoryCloud();
    const secrets = { SECRET_KEY: key };
    cloud.hook = async (call) => {
      const tries = (): number => cloud.calls.filter((one) => one === "acquire lock").length;
      while (call === "put memory/servers/machine" && tries() < 3) await sleep(2);
    };
    const ahead = deployerOn(cloud, { source: () => "v1" }).up({ secrets }).result;
    while (cloud.locks.size === 0) await sleep(2);
    const behind = deployerOn(cloud, { source: () => "v2" });
    await expect(behind.up({ secrets }).result).rejects.toMatchObject({ code: "lease.held" });
    const { events, result } = await eventsOf(behind.up({ secrets, lockWaitMs: 20_000 }));
    await ahead;
    expect(events[0]).toMatchObject({ type: "waiting", id: "lock" });
    expect(result.release).toBe(2);
    expect(new Set(cloud.serving.values())).toEqual(new Set([2]));
  });

  it("gives the lock back when the run fails or is cancelled", async () => {
    const cloud = memoryCloud();
    const failing = deployerOn(cloud, { app: { release: "fail" } });
    await expect(failing.up({ secrets: { SECRET_KEY: key } }).result).rejects.toMatchObject({
      code: "containers.release-command-failed",
    });
    expect(cloud.locks.size).toBe(0);
    expect(cloud.serving.size).toBe(0);

    const stop = new AbortController();
    cloud.hook = (call) => {
      if (call === "create release") stop.abort();
    };
    const deployer = deployerOn(cloud);
    await expect(deployer.up({ signal: stop.signal }).result).rejects.toMatchObject({
      code: "run.cancelled",
    });
    expect(cloud.locks.size).toBe(0);
    expect(cloud.serving.size).toBe(0);
    cloud.hook = () => undefined;
    expect((await deployer.up()).release).toBeGreaterThan(0);
  });

  it("stops at once when the lock was taken away", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud);
    cloud.hook = (call) => {
      if (call === "get secret SECRET_KEY") cloud.locks.clear();
    };
    await expect(deployer.up({ secrets: { SECRET_KEY: key } }).result).rejects.toThrow();
    expect(mutations(cloud)).toEqual([]);
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

describe("domains", () => {
  const domains = { "example.org": "web", "www.example.org": { redirect: "example.org" } } as const;

  it("writes validation records early and host records last", async () => {
    const zones: Record<string, ObservedRecordSet[]> = { "example.org": [] };
    const dns = memoryDns(zones);
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { dns, domains } });
    const trace: string[] = [];
    cloud.hook = (call) => {
      if (call.startsWith("switch") || call === "put memory/ingress/routes") {
        trace.push(call, ...zones["example.org"]!.map((record) => record.name).sort());
      }
    };
    const result = await deployer.up({ secrets: { SECRET_KEY: key } });
    expect(trace.at(-3)).toBe("put memory/ingress/routes");
    expect(trace.slice(-2)).toEqual(["_proof.example.org", "_proof.www.example.org"]);
    expect(zones["example.org"]!.map((record) => record.name).sort()).toEqual([
      "_proof.example.org",
      "_proof.www.example.org",
      "example.org",
      "www.example.org",
    ]);
    expect(result.urls).toEqual(["https://example.org", "https://shop-production.memory.test"]);
    expect((await deployer.plan()).changes).toEqual([]);

    await deployerOn(cloud, { extra: { dns } }).up();
    expect(zones["example.org"]).toEqual([]);
  });

  it("blocks on a record that is not ours before anything is changed", async () => {
    const dns = memoryDns({ "example.org": [{ name: "www.example.org", type: "A", values: ["192.0.2.1"] }] });
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { dns, domains } });
    await expect(deployer.up({ secrets: { SECRET_KEY: key } }).result).rejects.toMatchObject({
      code: "plan.foreign",
    });
    expect(mutations(cloud)).toEqual([]);
    const { release } = await deployer.up({
      secrets: { SECRET_KEY: key },
      adopt: ["names/dns/www.example.org"],
    });
    expect(release).toBe(1);
  });

  it.each([
    ["flatten", undefined],
    ["alias", undefined],
    [{ no: "plain records only" }, "environment.unsupported"],
  ] as const)("knows the apex rule %j without a call", async (apex, code) => {
    const dns = memoryDns({ "example.org": [] }, apex);
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { dns, domains } });
    const plan = deployer.plan({ secrets: { SECRET_KEY: key } });
    if (code === undefined) expect((await plan).blocks).toEqual([]);
    else {
      await expect(plan).rejects.toMatchObject({ code });
      expect([...dns.calls, ...cloud.calls.filter((call) => call !== "identity")]).toEqual([]);
    }
  });

  it("refuses a redirect that nobody can serve, and says what to write by hand without a DNS provider", async () => {
    const cloud = memoryCloud();
    const names = memoryDns({ "example.org": [] });
    const refused = deployerOn(cloud, { redirects: false, extra: { dns: names, domains } });
    await expect(refused.plan()).rejects.toMatchObject({ code: "environment.unsupported" });

    const extra = { domains: { "example.org": "web" } };
    const unproven = deployerOn(cloud, { extra });
    await expect(unproven.plan()).rejects.toMatchObject({
      code: "environment.unsupported",
      message: expect.stringContaining("no DNS provider"),
    });
    const byHand = deployerOn(cloud, { certificates: false, extra });
    const { events } = await eventsOf(byHand.up({ secrets: { SECRET_KEY: key } }));
    const notes = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(notes).toContain("Make the record example.org CNAME lb.memory.test at whoever holds that domain.");
  });
});

describe("rollback", () => {
  it("puts the release before into service again, with its config, secrets and add-on config", async () => {
    const cloud = memoryCloud();
    let source = "v1";
    const first = deployerOn(cloud, { source: () => source });
    await first.up({ secrets: { SECRET_KEY: key } });
    source = "v2";
    const second = deployerOn(cloud, { source: () => source, app: { config: { LOG_LEVEL: "debug" } } });
    await second.up({ secrets: { SECRET_KEY: redact("another") } });
    const things = cloud.things.size;
    const migrations = cloud.calls.filter((call) => call === "run release-command").length;
    const { release } = await second.rollback();
    expect(release).toBe(3);
    const [, , third] = cloud.releases.get("shop/production")!;
    expect(third!.release).toMatchObject({
      state: "active",
      image: { digest: "sha256:v1" },
      config: { LOG_LEVEL: "info" },
      secrets: [{ name: "SECRET_KEY", version: "1" }],
      origin: { repeats: 1 },
    });
    expect(third!.hidden.DATABASE_URL).toContain(password);
    expect(new Set(cloud.serving.values())).toEqual(new Set([3]));
    expect(cloud.things.size).toBe(things);
    expect(cloud.calls.filter((call) => call === "run release-command")).toHaveLength(migrations);
    await expect(second.rollback().result).rejects.toMatchObject({
      code: "rollback.nothing-to-roll-back-to",
    });
    await expect(second.rollback({ to: 9 }).result).rejects.toMatchObject({
      code: "rollback.unknown-release",
      hint: "Known: 3, 2, 1.",
    });
    await expect(second.rollback({ to: 3 }).result).rejects.toMatchObject({
      code: "rollback.already-active",
    });
    expect((await second.rollback({ to: 2 })).release).toBe(4);
  });

  it("never goes back to a release that failed, nor without the capability", async () => {
    const { cloud, deployer } = await deployed();
    await expect(
      deployerOn(cloud, { source: () => "v2", app: { release: "fail" } }).up().result,
    ).rejects.toMatchObject({ code: "containers.release-command-failed" });
    await expect(deployer.rollback({ to: 2 }).result).rejects.toMatchObject({
      code: "rollback.failed-release",
    });
    const calls = cloud.calls.length;
    const unable = deployerOn(cloud, { containers: { rollback: { no: "it forgets" } } });
    await expect(unable.rollback().result).rejects.toMatchObject({
      code: "containers.unsupported",
      message: expect.stringContaining("it forgets"),
    });
    expect(cloud.calls).toHaveLength(calls);
  });
});

describe("promotion", () => {
  it("releases the same digest with the config of this environment", async () => {
    const cloud = memoryCloud();
    const staging = deployerOn(cloud, { environment: "staging", source: () => "tested" });
    await staging.up({ secrets: { SECRET_KEY: key } });
    const production = deployerOn(cloud, {
      source: () => "untested",
      extra: { config: { LOG_LEVEL: "warning" } },
    });
    await production.promoteFrom(staging, { secrets: { SECRET_KEY: key } });
    expect(cloud.releases.get("shop/production")![0]!.release).toMatchObject({
      image: { digest: "sha256:tested" },
      config: { LOG_LEVEL: "warning" },
      origin: { promotedFrom: "staging release 1" },
    });
    const calls = cloud.calls.length;
    const unable = deployerOn(cloud, { images: { promotion: { no: "images stay where they are" } } });
    await expect(unable.promoteFrom(staging).result).rejects.toMatchObject({ code: "images.unsupported" });
    await expect(staging.promoteFrom(staging).result).rejects.toMatchObject({ code: "promotion.other-app" });
    expect(cloud.calls).toHaveLength(calls);
  });
});

describe("down", () => {
  it("needs the app's name, removes everything but data, and proves it", async () => {
    const zones: Record<string, ObservedRecordSet[]> = { "example.org": [] };
    const options = { extra: { dns: memoryDns(zones), domains: { "example.org": "web" } } } as const;
    const { cloud, deployer } = await deployed(options);
    await expect(deployer.down({ confirm: "production" }).result).rejects.toMatchObject({
      code: "down.confirmation-needed",
    });
    const { result } = await eventsOf(deployer.down({ confirm: "shop" }));
    expect(result.kept.map((one) => one.label)).toEqual(["database db"]);
    expect(result.left).toEqual([]);
    expect(result.removed).toContain("machine");
    expect(zones["example.org"]).toEqual([]);
    expect([...cloud.things.values()].map((one) => one.id)).toEqual(["memory/addons/db"]);
    const again = await deployer.down({ confirm: "shop", deleteData: ["db"] });
    expect(again).toMatchObject({ removed: ["database db"], kept: [], left: [] });
  });

  it("keeps the logs when told to, and says what came back meanwhile", async () => {
    const { cloud, deployer } = await deployed();
    cloud.hook = (call) => {
      if (call !== "delete memory/servers/machine") return;
      cloud.things.set("x", {
        id: "memory/servers/x",
        label: "x",
        element: "servers",
        scope: "shop/production",
        state: {},
      });
    };
    const result = await deployer.down({ confirm: "shop", keepLogs: true });
    expect(result.left).toEqual(["x"]);
    expect([...cloud.things.values()].map((one) => one.id)).toContain("memory/logs/group");
  });
});

describe("everyday verbs", () => {
  it("tells what is in service, and by whom it is locked", async () => {
    const { cloud, deployer } = await deployed();
    const holder = { name: "kim on laptop, process 1", since: "2026-01-01T00:00:00Z", operation: "up" };
    cloud.locks.set("shop/production", holder);
    expect(await deployer.status()).toMatchObject({
      app: "shop",
      environment: "production",
      release: 1,
      urls: ["https://shop-production.memory.test"],
      lock: holder,
      servers: [{ name: "machine" }],
      addons: [{ name: "db" }],
    });
    await expect(deployer.up().result).rejects.toMatchObject({ code: "lease.held", details: { holder } });
    expect(await deployer.breakLock()).toEqual(holder);
    expect(await deployer.breakLock()).toBeUndefined();
  });

  it("refuses names that do not exist without a request", async () => {
    const { cloud, deployer } = await deployed();
    const calls = cloud.calls.length;
    const cases: [() => PromiseLike<unknown>, string, string][] = [
      [() => deployer.run({ command: "x", process: "wbe" }), "containers.unknown-process", "web"],
      [() => deployer.scale({ weeb: 1 }), "containers.unknown-process", "web"],
      [() => deployer.restart("billing-app"), "containers.unknown-process", "billing-api"],
      [() => deployer.exec({ command: "x", instance: "wep.1" }), "containers.unknown-process", "web"],
      [() => deployer.addons.backup("bd"), "addons.unknown", "db"],
      [() => deployer.secrets.set("SECRET_KY", key), "secrets.unknown", "SECRET_KEY"],
      [() => first(deployer.logs({ processes: ["rlease"] })), "logs.unknown-process", "release"],
      [() => deployer.scale({ web: -1 }), "containers.bad-instances", ""],
      [() => first(deployer.logs({ last: 1.5 })), "logs.bad-query", ""],
      [() => first(deployer.logs({ follow: true })), "logs.unsupported", ""],
      [() => deployer.addons.connect("db"), "addons.unsupported", ""],
    ];
    for (const [attempt, code, near] of cases) {
      const refused = expect(Promise.resolve().then(attempt)).rejects;
      await refused.toMatchObject({ code, hint: expect.stringContaining(near) });
    }
    expect(cloud.calls).toHaveLength(calls);
    await expect(deployer.exec({ command: "x", instance: "web.2" })).rejects.toMatchObject({
      code: "containers.unknown-instance",
      hint: 'Did you mean "web.1"?',
    });
    await expect(deployer.secrets.reveal("NOTHING")).rejects.toMatchObject({ code: "secrets.unknown" });
  });

  it("runs, scales, restarts and reads logs under the right names", async () => {
    const { cloud, deployer } = await deployed({
      app: { processes: { web: { command: "serve", instances: 2 } } },
    });
    expect(await (await deployer.run({ command: "x" })).exitCode).toBe(0);
    await deployer.exec({ command: "x", instance: "web.1" });
    const { events } = await eventsOf(deployer.scale({ web: 3 }));
    expect(events.find((event) => event.type === "note")?.message).toContain("declares 2 of web");
    await deployer.restart();
    expect(await first(deployer.logs())).toMatchObject({ text: "hello" });
    expect(await deployer.releases()).toHaveLength(1);
    expect(reveal(await deployer.secrets.reveal("SECRET_KEY"))).toBe(reveal(key));
    await deployer.secrets.unset("SECRET_KEY");
    await deployer.addons.restore("db", "b1");
    expect(cloud.calls).toEqual(
      expect.arrayContaining([
        "run web",
        'scale {"web":3}',
        "restart undefined",
        "unset secret",
        "restore db b1",
      ]),
    );
    expect(cloud.locks.size).toBe(0);
  });

  it("examines everything, and fails at nothing", async () => {
    const cloud = memoryCloud();
    const findings = await deployerOn(cloud, { extra: { account: "other" } }).doctor();
    const states = Object.fromEntries(findings.map((finding) => [finding.subject, finding.state]));
    expect(states).toMatchObject({
      "Node.js": "ok",
      "credentials of memory": "ok",
      "identity at memory": "ok",
      account: "failed",
      secrets: "failed",
      lock: "ok",
      memory: "ok",
    });
    const calls = cloud.calls.length;
    const without = await deployerOn(cloud, { deployer: { env: {} } }).doctor();
    expect(without.find((finding) => finding.subject === "credentials of memory")).toMatchObject({
      state: "failed",
      message: "Not set: MEMORY_TOKEN (API token).",
    });
    expect(cloud.calls).toHaveLength(calls);
    expect(deployerOn(cloud).credentials().memory).toHaveProperty("token");
    expect(await deployerOn(cloud).identity()).toMatchObject({ memory: { account: "acme" } });
  });
});

async function first<T>(lines: AsyncIterable<T>): Promise<T | undefined> {
  for await (const line of lines) return line;
  return undefined;
}
