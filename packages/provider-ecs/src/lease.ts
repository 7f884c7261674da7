import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import {
  type Context,
  DeployError,
  type Lease,
  type LeaseGrant,
  type LeaseHolder,
  type Scope,
} from "@deploy/core";
import type { Clients } from "./clients.js";
import { isAwsError, unlessGone } from "./errors.js";
import type { Parts } from "./parts.js";
import { appTags, upperTags } from "./tags.js";

/** A lock that nobody has renewed for so long is nobody's: no step of a run takes longer than half of it. */
const lapsesAfterMs = 60 * 60_000;
/** A run that goes on writes its lock again after so long. */
const renewsAfterMs = 5 * 60_000;

interface Lock extends LeaseHolder {
  /** Of this very grant: the same process may take the lock again. */
  readonly token: string;
}

interface StoredLock {
  readonly lock: Lock;
  /** When it was last written, milliseconds since 1970. */
  readonly writtenAt: number;
}

/**
 * The deploy lock: a parameter of Systems Manager, which only one can create (PutParameter without `Overwrite`).
 *
 * A lock is taken over when its process was one of this machine and is gone, or when nobody has renewed it for an hour.
 */
export function createLease({ clients, settings }: Pick<Parts, "clients" | "settings">): Lease {
  return {
    acquire: async (context, scope, holder) => {
      const lock: Lock = { ...holder, token: randomUUID() };
      for (let tries = 1; ; tries += 1) {
        if (await take(clients, context, scope, lock, upperTags(appTags(settings, scope)))) {
          return { granted: grantOf(clients, context, scope, lock) };
        }
        const present = await readLock(clients, context, scope);
        // Our own: the answer to an earlier try was lost.
        if (present?.lock.token === lock.token) return { granted: grantOf(clients, context, scope, lock) };
        if (present !== undefined && (!isStale(present, context) || tries === 3))
          return { holder: withoutToken(present.lock) };
        if (present === undefined && tries === 3) return { holder };
        if (present !== undefined) await removeLock(clients, context, scope);
      }
    },
    holder: async (context, scope) => {
      const present = await readLock(clients, context, scope);
      return present === undefined ? undefined : withoutToken(present.lock);
    },
    break: (context, scope) => removeLock(clients, context, scope),
  };
}

/** The name of an environment's lock: the parameter that is the lock. */
export function lockName(scope: Scope): string {
  return `/deploy-locks/${scope.app}/${scope.environment}`;
}

async function take(
  clients: Clients,
  context: Context,
  scope: Scope,
  lock: Lock,
  Tags: { Key: string; Value: string }[],
): Promise<boolean> {
  const input = { Name: lockName(scope), Type: "String", Value: JSON.stringify(lock), Tags } as const;
  try {
    await clients.send(context, "ssm", "PutParameter", input, { repeatable: true });
    return true;
  } catch (error) {
    if (isAwsError(error, "ParameterAlreadyExists")) return false;
    throw error;
  }
}

function grantOf(clients: Clients, context: Context, scope: Scope, lock: Lock): LeaseGrant {
  const assertHeld = async (): Promise<StoredLock> => {
    const present = await readLock(clients, context, scope);
    if (present?.lock.token === lock.token) return present;
    throw new DeployError({
      code: "lease.lost",
      message: `The deploy lock of ${scope.environment} was taken away from this run${present === undefined ? "" : `: ${present.lock.name} holds it`}.`,
      hint: "Somebody used --break-lock. Look at deploy status, then run the same again.",
    });
  };
  return {
    check: async () => {
      const { writtenAt } = await assertHeld();
      if (context.clock.now() - writtenAt < renewsAfterMs) return;
      const input = { Name: lockName(scope), Value: JSON.stringify(lock), Overwrite: true };
      await clients.send(context, "ssm", "PutParameter", input, { repeatable: true });
    },
    release: async () => {
      const present = await readLock(clients, context, scope);
      if (present?.lock.token === lock.token) await removeLock(clients, context, scope);
    },
  };
}

async function readLock(clients: Clients, context: Context, scope: Scope): Promise<StoredLock | undefined> {
  const answer = await unlessGone(clients.send(context, "ssm", "GetParameter", { Name: lockName(scope) }));
  const found = answer?.Parameter;
  if (found?.Value === undefined) return undefined;
  return {
    lock: parseLock(found.Value),
    writtenAt: found.LastModifiedDate?.getTime() ?? context.clock.now(),
  };
}

/** Whoever has written something else there holds it all the same. */
function parseLock(text: string): Lock {
  try {
    const { token, name, since, operation } = JSON.parse(text) as Record<string, unknown>;
    return { token: String(token), name: String(name), since: String(since), operation: String(operation) };
  } catch {
    return { token: "", name: "somebody unknown", since: "an unknown time", operation: "something else" };
  }
}

function isStale({ lock, writtenAt }: StoredLock, context: Context): boolean {
  if (context.clock.now() - writtenAt > lapsesAfterMs) return true;
  const [, host, pid] = / on (\S+), process (\d+)$/.exec(lock.name) ?? [];
  return host === hostname() && pid !== undefined && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function withoutToken({ name, since, operation }: Lock): LeaseHolder {
  return { name, since, operation };
}

async function removeLock(clients: Clients, context: Context, scope: Scope): Promise<void> {
  await unlessGone(
    clients.send(context, "ssm", "DeleteParameter", { Name: lockName(scope) }, { repeatable: true }),
  );
}
