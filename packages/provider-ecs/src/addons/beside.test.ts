import { output, type ResolvedAddon, reveal } from "@deploy/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench } from "../../test/support/element-bench.js";
import { type Emulator, startMoto } from "../../test/support/emulators.js";
import { has } from "../../test/support/needs.js";
import { instance } from "../options.js";
import { ecsResource } from "../resources.js";
import { backupBucket, bucketName } from "./bucket.js";
import { addonSecrets, urlName } from "./credentials.js";
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
