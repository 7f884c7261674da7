import { output, type ResolvedAddon, reveal } from "@deploy/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench } from "../../test/support/element-bench.js";
import { type Emulator, startMoto } from "../../test/support/emulators.js";
import { has } from "../../test/support/needs.js";
import { instance } from "../options.js";
import { ecsResource } from "../resources.js";
import { type BesideObserved, besideResource } from "./beside.js";
import { backupBucket, bucketName } from "./bucket.js";
import { addonSecrets, password, urlName } from "./credentials.js";
import { findAddons } from "./find-addons.js";
import { createAddons } from "./index.js";
import { putMark, sharedMarks } from "./marks.js";
import { addonPort } from "./names.js";
import { taskGate } from "./task-gate.js";

const ready = await has("python");
const db: ResolvedAddon = {
  name: "db",
  kind: "postgres",
  extensions: ["pgcrypto"],
  as: "DATABASE_URL",
  backup: true,
};
let emulator: Emulator;
beforeAll(async () => {
  if (ready) emulator = await startMoto();
}, 120_000);
afterAll(() => emulator?.stop());

describe.skipIf(!ready)("what add-ons beside the app keep at AWS", () => {
  let bench: ElementBench;
  beforeEach(async () => {
    await emulator.reset();
    bench = createElementBench({ url: emulator.url, options: { capacity: instance() } });
  });

  it("is a password and an address that stay the same from run to run", async () => {
    const { resources } = createAddons(bench.parts).addon(bench.scope, db);
    const stored = resources.filter((one) => /\/(?:password|address)$/.test(one.id));
    await bench.apply(stored);
    const read = async () =>
      reveal((await addonSecrets(bench.parts).reveal(bench.context(), bench.scope, urlName("db")))!);
    const url = await read();
    expect(new URL(url)).toMatchObject({
      username: "app",
      hostname: "172.17.0.1",
      port: String(addonPort(bench.scope, "db")),
    });
    expect((await bench.plan(stored)).plan.changes).toEqual([]);
    await bench.apply(stored);
    expect(await read()).toBe(url);
    expect(JSON.stringify(bench.said)).not.toContain(new URL(url).password);
  });

  it("is found and removed where a killed run has stored a password that nothing points to", async () => {
    const Name = "/deploy/shop/production/addons/db.password/1-5f0c2a";
    const { clients } = bench.parts;
    const input = { Name, Type: "SecureString", Value: "left-behind-Zk3" } as const;
    await clients.send(bench.context(), "ssm", "PutParameter", input);
    const foundation = { clusterName: "deploy-production" };
    const parts = { ...bench.parts, foundation: () => foundation as never };
    const owned = () => findAddons(parts)(bench.context(), bench.scope, {});
    const found = await owned();
    expect(found).toMatchObject([{ label: "password of db", holdsData: "database db" }]);
    await found[0]!.remove(bench.context());
    expect(await owned()).toEqual([]);
    const { Parameters } = await clients.send(bench.context(), "ssm", "DescribeParameters", {});
    expect(Parameters).toEqual([]);
  });

  it("is a bucket that is private, and shows and mends what was changed by hand", async () => {
    const bucket = backupBucket(bench.parts, bench.scope);
    await bench.apply([bucket]);
    expect((await bench.plan([bucket])).plan.changes).toEqual([]);
    const { clients } = bench.parts;
    const Bucket = await bucketName(bench.parts, bench.context());
    expect(Bucket).toBe("deploy-backups-123456789012-us-east-1");
    await clients.send(bench.context(), "s3", "PutPublicAccessBlock", {
      Bucket,
      PublicAccessBlockConfiguration: { BlockPublicAcls: false },
    });
    expect((await bench.plan([bucket])).plan.changes[0]?.fields.map((field) => field.path)).toEqual([
      "private",
    ]);
    await bench.apply([bucket]);
    expect((await bench.plan([bucket])).plan.changes).toEqual([]);
    const longer = createElementBench({ url: emulator.url, options: { addons: { backupDays: 30 } } });
    await longer.apply([backupBucket(longer.parts, longer.scope)]);
    // Another app wants to keep its backups longer: that is no drift of this one's.
    expect((await bench.plan([bucket])).plan.changes).toEqual([]);
  });

  it("is a bucket that is not taken from somebody else", async () => {
    const Bucket = await bucketName(bench.parts, bench.context());
    await bench.parts.clients.send(bench.context(), "s3", "CreateBucket", { Bucket });
    const { plan } = await bench.plan([backupBucket(bench.parts, bench.scope)]);
    expect(plan.blocks.map((block) => block.code)).toEqual(["plan.foreign"]);
  });

  it("is a mark for what a task has done: nothing is done twice, and an interrupted task is waited for", async () => {
    const release = 3;
    const number = ecsResource<{ release: number }, { release: number }>("containers", {
      id: "number",
      label: "number",
      desired: { release },
      read: async () => ({ release }),
    });
    let started = 0;
    const gate = taskGate<number>(bench.parts, bench.scope, {
      id: "gate",
      label: "backup of db",
      verb: "back up",
      mark: "db.backup",
      value: output(number, (one) => one.release),
      after: [],
      isEnough: (done, wanted) => Number(done.value) >= wanted,
      task: async () => {
        started += 1;
        return undefined;
      },
    });
    await bench.apply([gate]);
    await bench.apply([gate]);
    expect(started).toBe(1);
    expect((await sharedMarks(bench.parts, bench.context(), bench.scope)).get("db.backup")).toMatchObject({
      value: "3",
      state: "done",
    });
    await putMark(bench.parts, bench.context(), bench.scope, "db.backup", {
      value: "3",
      state: "running",
      startedAt: new Date().toISOString(),
    });
    // Killed before the task had an ARN: it is begun again.
    await bench.apply([gate]);
    expect(started).toBe(2);
    expect((await bench.plan([gate])).plan.changes).toEqual([]);
  });
});

describe.skipIf(!ready)("the service of an add-on beside the app", () => {
  it("is made once, waits until it runs, and is replaced when what it is made of changes", async () => {
    const running = await startMoto({ servicesRunning: 1 });
    try {
      const bench = createElementBench({ url: running.url, options: { capacity: instance() } });
      const { clients } = bench.parts;
      const clusterName = bench.parts.foundation(bench.scope).clusterName;
      await clients.send(bench.context(), "ecs", "CreateCluster", { clusterName });
      const secret = password(bench.parts, bench.scope, "db");
      const roles = {
        executionRole: "arn:aws:iam::123456789012:role/execution",
        password: "arn:aws:ssm:us-east-1:123456789012:parameter/p",
      };
      const node = (addon: ResolvedAddon) => besideResource(bench.parts, bench.scope, addon, secret);
      await node(db).create!(bench.context(), roles);
      // A run whose answer was lost does it again.
      await node(db).create!(bench.context(), roles);
      const found = (await node(db).read(bench.context())) as BesideObserved;
      expect(node(db).diff!(roles, found)).toEqual([]);
      expect(node(db).pending!(found)).toBeUndefined();
      expect(node(db).pending!({ ...found, running: 0 })).toContain("starting");
      const newer = { ...db, version: "16" };
      expect(node(newer).diff!(roles, found).map((field) => field.path)).toEqual(["definition"]);
      await node(newer).update!(bench.context(), roles, found);
      const after = (await node(newer).read(bench.context())) as BesideObserved;
      expect(node(newer).diff!(roles, after)).toEqual([]);
      const services = await clients.send(bench.context(), "ecs", "ListServices", { cluster: clusterName });
      expect(services.serviceArns).toHaveLength(1);
    } finally {
      await running.stop();
    }
  });
});
