import { hostname } from "node:os";
import { type Context, DeployError, type Lease, type LeaseHolder, type Scope } from "@deploy/core";
import { path } from "./api.js";
import type { HerokuApp } from "./api-types.js";
import { hasCode, unlessMissing } from "./errors.js";
import { isGone, processIdentity } from "./lease-process.js";
import { hashedName } from "./names.js";
import type { ConfigVars } from "./ownership.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** The config var of the lock's app that says who holds it. */
const leaseVariable = "DEPLOY_LEASE";

/** Longest name of an app at Heroku. */
const nameLength = 30;

/**
 * Milliseconds after which a lock that was not renewed lapses: longer than the hour that Heroku gives a release command,
 * the longest that a run is silent.
 */
const lapsesAfter = 75 * 60_000;

/** Milliseconds after which a holder writes its name again, when it is asked anyway. */
const renewsAfter = 10 * 60_000;

/**
 * Milliseconds that a holder may take to write its name: then it has died in between. Should it live after all, its
 * lock is gone when it writes, and it is told so before it has changed anything.
 */
const namelessFor = 15_000;

/** Grants that this process is done with, although Heroku could not be told: nobody has to wait for them here. */
const done = new Set<string>();

/** What the lock's app says about its holder. */
interface Record {
  readonly holder: LeaseHolder;
  /** ISO 8601, UTC, by the holder's clock. */
  readonly renewed: string;
  readonly host: string;
  /** Identifies the process on its host, so that the lock of one that was killed there is taken over at once. */
  readonly process: string;
}

/** A lock as it lies at Heroku. */
interface Held {
  /** Id of the lock's app: never the same for two grants. */
  readonly id: string;
  readonly createdAt: string;
  /** Absent while its taker has not written it yet. */
  readonly record?: Record;
}

/**
 * The deploy lock: a small app whose name is made of the name of the environment's app.
 *
 * Names are unique among all of Heroku, and making an app is atomic: of two who try, one gets it. It costs nothing (it
 * has no dynos), it can be seen by everybody who may see the environment's own app of a team, and it touches nothing of
 * that app: a config var there would be a release and a restart. The app's id is the grant: broken and taken anew, it
 * is another one. It is deleted by that id when it is given back, so that nobody's newer lock is ever taken away.
 */
export function createLease(own: Surroundings): Lease {
  return {
    async acquire(context, scope, holder) {
      // Each round ends with a grant, with a holder, or with a lock that is gone; ten in a row means that others are
      // quicker every time.
      for (let round = 0; round < 10; round += 1) {
        const made = await take(own, context, scope);
        if (made !== undefined) {
          await name(own, context, scope, made.id, holder);
          return { granted: grantOf(own, context, scope, made.id, holder) };
        }
        const held = await findNamed(own, context, scope);
        if (held === undefined) continue;
        if (!hasLapsed(held, context.clock.now())) return { holder: holderOf(held) };
        await remove(own, context, held.id);
      }
      return { holder: { name: "one after the other", since: holder.since, operation: "up" } };
    },
    async holder(context, scope) {
      const held = await find(own, context, scope);
      if (held === undefined || hasLapsed(held, context.clock.now())) return undefined;
      return holderOf(held);
    },
    async break(context, scope) {
      const held = await find(own, context, scope);
      if (held !== undefined) await remove(own, context, held.id);
    },
  };
}

/** Name of the lock's app. */
export function leaseNameOf(own: Pick<Surroundings, "options">, scope: Scope): string {
  const app = appOf(own, scope);
  return hashedName(`lock-${app}`, `lock of ${app}`, nameLength);
}

/** Makes the lock's app; undefined when the name is taken. */
async function take(own: Surroundings, context: Context, scope: Scope): Promise<HerokuApp | undefined> {
  const { team, region, space } = own.options;
  const place = {
    name: leaseNameOf(own, scope),
    ...(region === undefined || space !== undefined ? {} : { region }),
  };
  try {
    return team === undefined
      ? await own.api.post<HerokuApp>(context, "/apps", place)
      : await own.api.post<HerokuApp>(context, "/teams/apps", { ...place, team });
  } catch (error) {
    if (hasCode(error, "heroku.name-taken")) return undefined;
    throw error;
  }
}

