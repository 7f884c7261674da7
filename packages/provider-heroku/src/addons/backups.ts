import { type Backup, type Context, DeployError, type Scope } from "@deploy/core";
import { path } from "../api.js";
import { hasCode, unlessMissing } from "../errors.js";
import { appOf, type Surroundings } from "../surroundings.js";
import type { AddonState } from "./read-addon.js";

/** A transfer of the data host: a backup, a restore or a copy (fields that the official CLI 11.10.0 reads). */
export interface Transfer {
  readonly uuid: string;
  readonly num: number;
  readonly from_name: string;
  readonly from_type: string;
  readonly to_name: string;
  readonly to_type: string;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly succeeded: boolean | null;
  readonly processed_bytes: number;
  readonly logs?: readonly { readonly message: string }[];
}

/** Milliseconds between two looks at a transfer, and in all: Heroku ends longer ones itself. */
const lookEvery = 3_000;
const longest = 6 * 60 * 60_000;

/** Backups of an add-on, the oldest first, those that failed left out. */
export async function listBackups(
  own: Surroundings,
  context: Context,
  scope: Scope,
  addon: AddonState,
): Promise<readonly Transfer[]> {
  const all = await unlessMissing(
    own.api.get<readonly Transfer[]>(context, path`/client/v11/apps/${appOf(own, scope)}/transfers`, {
      host: "data",
    }),
  );
  return (all ?? [])
    .filter(({ from_type: from, to_type: to }) => from === "pg_dump" && to === "gof3r")
    .filter((one) => one.from_name === addon.name || addon.aliases.includes(one.from_name))
    .filter((one) => one.succeeded === true)
    .sort((left, right) => left.num - right.num);
}

/** A backup as core shows it; `b001` is what Heroku calls it too. */
export function describeBackup(transfer: Transfer): Backup {
  return {
    id: `b${String(transfer.num).padStart(3, "0")}`,
    createdAt: new Date(transfer.created_at).toISOString(),
    bytes: transfer.processed_bytes,
  };
}

/** Takes a backup and waits until it is there. @throws `addons.backup-failed` with its last lines. */
export async function takeBackup(
  own: Surroundings,
  context: Context,
  scope: Scope,
  addon: AddonState,
): Promise<Transfer> {
  const to = path`/client/v11/databases/${addon.id}/backups`;
  const before = await transfersNow(own, context, scope);
  let begun: Transfer | undefined;
  try {
    begun = await own.api.post<Transfer>(context, to, undefined, { host: "data" });
  } catch (error) {
    if (!hasCode(error, "heroku.cut", "heroku.timeout", "heroku.unreachable", "heroku.unreadable"))
      throw error;
    // The answer was lost: what is there now and was not before is what we have begun.
    const known = new Set(before.map(({ uuid }) => uuid));
    begun = (await transfersNow(own, context, scope)).find(
      ({ uuid, from_type: from }) => !known.has(uuid) && from === "pg_dump",
    );
    if (begun === undefined) throw error;
  }
  return settle(own, context, scope, begun.uuid, "backup");
}

/**
 * Puts a backup in the place of the data. Heroku restores into the present database: what was there is backed up
 * first, and comes back when the restore fails.
 *
 * @throws `addons.unknown-backup`, `addons.restore-failed`
 */
export async function restoreBackup(
  own: Surroundings,
  context: Context,
  scope: Scope,
  addon: AddonState,
  id: string,
): Promise<void> {
  const all = await listBackups(own, context, scope, addon);
  const found = all.find((one) => describeBackup(one).id === id);
  if (found === undefined) {
    const names = all.map((one) => describeBackup(one).id);
    throw new DeployError({
      code: "addons.unknown-backup",
      message: `There is no backup ${id} of ${addon.name}.`,
      hint: names.length === 0 ? "There are none at all." : `Take one of ${names.slice(-5).join(", ")}.`,
      details: { known: names },
    });
  }
  const present = await takeBackup(own, context, scope, addon);
  try {
    await restore(own, context, scope, addon, found);
  } catch (error) {
    context.log(`The restore failed: the data as it was is brought back from ${describeBackup(present).id}.`);
    await restore(own, context, scope, addon, present);
    throw error;
  }
}

async function restore(
  own: Surroundings,
  context: Context,
  scope: Scope,
  addon: AddonState,
  from: Transfer,
): Promise<void> {
  const at = path`/client/v11/apps/${appOf(own, scope)}/transfers/${from.num}/actions/public-url`;
  const { url } = await own.api.post<{ url: string }>(context, at, undefined, { host: "data" });
  const to = path`/client/v11/databases/${addon.id}/restores`;
  const begun = await own.api.post<Transfer>(
    context,
    to,
    { backup_url: url },
    { host: "data", sensitive: true },
  );
  await settle(own, context, scope, begun.uuid, "restore");
}

function transfersNow(own: Surroundings, context: Context, scope: Scope): Promise<readonly Transfer[]> {
  const to = path`/client/v11/apps/${appOf(own, scope)}/transfers`;
  return own.api.get<readonly Transfer[]>(context, to, { host: "data" });
}

async function settle(
  own: Surroundings,
  context: Context,
  scope: Scope,
  uuid: string,
  what: "backup" | "restore",
): Promise<Transfer> {
  const to = `${path`/client/v11/apps/${appOf(own, scope)}/transfers/${uuid}`}?verbose=true`;
  const until = context.clock.now() + longest;
  for (;;) {
    const transfer = await own.api.get<Transfer>(context, to, { host: "data" });
    if (transfer.finished_at !== null && transfer.succeeded === true) return transfer;
    if (transfer.finished_at !== null || context.clock.now() > until) {
      const last = (transfer.logs ?? []).slice(-5).map(({ message }) => message);
      throw new DeployError({
        code: `addons.${what}-failed`,
        message: `The ${what} did not succeed${last.length === 0 ? "" : `: ${last.at(-1)}`}`,
        hint: `Look at it: heroku pg:backups:info --app ${appOf(own, scope)}.`,
        details: { lines: last },
      });
    }
    await context.clock.sleep(lookEvery, context.signal);
  }
}
