import type { Clock } from "../context.js";
import type { LeaseGrant, LeaseHolder } from "../elements/lease.js";
import type { DeployEvent } from "../engine/events.js";
import { DeployError } from "../errors.js";
import { anySignal, callContext } from "./context.js";
import type { Session } from "./session.js";
import { readAuthor } from "./source-control.js";

/** How often a taken lock is looked at again, milliseconds: a vendor's lock is a call. */
const pollMs = 2_000;

/** Giving the lock back must work after a cancellation as well, and still end. */
const releaseWithinMs = 15_000;

/** What is done under the lock, and how patiently. */
export interface LeaseOptions {
  /** `up`, `rollback`, `down`: others see it while they wait. */
  readonly operation: string;
  readonly signal: AbortSignal;
  /** Milliseconds to wait for whoever holds it. Default 0. */
  readonly waitMs?: number | undefined;
  readonly emit?: (event: DeployEvent) => void;
}

/**
 * Does `work` while holding the environment's deploy lock, which is given back whatever happens; `check` throws once
 * somebody has broken it. A target without a lock does it without.
 *
 * @throws `lease.held` with the holder in `details.holder`.
 */
export async function underLease<T>(
  session: Session,
  options: LeaseOptions,
  work: (check: (() => Promise<void>) | undefined) => Promise<T>,
): Promise<T> {
  const { lease } = session.environment.providers.target;
  if (lease === undefined) return work(undefined);
  const grant = await acquire(session, options);
  try {
    return await work(() => grant.check());
  } finally {
    await grant.release();
  }
}

async function acquire(session: Session, options: LeaseOptions): Promise<LeaseGrant> {
  const { surroundings, scope } = session;
  const lease = session.environment.providers.target.lease!;
  const { clock } = surroundings;
  const holder = await describeHolder(session, options.operation);
  const deadline = clock.now() + (options.waitMs ?? 0);
  const started = clock.now();
  for (;;) {
    throwIfCancelled(options.signal);
    const taking = new AbortController();
    const cancel = (): void => taking.abort(options.signal.reason);
    options.signal.addEventListener("abort", cancel, { once: true });
    // The grant keeps its context: a cancelled run must still be able to give the lock back.
    const context = callContext({ ...surroundings, signal: undefined }, taking.signal);
    const answer = await lease
      .acquire(context, scope, holder)
      .finally(() => options.signal.removeEventListener("abort", cancel));
    if ("granted" in answer) return patientRelease(answer.granted, clock, taking);
    if (clock.now() >= deadline) throw leaseHeld(session, answer.holder);
    options.emit?.({
      type: "waiting",
      id: "lock",
      label: "deploy lock",
      seconds: Math.round((clock.now() - started) / 1000),
      time: new Date(clock.now()).toISOString(),
      message: `Waiting for the deploy lock: ${describeLease(answer.holder)}.`,
    });
    const pause = Math.min(pollMs, Math.max(1, deadline - clock.now()));
    await clock.sleep(pause, anySignal(surroundings.signal, options.signal)).catch((error: unknown) => {
      throwIfCancelled(options.signal);
      throw error;
    });
  }
}

/** A grant whose return ends after a while, so that a vendor that hangs does not hold the run. */
function patientRelease(grant: LeaseGrant, clock: Clock, taking: AbortController): LeaseGrant {
  return {
    check: () => grant.check(),
    release: async () => {
      const done = new AbortController();
      const late = clock.sleep(releaseWithinMs, done.signal).then(
        () => taking.abort(),
        () => undefined,
      );
      // A lock that could not be given back lapses by itself or is broken: the outcome of the run is what counts.
      await Promise.race([grant.release().catch(() => undefined), late]);
      done.abort();
    },
  };
}

function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new DeployError({
    code: "run.cancelled",
    message: "Cancelled before anything was started.",
    cause: signal.reason,
  });
}

/** Who we are, to whoever finds the environment locked. */
async function describeHolder(session: Session, operation: string): Promise<LeaseHolder> {
  const { directory, env, clock } = session.surroundings;
  const [author, { hostname }] = await Promise.all([readAuthor(directory, env), import("node:os")]);
  return {
    name: `${author} on ${hostname()}, process ${process.pid}`,
    since: new Date(clock.now()).toISOString(),
    operation,
  };
}

/** Who holds it since when, in one clause. */
export function describeLease(holder: LeaseHolder): string {
  return `${holder.name} holds it since ${holder.since} for "${holder.operation}"`;
}

function leaseHeld(session: Session, holder: LeaseHolder): DeployError {
  return new DeployError({
    code: "lease.held",
    message: `The environment ${session.environment.name} is locked: ${describeLease(holder)}.`,
    hint: "Wait for it (--lock-wait), or take the lock away with --break-lock if that run is dead.",
    retryable: true,
    details: { holder },
  });
}
