import assert from "node:assert/strict";
import { isRedacted, isSupported, type Redacted, reveal, type SecretReference, UNKNOWN } from "@deploy/core";
import { type Scenario, skip } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { addonName, assertSettledApp, composed, runIn, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";
import { addonOf } from "./alone.js";

const element = "addons" as const;
const requires = ["addons"];

/** What processes find: the URL, or where the vendor keeps it for its own containers. */
type Made = { readonly url: string } | { readonly reference: SecretReference };

/** Makes the add-on; its URL, where it is told, must from now on not be found in anything that is said. */
async function make(bench: Bench): Promise<Made> {
  const plan = bench.part("addons").addon(bench.scope, addonOf(bench.provider));
  const applied = await bench.apply([...plan.resources, ...plan.ready]);
  const kept = plan.references?.DATABASE_URL;
  if (kept !== undefined) {
    assert.equal(plan.config.DATABASE_URL, undefined, "its URL is config and a reference at once");
    const reference = applied.resolve(kept as never) as SecretReference | typeof UNKNOWN;
    assert.ok(reference !== UNKNOWN, "its URL is not known although it is ready");
    assert.equal(reference.name, "DATABASE_URL");
    assert.ok(reference.version !== "" && reference.location, "nothing can be read at a reference like this");
    return { reference };
  }
  const value = applied.resolve(plan.config.DATABASE_URL as never) as unknown;
  assert.notEqual(value, UNKNOWN, "its URL is not known although it is ready");
  assert.ok(isRedacted(value), "its URL is not kept as a secret");
  const url = reveal(value as Redacted);
  bench.transcript.keepSecret(url);
  const { password } = new URL(url);
  if (password !== "") bench.transcript.keepSecret(decodeURIComponent(password));
  return { url };
}

/** The same for scenarios which have to reach the data from here. */
async function made(bench: Bench): Promise<string> {
  const it = await make(bench);
  return "url" in it ? it.url : skip("only processes of the app can read its URL");
}

function data(bench: Bench) {
  const { kind } = addonOf(bench.provider);
  return bench.subject.fixtures?.data?.[kind] ?? skip(`the subject supplies no fixtures.data.${kind}`);
}

/** Add-ons: backing services which provide config. */
export const addons: readonly Scenario[] = [
  defineScenario({
    name: "addons: its config is a secret, stays the same, and its status says what it is",
    element,
    requires,
    async try(bench) {
      const first = await make(bench);
      assert.deepEqual(await make(bench), first, "its URL changes from run to run");
      const status = await bench.part("addons").status(bench.context(), bench.scope);
      assert.deepEqual(
        status.map(({ name, kind, state }) => ({ name, kind, state })),
        [{ name: addonName, kind: addonOf(bench.provider).kind, state: "running" }],
      );
    },
  }),
  defineScenario({
    name: "addons: nobody removes one because it is no longer declared",
    element,
    requires: ["addons", "owned"],
    async try(bench) {
      await make(bench);
      const plan = bench.part("addons").addon(bench.scope, addonOf(bench.provider));
      const ids = plan.resources.filter(({ holdsData }) => holdsData !== undefined).map(({ id }) => id);
      assert.ok(ids.length > 0, "no resource of it says that it holds data");
      const pruned = await bench.plan([], { prune: true });
      const removed = pruned.plan.changes.filter(({ id }) => ids.includes(id));
      assert.deepEqual(removed, [], "a plan without the add-on deletes its data");
      assert.deepEqual(
        pruned.plan.kept.map(({ id }) => id).filter((id) => ids.includes(id)),
        ids,
        "owned() does not list it",
      );
    },
  }),
  defineScenario({
    name: "addons: a backup brings back what was there when it was taken",
    element,
    requires: [...requires, "addons.backup", "addons.restore"],
    fixtures: ["data"],
    async try(bench) {
      const { read, write } = data(bench);
      const part = bench.part("addons");
      await write(await made(bench), "before");
      const backup = await part.backup!(bench.context(), bench.scope, addonName);
      assert.ok(!Number.isNaN(Date.parse(backup.createdAt)), "createdAt is no time");
      const listed = await part.backups!(bench.context(), bench.scope, addonName);
      assert.ok(
        listed.some(({ id }) => id === backup.id),
        "the backup is not listed",
      );
      await write(await made(bench), "after");
      await part.restore!(bench.context(), bench.scope, addonName, backup.id);
      assert.equal(await read(await made(bench)), "before");
    },
  }),
  defineScenario({
    name: "addons: restoring a backup that is not there fails, and the present data stays",
    element,
    requires: [...requires, "addons.restore"],
    fixtures: ["data"],
    async try(bench) {
      const { read, write } = data(bench);
      await write(await made(bench), "present");
      await bench.failure("restoring an unknown backup", () =>
        bench.part("addons").restore!(bench.context(), bench.scope, addonName, "no-such-backup"),
      );
      assert.equal(await read(await made(bench)), "present");
    },
  }),
  defineScenario({
    name: "addons: processes find its URL in their environment, and a release waits for it",
    element,
    requires: [...requires, "containers", "containers.run"],
    fixtures: ["app"],
    async try(bench) {
      const it = await make(bench);
      const { kind } = addonOf(bench.provider);
      const deployer = composed(bench, { addon: kind });
      const { events } = await up(bench, deployer);
      assert.ok(events.length > 0);
      const { output } = await runIn(deployer, "echo $DATABASE_URL");
      if ("url" in it) assert.equal(output.trim(), it.url);
      else assert.ok(URL.canParse(output.trim()), "the processes find no URL");
      await assertSettledApp(bench, { addon: kind });
    },
  }),
  defineScenario({
    name: "addons: a command that connects keeps the password out of its arguments",
    element,
    requires: [...requires, "addons.connect"],
    async try(bench) {
      await make(bench);
      const { argv } = await bench.part("addons").connect!(bench.context(), bench.scope, addonName);
      assert.ok(argv.length > 0, "there is no command");
    },
  }),
  defineScenario({
    name: "addons: a backup before a release is taken once for it",
    element,
    requires: [...requires, "addons.backup", "containers", "containers.releaseCommand"],
    fixtures: ["app"],
    async try(bench) {
      if (bench.part("addons").backupBefore === undefined) skip("it takes no backups before a release");
      if (!isSupported(bench.part("addons").capabilities.backup)) skip("it takes no backups");
      const { kind } = addonOf(bench.provider);
      const wanted = { release: "echo prepared", app: { addons: { [addonName]: { kind, backup: true } } } };
      await up(bench, composed(bench, wanted));
      await assertSettledApp(bench, wanted);
    },
  }),
];
