import type { ReleaseOrigin } from "../elements/containers.js";
import type { LeaseHolder } from "../elements/lease.js";
import type { DeployEvent, Operation } from "../engine/events.js";
import { createOperation } from "../engine/operation.js";
import type { Plan } from "../engine/plan.js";
import { DeployError } from "../errors.js";
import type { ReleaseInput } from "./compose.js";
import { anySignal, callContext } from "./context.js";
import { type LeaseOptions, underLease } from "./lease.js";
import { assertCapable, type PreparedRun, prepareEverything } from "./prepare.js";
import { applyRun } from "./run-plan.js";
import { guardAccount, guardCleanTree, guardConfirmation, type Session } from "./session.js";
import { readSourceState, type SourceState } from "./source-control.js";
import type { PlanOptions, UpOptions, UpResult } from "./types.js";

/** What `up` would change. */
export async function planUp(session: Session, options: PlanOptions): Promise<Plan> {
  return (await prepareUp(session, options)).prepared.plan;
}

/** What `up` would change, with the graph it was made from. */
export async function prepareUp(session: Session, options: PlanOptions): Promise<PreparedRun> {
  const source = await readSource(session);
  const release = buildInput(session, options, originOf(source, undefined));
  return prepareEverything(session, release, options, { operation: "up", signal: options.signal });
}

/** Builds, stores and releases the app as it is declared. */
export function up(session: Session, options: UpOptions): Operation<UpResult> {
  return createOperation(
    async (emit, signal) => {
      const startedAt = session.surroundings.clock.now();
      guardConfirmation(session.environment, options.confirm);
      assertCapable(session);
      const source = await readSource(session);
      guardCleanTree(session.environment, source, options.allowDirty);
      await guardAccount(session, signal);
      const release = buildInput(session, options, originOf(source, options.message));
      const run = { emit, signal, startedAt, saved: options.plan };
      const plan = (listener: Emit): Promise<PreparedRun> =>
        prepareEverything(session, release, options, { operation: "up", signal, emit: listener });

      const said = new Set<string>();
      const lease = { operation: "up", signal, emit, waitMs: options.lockWaitMs };
      const [holder, first] = await Promise.all([
        readHolder(session, signal),
        planWithoutLock(session, signal, () => plan(remembering(emit, said))),
      ]);
      if (first !== undefined && hasNothingToDo(first)) {
        if (holder !== undefined) await clearLock(session, lease);
        return applyRun(session, first, { ...run, check: undefined });
      }
      return underLease(session, lease, async (check) =>
        // Anew: before the lock was ours, somebody else may have changed what the first plan has read.
        applyRun(session, await plan(withoutRepeats(emit, said)), { ...run, check }),
      );
    },
    anySignal(session.surroundings.signal, options.signal),
  );
}

/** A vendor that has just failed to be read is not waited for once more, milliseconds. */
const holderWithinMs = 5_000;

type Emit = (event: DeployEvent) => void;

/** Who holds the lock, read beside the plan; undefined as well where that cannot be told. */
function readHolder(session: Session, signal: AbortSignal): Promise<LeaseHolder | undefined> {
  const { lease } = session.environment.providers.target;
  if (lease === undefined) return Promise.resolve(undefined);
  return lease.holder(callContext(session.surroundings, signal), session.scope).catch(() => undefined);
}

/** Gives back a lock that a killed run has left: to take it is to find out. Somebody who lives keeps it. */
async function clearLock(session: Session, lease: LeaseOptions): Promise<void> {
  try {
    await underLease(session, { ...lease, waitMs: 0 }, async () => undefined);
  } catch (error) {
    if (!DeployError.is(error) || error.code !== "lease.held") throw error;
  }
}

/**
 * A plan by which a run that has nothing to do can end without the lock: at a vendor, taking and returning it is three
 * more calls, one behind the other. Undefined without a lock, or while somebody's run makes what is there unreadable.
 */
async function planWithoutLock(
  session: Session,
  signal: AbortSignal,
  plan: () => Promise<PreparedRun>,
): Promise<PreparedRun | undefined> {
  const { lease } = session.environment.providers.target;
  if (lease === undefined) return undefined;
  try {
    return await plan();
  } catch (error) {
    if (signal.aborted) throw error;
    const context = callContext(session.surroundings, anySignal(signal, AbortSignal.timeout(holderWithinMs)));
    const holder = await lease.holder(context, session.scope).catch(() => undefined);
    if (holder === undefined) throw error;
    return undefined;
  }
}

function hasNothingToDo({ prepared: { plan } }: PreparedRun): boolean {
  return plan.changes.length === 0 && plan.blocks.length === 0;
}

/** Passes all on, and keeps in mind what reads have said. */
function remembering(emit: Emit, said: Set<string>): Emit {
  return (event) => {
    if (event.type === "progress") said.add(`${event.id}\n${event.message}`);
    emit(event);
  };
}

/** Leaves out what the reads of an earlier plan have said in the same words. */
function withoutRepeats(emit: Emit, said: ReadonlySet<string>): Emit {
  return (event) => {
    if (event.type !== "progress" || !said.has(`${event.id}\n${event.message}`)) emit(event);
  };
}

/** Author, commit and state of the tree that the configuration file is in. */
export function readSource(session: Session): Promise<SourceState> {
  return readSourceState(session.surroundings.directory, session.surroundings.env);
}

function originOf(source: SourceState, message: string | undefined): ReleaseOrigin {
  return { ...source, ...(message === undefined ? {} : { message }) };
}

function buildInput(session: Session, options: PlanOptions, origin: ReleaseOrigin): ReleaseInput {
  return { image: { kind: "build", build: session.environment.build }, origin, ...releaseOptions(options) };
}

/** What the options of a plan say about the release itself. */
export function releaseOptions(options: PlanOptions): Pick<ReleaseInput, "rerunReleaseCommand" | "secrets"> {
  const { rerunReleaseCommand, secrets } = options;
  return {
    ...(rerunReleaseCommand === undefined ? {} : { rerunReleaseCommand }),
    ...(secrets === undefined ? {} : { secrets }),
  };
}