/** Writes who holds it; a new app is not known everywhere at once. */
async function name(
  own: Surroundings,
  context: Context,
  scope: Scope,
  id: string,
  holder: LeaseHolder,
): Promise<void> {
  const record: Record = {
    holder,
    renewed: new Date(context.clock.now()).toISOString(),
    host: hostname(),
    process: processIdentity(),
  };
  const body = { [leaseVariable]: JSON.stringify(record) };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await own.api.patch(context, path`/apps/${id}/config-vars`, body);
      return;
    } catch (error) {
      // The same words again do no harm; what stays nameless lapses soon.
      const again = hasCode(error, "heroku.not-found") || (DeployError.is(error) && error.retryable);
      if (attempt >= 4 || !again || context.signal.aborted) {
        await giveBack(own, context, id).catch(() => undefined);
        throw hasCode(error, "heroku.not-found") ? leaseLost(scope) : error;
      }
      await context.clock.sleep(250 * 2 ** attempt, context.signal);
    }
  }
}

function grantOf(
  own: Surroundings,
  context: Context,
  scope: Scope,
  id: string,
  holder: LeaseHolder,
): { release(): Promise<void>; check(): Promise<void> } {
  let namedAt = context.clock.now();
  return {
    release: () => giveBack(own, context, id),
    async check() {
      const app = leaseNameOf(own, scope);
      const found = await unlessMissing(own.api.get<HerokuApp>(context, path`/apps/${app}`));
      if (found?.id !== id) throw leaseLost(scope);
      if (context.clock.now() - namedAt < renewsAfter) return;
      namedAt = context.clock.now();
      await name(own, context, scope, id, holder);
    },
  };
}

/** The lock as it is; undefined when it is free. */
async function find(own: Surroundings, context: Context, scope: Scope): Promise<Held | undefined> {
  const app = leaseNameOf(own, scope);
  try {
    const found = await unlessMissing(own.api.get<HerokuApp>(context, path`/apps/${app}`));
    if (found === undefined) return undefined;
    const vars = await unlessMissing(own.api.get<ConfigVars>(context, path`/apps/${found.id}/config-vars`));
    if (vars === undefined) return undefined;
    const record = parseRecord(vars[leaseVariable]);
    return { id: found.id, createdAt: found.created_at, ...(record === undefined ? {} : { record }) };
  } catch (error) {
    if (hasCode(error, "heroku.forbidden")) throw leaseHidden(app, error);
    throw error;
  }
}

/** The lock once its holder has written its name, or has had the time to. */
async function findNamed(own: Surroundings, context: Context, scope: Scope): Promise<Held | undefined> {
  for (;;) {
    const held = await find(own, context, scope);
    if (held === undefined || held.record !== undefined || hasLapsed(held, context.clock.now())) return held;
    await context.clock.sleep(1_000, context.signal);
  }
}

async function giveBack(own: Surroundings, context: Context, id: string): Promise<void> {
  done.add(id);
  await remove(own, context, id);
  done.delete(id);
}

async function remove(own: Surroundings, context: Context, id: string): Promise<void> {
  await unlessMissing(own.api.delete(context, path`/apps/${id}`));
}

function hasLapsed(held: Held, now: number): boolean {
  if (done.has(held.id)) return true;
  if (held.record === undefined) return now - Date.parse(held.createdAt) > namelessFor;
  if (now - Date.parse(held.record.renewed) > lapsesAfter) return true;
  return held.record.host === hostname() && isGone(held.record.process);
}

function parseRecord(text: string | null | undefined): Record | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const data = JSON.parse(text) as Partial<Record>;
    return typeof data.holder?.name === "string" && typeof data.renewed === "string"
      ? (data as Record)
      : undefined;
  } catch {
    return undefined;
  }
}

function holderOf(held: Held): LeaseHolder {
  // Whoever took it a moment ago has not said yet who they are.
  return (
    held.record?.holder ?? { name: "somebody who began just now", since: held.createdAt, operation: "up" }
  );
}

function leaseLost(scope: Scope): DeployError {
  return new DeployError({
    code: "lease.lost",
    message: `The deploy lock of ${scope.environment} was taken away from this run.`,
    hint: "Somebody used --break-lock, or this run was silent for too long. Look at deploy status, then run the same again.",
  });
}

function leaseHidden(app: string, cause: unknown): DeployError {
  return new DeployError({
    code: "lease.hidden",
    message: `The deploy lock is held: its app ${app} belongs to another Heroku account, which alone can see who holds it.`,
    hint: "Wait for that run. For a personal app only its owner can break the lock; use a team to share an app.",
    cause,
  });
}
