import {
  type Context,
  output,
  type ResolvedAddon,
  reveal,
  type SecretReference,
  systemClock,
} from "@deploy/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench } from "../../test/support/element-bench.js";
import { type Emulator, startMoto } from "../../test/support/emulators.js";
import { openDefaultNetwork } from "../../test/support/ground.js";
import { has } from "../../test/support/needs.js";
import type { Vendor } from "../../test/support/use-vendor.js";
import { ecsResource } from "../resources.js";
import { addonSecrets, passwordName, urlName } from "./credentials.js";
import { createAddons, findAddons } from "./index.js";

const ready = await has("python");
const db: ResolvedAddon = { name: "db", kind: "postgres", extensions: [], as: "DATABASE_URL", backup: true };
const queue: ResolvedAddon = { name: "queue", kind: "redis", extensions: [], as: "REDIS_URL", backup: true };

let emulator: Emulator;
beforeAll(async () => {
  if (ready) emulator = await startMoto();
}, 120_000);
afterAll(() => emulator?.stop());

describe.skipIf(!ready)("managed add-ons", () => {
  let bench: ElementBench;
  beforeEach(async () => {
    await emulator.reset();
    await openDefaultNetwork({ emulator } as Vendor);
    bench = createElementBench({ url: emulator.url });
  });
  /** Time that does not pass while waiting. */
  const hurried = (): Context =>
    bench.context({
      // Only the time limit of a call takes its time.
      clock: {
        ...systemClock,
        sleep: async (ms, signal) => (ms < 30_000 ? undefined : systemClock.sleep(ms, signal)),
      },
    });
  const resourcesOf = (...addons: readonly ResolvedAddon[]) =>
    addons.flatMap((addon) => createAddons(bench.parts).addon(bench.scope, addon).resources);

  it("make a private, encrypted Postgres whose address only tasks read, and then there is nothing to do", async () => {
    const plan = createAddons(bench.parts).addon(bench.scope, db);
    expect(plan.config).toEqual({});
    const applied = await bench.apply(plan.resources);
    const reference = applied.resolve(plan.references!.DATABASE_URL as never) as SecretReference;
    expect(reference.name).toBe("DATABASE_URL");
    const { clients } = bench.parts;
    const answer = await clients.send(bench.context(), "rds", "DescribeDBInstances", {});
    const made = answer.DBInstances![0]!;
    expect(made).toMatchObject({
      PubliclyAccessible: false,
      StorageEncrypted: true,
      DBInstanceClass: "db.t4g.micro",
      DeletionProtection: true,
      BackupRetentionPeriod: 14,
    });
    const url = new URL(
      reveal((await addonSecrets(bench.parts).reveal(bench.context(), bench.scope, urlName("db")))!),
    );
    expect(url).toMatchObject({
      protocol: "postgres:",
      username: "app",
      hostname: made.Endpoint!.Address,
      pathname: "/app",
    });
    expect(url.searchParams.get("sslmode")).toBe("require");
    const [SecretId, VersionId] = reference.location!.split(":::");
    const read = await clients.send(bench.context(), "secretsManager", "GetSecretValue", {
      SecretId,
      VersionId,
    });
    expect(read.SecretString).toBe(url.href);
    expect((await bench.plan(resourcesOf(db))).plan.changes).toEqual([]);
    expect(JSON.stringify(bench.said)).not.toContain(url.password);
    // From the tasks' security group, and from nowhere else.
    const groups = await clients.send(bench.context(), "ec2", "DescribeSecurityGroups", {
      GroupIds: [made.VpcSecurityGroups![0]!.VpcSecurityGroupId!],
    });
    expect(groups.SecurityGroups![0]!.IpPermissions).toMatchObject([
      { FromPort: 5432, ToPort: 5432, IpRanges: [], UserIdGroupPairs: [{}] },
    ]);
  });

  it("see what was changed by hand, and what the declaration changes", async () => {
    await bench.apply(resourcesOf(db));
    const { clients } = bench.parts;
    const id = (await clients.send(bench.context(), "rds", "DescribeDBInstances", {})).DBInstances![0]!
      .DBInstanceIdentifier!;
    await clients.send(bench.context(), "rds", "ModifyDBInstance", {
      DBInstanceIdentifier: id,
      DeletionProtection: false,
      PubliclyAccessible: true,
      ApplyImmediately: true,
    });
    const { plan } = await bench.plan(resourcesOf({ ...db, plan: "db.t4g.small" }));
    const paths = plan.changes[0]!.fields.map((field) => field.path);
    expect(paths).toEqual(expect.arrayContaining(["class", "protected", "public"]));
    await bench.apply(resourcesOf({ ...db, plan: "db.t4g.small" }));
    expect((await bench.plan(resourcesOf({ ...db, plan: "db.t4g.small" }))).plan.changes).toEqual([]);
  });

  it("make a Redis with a password over TLS", async () => {
    await bench.apply(resourcesOf(queue));
    const url = new URL(
      reveal((await addonSecrets(bench.parts).reveal(bench.context(), bench.scope, urlName("queue")))!),
    );
    const secret = await addonSecrets(bench.parts).reveal(
      bench.context(),
      bench.scope,
      passwordName("queue"),
    );
    expect(url.protocol).toBe("rediss:");
    expect(decodeURIComponent(url.password)).toBe(reveal(secret!));
    expect((await bench.plan(resourcesOf(queue))).plan.changes).toEqual([]);
  });

  it("take a snapshot before each release but the first, once", async () => {
    await bench.apply(resourcesOf(db));
    const gate = (release: number) => {
      const number = ecsResource<{ release: number }, { release: number }>("containers", {
        id: "number",
        label: "number",
        desired: { release },
        read: async () => ({ release }),
      });
      return createAddons(bench.parts).backupBefore!(
        bench.scope,
        db,
        output(number, (one) => one.release),
      );
    };
    const listed = () => createAddons(bench.parts).backups!(bench.context(), bench.scope, "db");
    await bench.apply([gate(1)]);
    expect(await listed()).toEqual([]);
    await bench.apply([gate(2)]);
    expect((await listed()).map((one) => one.release)).toEqual([2]);
    expect((await bench.plan([gate(2)])).plan.changes).toEqual([]);
    expect((await bench.plan([gate(1)])).plan.changes).toEqual([]);
    expect((await bench.plan([gate(3)])).plan.changes).toHaveLength(1);
  });

  it("are kept unless named, and go with a last snapshot", async () => {
    bench = createElementBench({ url: emulator.url, fetch: forgetfulCaches() });
    await bench.apply(resourcesOf(db, queue));
    const ids = new Set(
      resourcesOf(db, queue)
        .filter((one) => one.holdsData !== undefined)
        .map((one) => one.id),
    );
    const found = await findAddons(bench.parts)(bench.context(), bench.scope, {});
    const data = found.filter((one) => one.holdsData !== undefined);
    for (const id of ids) expect(data.map((one) => one.id)).toContain(id);
    expect(new Set(data.map((one) => one.holdsData))).toEqual(new Set(["database db", "database queue"]));
    expect(await createAddons(bench.parts).status(bench.context(), bench.scope)).toMatchObject([
      { name: "db", kind: "postgres", state: "running" },
      { name: "queue", kind: "redis", state: "running" },
    ]);
    const order = [...data].sort(
      (one, other) => Number(one.id.endsWith("security-group")) - Number(other.id.endsWith("security-group")),
    );
    for (const one of order) await one.remove(hurried());
    for (const one of order) await one.remove(hurried());
    const { clients } = bench.parts;
    expect((await clients.send(bench.context(), "rds", "DescribeDBInstances", {})).DBInstances).toEqual([]);
    const snapshots = await clients.send(bench.context(), "rds", "DescribeDBSnapshots", {});
    expect(snapshots.DBSnapshots!.map((one) => one.DBSnapshotIdentifier)).toEqual([
      expect.stringMatching(/-final-\d+$/),
    ]);
    expect(
      (await findAddons(bench.parts)(bench.context(), bench.scope, {})).filter((one) => one.holdsData),
    ).toEqual([]);
  });

  it("can be somebody else's: the address comes once, and is a secret from then on", async () => {
    const options = { addons: { external: { db: "OLD_DATABASE_URL" } } };
    const without = createElementBench({ url: emulator.url, options });
    const nodes = (own: ElementBench) => createAddons(own.parts).addon(own.scope, db).resources;
    expect((await without.plan(nodes(without))).plan.blocks.map((block) => block.code)).toEqual([
      "addons.no-address",
    ]);
    const url = "postgres://them:pw-of-theirs@db.example.org/app";
    const first = createElementBench({ url: emulator.url, options, env: { OLD_DATABASE_URL: url } });
    await first.apply(nodes(first));
    expect((await without.plan(nodes(without))).plan.changes).toEqual([]);
    expect(JSON.stringify(first.said)).not.toContain("pw-of-theirs");
    expect(first.calls).not.toContain("CreateDBInstance");
  });

  it("refuse bad input before anything is asked", () => {
    const add = (changes: Partial<ResolvedAddon>) => () =>
      createAddons(bench.parts).addon(bench.scope, { ...db, ...changes });
    expect(add({ plan: "essential-0" })).toThrowError(
      expect.objectContaining({ code: "addons.unknown-plan" }),
    );
    expect(add({ extensions: ['x"; DROP TABLE y'] })).toThrowError(
      expect.objectContaining({ code: "addons.bad-extension" }),
    );
    expect(add({ kind: "mysql" })).toThrowError(expect.objectContaining({ code: "addons.unsupported" }));
  });
});

/** moto's caches are "deleting" for ever, and their subnet groups cannot be deleted; ElastiCache's go in the end. */
function forgetfulCaches(): typeof fetch {
  let deleted = false;
  return async (url, init) => {
    const body = typeof init?.body === "string" ? init.body : "";
    if (deleted && body.includes("Action=DescribeReplicationGroups")) {
      const error =
        "<Error><Type>Sender</Type><Code>ReplicationGroupNotFoundFault</Code><Message>gone</Message></Error>";
      return new Response(`<ErrorResponse>${error}<RequestId>1</RequestId></ErrorResponse>`, { status: 404 });
    }
    if (body.includes("Action=DeleteCacheSubnetGroup")) {
      return new Response("<DeleteCacheSubnetGroupResponse></DeleteCacheSubnetGroupResponse>");
    }
    deleted ||= body.includes("Action=DeleteReplicationGroup");
    return fetch(url, init);
  };
}
