import { applyPlan, assertUnblocked } from "../engine/apply-plan.js";
import type { DeployEvent } from "../engine/events.js";
import { isOut, UNKNOWN } from "../engine/out.js";
import type { Plan } from "../engine/plan.js";
import type { ApplyResult, PreparedPlan } from "../engine/prepared.js";
import { assertFresh } from "../engine/stale-plan.js";
import { DeployError } from "../errors.js";
import { urlsOf } from "./compose-traffic.js";
import { callContext } from "./context.js";
import type { PreparedRun } from "./prepare.js";
import type { Session } from "./session.js";
import type { UpResult } from "./types.js";
import { environmentUrls } from "./urls.js";

/** What a run reports to, and what stops it. */
export interface RunOptions {
  readonly emit: (event: DeployEvent) => void;
  readonly signal: AbortSignal;
  /** Throws once the lease is lost. */
  readonly check: (() => Promise<void>) | undefined;
  /** Milliseconds since 1970 when the run began. */
  readonly startedAt: number;
}

/** Makes and times the events of a run that no step makes. */
export function announce(session: Session, emit: (event: DeployEvent) => void): Announcer {
  const { clock } = session.surroundings;
  const time = (): string => new Date(clock.now()).toISOString();
  return {
    note: (message) => emit({ type: "note", time: time(), message }),
    planned: ({ changes, unchanged }) => {
      const message =
        changes.length === 0
          ? `Nothing to change; ${unchanged} as they should be.`
          : `${changes.length} to change, ${unchanged} as they should be.`;
      emit({ type: "planned", time: time(), message, changes: changes.length, unchanged });
    },
    finished: (seconds, message) => emit({ type: "finished", time: time(), message, seconds }),
    seconds: (since) => Math.round(clock.now() - since) / 1000,
  };
}

/** The events of a run that no step makes. */
export interface Announcer {
  note(message: string): void;
  planned(plan: Plan): void;
  finished(seconds: number, message: string): void;
  /** Since a time in milliseconds. */
  seconds(since: number): number;
}

/**
 * Refuses a saved plan that is not of this app, environment and operation, or that the world has moved away from.
 *
 * @throws `plan.other-environment`, `plan.stale`.
 */
function refuseStale(saved: Plan, fresh: Plan): void {
  const differs = (["app", "environment", "operation"] as const).find(
    (field) => saved[field] !== fresh[field],
  );
  if (differs !== undefined) {
    throw new DeployError({
      code: "plan.other-environment",
      message: `The saved plan is for "${saved.operation}" of ${saved.app} in ${saved.environment}, not for "${fresh.operation}" of ${fresh.app} in ${fresh.environment}.`,
      hint: "Make a plan for this one, and apply that.",
    });
  }
  assertFresh(saved, fresh);
}

/** Applies a plan of the environment and says where it answers. */
export async function applyRun(
  session: Session,
  run: PreparedRun,
  options: RunOptions & { readonly saved?: Plan | undefined },
): Promise<UpResult> {
  const { prepared, composition } = run;
  const say = announce(session, options.emit);
  if (options.saved !== undefined) refuseStale(options.saved, prepared.plan);
  assertUnblocked(prepared.plan);
  const applied = await applyAnnounced(session, prepared, options);

  const context = callContext(session.surroundings, options.signal);
  const { traffic } = composition;
  for (const { host, type, value } of traffic?.byHand ?? []) {
    if (!isOut(value)) continue;
    const known = applied.resolve(value);
    if (known !== UNKNOWN) say.note(`Make the record ${host} ${type} ${known} at whoever holds that domain.`);
  }
  const url = traffic === undefined ? undefined : applied.resolve(traffic.url);
  const urls =
    traffic === undefined
      ? await environmentUrls(session, context)
      : urlsOf(traffic, typeof url === "string" ? url : undefined);
  const release = applied.resolve(composition.release);
  const number = typeof release === "number" ? release : await currentRelease(session, context);
  const seconds = say.seconds(options.startedAt);
  say.finished(seconds, finishedMessage(session, prepared.plan, number, urls));
  return { plan: prepared.plan, ...(number === undefined ? {} : { release: number }), urls, seconds };
}

/** Applies a prepared plan, with what a reader should know in front of it. */
export async function applyAnnounced(
  session: Session,
  prepared: PreparedPlan,
  options: RunOptions,
): Promise<ApplyResult> {
  const say = announce(session, options.emit);
  say.planned(prepared.plan);
  if (prepared.plan.changes.length > 0) for (const note of prepared.plan.notes) say.note(note);
  for (const { label, reason } of prepared.plan.kept) say.note(`Kept: ${label} (${reason}).`);
  return applyPlan(prepared, {
    signal: options.signal,
    emit: options.emit,
    ...(options.check === undefined ? {} : { check: options.check }),
  });
}

async function currentRelease(
  session: Session,
  context: ReturnType<typeof callContext>,
): Promise<number | undefined> {
  const { containers } = session.environment.providers.target;
  return (await containers.status(context, session.scope)).release;
}

function finishedMessage(
  session: Session,
  plan: Plan,
  release: number | undefined,
  urls: readonly string[],
): string {
  const { app, environment } = session.scope;
  const subject = `${app} in ${environment}`;
  const at = urls[0] === undefined ? "" : ` at ${urls[0]}`;
  if (plan.changes.length === 0) return `${subject} is as it should be${at}.`;
  const what = release === undefined ? "" : `, release ${release}`;
  return `${subject}${what} is in service${at}.`;
}
