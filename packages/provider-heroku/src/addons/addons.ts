import {
  type AddonStatus,
  type Addons,
  type AnyResource,
  type ConnectCommand,
  type Context,
  DeployError,
  output,
  redact,
  type Scope,
} from "@deploy/core";
import { readAddons, readConfigVars } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { addonResource, type Observed } from "./addon-node.js";
import { backupResource } from "./backup-node.js";
import { describeBackup, listBackups, restoreBackup, takeBackup } from "./backups.js";
import { extensionsResource } from "./extensions.js";
import { addonNameOf, kindOf } from "./kinds.js";
import { type AddonState, afresh, requireAddon } from "./read-addon.js";

const states: Readonly<Record<AddonState["state"], AddonStatus["state"]>> = {
  provisioning: "starting",
  provisioned: "running",
  deprovisioned: "failed",
};

/** Optional power of Heroku: Postgres and Key-Value Store, or any plan of its add-ons. */
export function createAddons(own: Surroundings): Addons {
  return {
    capabilities: {
      kinds: { postgres: true, redis: true },
      backup: true,
      restore: true,
      connect: true,
    },
    addon(scope, addon) {
      const database = addonResource(own, scope, addon) as AnyResource;
      const extensions =
        addon.extensions.length === 0 ? [] : [extensionsResource(own, scope, addon, database)];
      return {
        resources: [database, ...extensions],
        // Heroku sets the variable itself: the containers of this provider leave it alone.
        config: { [addon.as]: output(database, (observed) => (observed as Observed).url ?? redact("")) },
        ready: [database, ...extensions],
      };
    },
    backupBefore: (scope, addon, release) => backupResource(own, scope, addon, release),
    async status(context, scope) {
      const prefix = addonNameOf(own, scope, "");
      const mine = ((await readAddons(own, context, scope)) ?? []).filter(
        (one) => one.app.name === appOf(own, scope) && one.name.startsWith(prefix),
      );
      return mine.map(({ name, addon_service: service, plan, state, billed_price: price }) => ({
        name: name.slice(prefix.length),
        kind: kindOf(service.name),
        state: states[state],
        vendorName: name,
        plan: plan.name,
        description: `${plan.name}${price ? `, ${price.cents / 100} USD a ${price.unit}` : ""}`,
      }));
    },
    async backups(context, scope, name) {
      const addon = await requirePostgres(own, context, scope, name);
      return (await listBackups(own, context, scope, addon)).map(describeBackup);
    },
    async backup(context, scope, name) {
      const addon = await requirePostgres(own, context, scope, name);
      return describeBackup(await takeBackup(own, context, scope, addon));
    },
    async restore(context, scope, name, backup) {
      const addon = await requirePostgres(own, context, scope, name);
      await restoreBackup(own, context, scope, addon, backup);
    },
    connect: (context, scope, name) => connect(own, context, scope, name),
  };
}

/** Heroku keeps backups of Postgres alone. */
async function requirePostgres(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
): Promise<AddonState> {
  const addon = await requireAddon(own, context, scope, name);
  if (addon.kind === "postgres") return addon;
  throw new DeployError({
    code: "addons.no-backups",
    message: `Heroku keeps no backups of ${name}, which is ${addon.plan}: only of Postgres.`,
    hint: `Set backup: false for ${name}.`,
  });
}

/** `psql` or `redis-cli` with the address in its environment: no password is in its arguments. */
async function connect(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
): Promise<ConnectCommand> {
  const addon = await requireAddon(own, context, scope, name);
  const vars = await readConfigVars(own, afresh(context), scope);
  const value = addon.aliases.map((alias) => vars?.[`${alias}_URL`]).find((one) => typeof one === "string");
  if (typeof value !== "string") {
    throw new DeployError({
      code: "addons.no-address",
      message: `The config var of ${name} is not set, or it is masked.`,
      hint: "Look at `heroku config`, or deploy again.",
    });
  }
  const { protocol, hostname, port, username, password, pathname } = new URL(value);
  const secret = redact(decodeURIComponent(password));
  if (addon.kind === "redis") {
    // The certificates of Heroku's stores are signed by themselves.
    const secure = protocol === "rediss:" ? ["--tls", "--insecure"] : [];
    return { argv: ["redis-cli", "-h", hostname, "-p", port, ...secure], env: { REDISCLI_AUTH: secret } };
  }
  const local = /^(localhost|127\.)/.test(hostname);
  return {
    argv: ["psql"],
    env: {
      PGHOST: hostname,
      PGPORT: port || "5432",
      PGUSER: decodeURIComponent(username),
      PGDATABASE: pathname.slice(1),
      PGPASSWORD: secret,
      PGSSLMODE: local ? "prefer" : "require",
    },
  };
}
