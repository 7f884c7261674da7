import { execFile } from "node:child_process";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Databases, databaseOf } from "./databases.js";
import { answer, type Call, invalid, notFound, type Route, refuse, text } from "./http.js";
import { newId, now } from "./ids.js";
import { appOf, findApp, permissionsOf } from "./lookup.js";
import type { Addon, App } from "./state.js";
import type { World } from "./world.js";

const run = promisify(execFile);

interface Transfer {
  readonly uuid: string;
  readonly num: number;
  readonly app: string;
  readonly from_name: string;
  readonly from_type: "pg_dump" | "gof3r";
  readonly to_name: string;
  readonly to_type: "gof3r" | "pg_restore";
  readonly to_url: string;
  readonly created_at: string;
  started_at: string | null;
  finished_at: string | null;
  canceled_at: string | null;
  succeeded: boolean | null;
  processed_bytes: number;
  readonly logs: { created_at: string; message: string; level: string }[];
}

/**
 * The data host: whether databases are ready, backups by the real `pg_dump`, restores by the real `pg_restore`.
 *
 * There is no public reference: routes and fields are those the official CLI 11.10.0 uses (`pg:wait`, `pg:backups`,
 * `pg:credentials`, `redis:wait`).
 */
export function dataRoutes(world: World, databases: Databases): Route[] {
  const transfers: Transfer[] = [];

  function addonOf(call: Call, service: string): Addon {
    const name = call.params.database ?? "";
    const found = world.state.addons.find(
      (one) => one.service === service && (one.id === name || one.name === name),
    );
    const app = found && findApp(world, found.app);
    if (found === undefined || app === undefined) return notFound("database");
    if (permissionsOf(world, app, call.account).length === 0)
      refuse(403, "forbidden", "You do not have access.");
    // Until it is provisioned, the data host does not know it.
    return found.state === "provisioned" ? found : notFound("database");
  }
  const postgres = (call: Call): Addon => addonOf(call, "heroku-postgresql");

  function begin(
    addon: Addon,
    kind: "backup" | "restore",
    url: string,
    work: (one: Transfer) => Promise<void>,
  ): Transfer {
    const uuid = newId();
    const mine = transfers.filter((one) => one.app === addon.app);
    const made: Transfer = {
      uuid,
      num: (mine.at(-1)?.num ?? 0) + 1,
      app: addon.app,
      from_name: kind === "backup" ? addon.name : "BACKUP",
      from_type: kind === "backup" ? "pg_dump" : "gof3r",
      to_name: kind === "backup" ? "BACKUP" : addon.name,
      to_type: kind === "backup" ? "gof3r" : "pg_restore",
      to_url: kind === "backup" ? `${world.urls.streams}/backups/${uuid}` : url,
      created_at: now(),
      started_at: null,
      finished_at: null,
      canceled_at: null,
      succeeded: null,
      processed_bytes: 0,
      logs: [],
    };
    transfers.push(made);
    world.later(world.delays.backup, () => {
      made.started_at = now();
      const finish = (succeeded: boolean, message: string): void => {
        if (made.finished_at !== null) return;
        made.logs.push({ created_at: now(), message, level: succeeded ? "info" : "error" });
        Object.assign(made, { succeeded, finished_at: now() });
      };
      work(made).then(
        () => finish(true, `${kind} finished`),
        (thrown: unknown) => finish(false, thrown instanceof Error ? thrown.message : String(thrown)),
      );
    });
    return made;
  }

  const files = join(world.directory, "backups");
  const connection = async (addon: Addon): Promise<{ programs: string; url: string }> => {
    const { port, programs } = await databases.postgres();
    return { programs, url: `postgres://admin@127.0.0.1:${port}/${databaseOf(addon)}` };
  };

  async function dump(addon: Addon, transfer: Transfer): Promise<void> {
    const { programs, url } = await connection(addon);
    await mkdir(files, { recursive: true });
    const file = join(files, transfer.uuid);
    await run(join(programs, "pg_dump"), ["--format=custom", "--no-owner", "--no-acl", "--file", file, url]);
    transfer.processed_bytes = (await stat(file)).size;
    world.state.sources.set(transfer.uuid, await readFile(file));
  }

  async function restore(addon: Addon, backup: string, extensions: readonly string[]): Promise<void> {
    const { programs, url } = await connection(addon);
    const answered = await fetch(backup);
    if (!answered.ok) throw new Error(`could not read the backup: ${answered.status}`);
    await mkdir(files, { recursive: true });
    const file = join(files, newId());
    await writeFile(file, Buffer.from(await answered.arrayBuffer()));
    const psql = (sql: string): Promise<unknown> =>
      run(join(programs, "psql"), [url, "-v", "ON_ERROR_STOP=1", "-c", sql]);
    const owner = databaseOf(addon);
    await psql(`DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION "${owner}"`);
    for (const extension of extensions)
      await psql(`CREATE EXTENSION IF NOT EXISTS "${extension.split(".").at(-1)}"`);
    const flags = ["--no-owner", "--no-acl", `--role=${owner}`, "--clean", "--if-exists"];
    await run(join(programs, "pg_restore"), [...flags, "--dbname", url, file]);
  }

  const ofApp = (call: Call): { app: App; all: Transfer[] } => {
    const app = appOf(world, call, "view");
    return { app, all: transfers.filter((one) => one.app === app.id) };
  };
  const transfer = (call: Call): Transfer => {
    const name = call.params.transfer ?? "";
    return (
      ofApp(call).all.find((one) => one.uuid === name || String(one.num) === name) ?? notFound("transfer")
    );
  };
  const show = (one: Transfer, verbose = false): unknown => {
    const { app: _, logs, ...rest } = one;
    return { ...rest, options: {}, source_bytes: one.processed_bytes, warnings: 0, ...(verbose && { logs }) };
  };
  const ready = (addon: Addon): boolean =>
    Date.now() - Date.parse(addon.updatedAt) >= world.delays.databaseReady;

  return [
    {
      method: "GET",
      path: "/client/v11/databases/{database}",
      handle: (call) => answer(describe(postgres(call), ready(postgres(call)))),
    },
    {
      method: "GET",
      path: "/client/v11/databases/{database}/wait_status",
      handle: (call) => {
        const waits = !ready(postgres(call));
        return answer({ "waiting?": waits, message: waits ? "preparing" : "available" });
      },
    },
    {
      method: "POST",
      path: "/client/v11/databases/{database}/backups",
      handle: (call) => {
        const addon = postgres(call);
        if (!world.options.databases) invalid("The double was started without databases.");
        return answer(show(begin(addon, "backup", "", (one) => dump(addon, one))), 201);
      },
    },
    {
      method: "POST",
      path: "/client/v11/databases/{database}/restores",
      handle: (call) => {
        const addon = postgres(call);
        const url = text(call.body, "backup_url") ?? invalid("backup_url is required.");
        const names = Array.isArray(call.body.extensions) ? call.body.extensions.map(String) : [];
        return answer(show(begin(addon, "restore", url, () => restore(addon, url, names))), 201);
      },
    },
    {
      method: "GET",
      path: "/client/v11/apps/{app}/transfers",
      handle: (call) => answer(ofApp(call).all.map((one) => show(one))),
    },
    {
      method: "GET",
      path: "/client/v11/apps/{app}/transfers/{transfer}",
      handle: (call) => answer(show(transfer(call), call.query.get("verbose") === "true")),
    },
    {
      method: "DELETE",
      path: "/client/v11/apps/{app}/transfers/{transfer}",
      handle: (call) => {
        const found = transfer(call);
        transfers.splice(transfers.indexOf(found), 1);
        return answer(show(found));
      },
    },
    {
      method: "POST",
      path: "/client/v11/apps/{app}/transfers/{transfer}/actions/public-url",
      handle: (call) => {
        const found = transfer(call);
        if (!found.succeeded) invalid("The backup did not succeed.");
        const expires_at = new Date(Date.now() + 3_600_000).toISOString();
        return answer({ url: found.to_url, expires_at });
      },
    },
    {
      method: "POST",
      path: "/client/v11/apps/{app}/transfers/{transfer}/actions/cancel",
      handle: (call) => {
        const found = transfer(call);
        if (found.finished_at === null)
          Object.assign(found, { succeeded: false, finished_at: now(), canceled_at: now() });
        return answer({ canceled_at: found.canceled_at });
      },
    },
    {
      method: "GET",
      path: "/postgres/v0/databases/{database}/credentials",
      handle: (call) => {
        const addon = postgres(call);
        if (addon.plan.includes("essential"))
          refuse(
            422,
            "unprocessable_entity",
            "You can't perform this operation on Essential-tier databases.",
          );
        return answer([{ uuid: addon.id, name: "default", state: "active", database: databaseOf(addon) }]);
      },
    },
    {
      method: "GET",
      path: "/redis/v0/databases/{database}",
      handle: (call) => {
        const addon = addonOf(call, "heroku-redis");
        return answer({
          name: addon.name,
          plan: addon.plan.split(":")[1],
          info: [{ name: "Status", values: ["available"] }],
        });
      },
    },
    {
      method: "GET",
      path: "/redis/v0/databases/{database}/wait",
      handle: (call) => {
        const waits = !ready(addonOf(call, "heroku-redis"));
        return answer({ "waiting?": waits, message: waits ? "preparing" : "available" });
      },
    },
  ];
}

function describe(addon: Addon, ready: boolean): unknown {
  const url = new URL(addon.vars.URL ?? "postgres://nowhere");
  return {
    addon_id: addon.id,
    name: addon.name,
    created_at: addon.createdAt,
    database_name: url.pathname.slice(1),
    database_user: url.username,
    plan: { name: addon.plan.split(":")[1] },
    "waiting?": !ready,
    info: [
      { name: "Plan", values: [addon.plan.split(":")[1]] },
      { name: "Status", values: [ready ? "Available" : "Preparing"] },
      { name: "Continuous Protection", values: [addon.plan.includes("essential") ? "Off" : "On"] },
    ],
  };
}
