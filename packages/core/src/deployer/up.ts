import type { ReleaseOrigin } from "../elements/containers.js";
import type { Operation } from "../engine/events.js";
import { createOperation } from "../engine/operation.js";
import type { Plan } from "../engine/plan.js";
import type { ReleaseInput } from "./compose.js";
import { anySignal } from "./context.js";
import { underLease } from "./lease.js";
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
      const lease = { operation: "up", signal, emit, waitMs: options.lockWaitMs };
      return underLease(session, lease, async (check) => {
        const run = await prepareEverything(session, release, options, { operation: "up", signal, emit });
        return applyRun(session, run, { emit, signal, check, startedAt, saved: options.plan });
      });
    },
    anySignal(session.surroundings.signal, options.signal),
  );
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
