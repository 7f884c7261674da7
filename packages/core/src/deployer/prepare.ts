import { checkCapabilities } from "../app/capabilities.js";
import type { Context } from "../context.js";
import { isSupported } from "../elements/capability.js";
import type { DeployEvent } from "../engine/events.js";
import { preparePlan } from "../engine/make-plan.js";
import type { Plan } from "../engine/plan.js";
import type { PreparedPlan } from "../engine/prepared.js";
import type { Problem } from "../errors.js";
import { type Composition, composeEnvironment, type ReleaseInput } from "./compose.js";
import { baseContext, callContext } from "./context.js";
import { problemsError, usedProviders, withOwnedRecords } from "./providers.js";
import { guardAccount, identityOf, type Session } from "./session.js";
import type { PlanOptions } from "./types.js";

/** A plan with the graph it was made from. */
export interface PreparedRun {
  readonly prepared: PreparedPlan;
  readonly composition: Composition;
}

/** What a plan is made in: who listens, and what ends it. */
export interface PrepareOptions {
  readonly operation: Plan["operation"];
  readonly signal?: AbortSignal | undefined;
  readonly emit?: ((event: DeployEvent) => void) | undefined;
}

/**
 * Refuses what the providers of the environment cannot do, all of it at once and before any call.
 *
 * @throws `environment.unsupported`
 */
export function assertCapable(session: Session): void {
  throwProblems(session, checkCapabilities(session.environment));
}

function throwProblems(session: Session, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const { name } = session.environment;
  throw problemsError("environment.unsupported", `The providers of ${name} cannot do what it asks`, problems);
}

/**
 * The plan of everything: all elements in one graph, compared with what is there. Changes nothing.
 *
 * @throws `environment.unsupported`, `account.mismatch`, and what reading fails with.
 */
export async function prepareEverything(
  session: Session,
  release: ReleaseInput,
  permissions: PlanOptions,
  options: PrepareOptions,
): Promise<PreparedRun> {
  assertCapable(session);
  await guardAccount(session, options.signal);
  const context = callContext(session.surroundings, options.signal);
  // Asked along with everything else: a plan is one wave of reads.
  const identities = accounts(session, context);
  const { adopt } = permissions;
  const composition = await composeEnvironment(
    context,
    session.environment,
    adopt === undefined ? release : { ...release, adopt },
  );
  throwProblems(session, composition.problems);
  return {
    composition,
    prepared: await prepare(session, composition, permissions, identities, options, true),
  };
}

/** The plan of a part of the graph, which therefore removes nothing. */
export async function preparePart(
  session: Session,
  composition: Composition,
  permissions: PlanOptions,
  options: PrepareOptions,
): Promise<PreparedRun> {
  const identities = accounts(session, callContext(session.surroundings, options.signal));
  return {
    composition,
    prepared: await prepare(session, composition, permissions, identities, options, false),
  };
}

/** The plan of resources that belong to no release, such as grants; it removes nothing. */
export async function prepareResources(
  session: Session,
  resources: Composition["resources"],
  permissions: PlanOptions,
  options: PrepareOptions,
): Promise<PreparedPlan> {
  const identities = accounts(session, callContext(session.surroundings, options.signal));
  return prepare(session, { resources, notes: [] }, permissions, identities, options, false);
}

function prepare(
  session: Session,
  composition: Pick<Composition, "resources" | "notes">,
  permissions: PlanOptions,
  identities: Promise<Readonly<Record<string, string>>>,
  options: PrepareOptions,
  prune: boolean,
): Promise<PreparedPlan> {
  const { adopt, force, deleteData } = permissions;
  return preparePlan({
    operation: options.operation,
    scope: session.scope,
    providers: usedProviders(session.environment).map((provider) => withOwnedRecords(provider)),
    context: baseContext(session.surroundings, options.signal),
    resources: composition.resources,
    prune,
    identities,
    notes: [...declarationNotes(session), ...vendorNotes(session), ...composition.notes],
    options: {
      ...(adopt === undefined ? {} : { adopt }),
      ...(force === undefined ? {} : { force }),
      ...(deleteData === undefined ? {} : { deleteData }),
    },
    ...(options.emit === undefined ? {} : { emit: options.emit }),
  });
}

/** The account of each provider that knows it; one that does not answer will say so when it is read from. */
export async function accounts(
  session: Session,
  context: Context,
): Promise<Readonly<Record<string, string>>> {
  const known = usedProviders(session.environment).filter((provider) => provider.identity !== undefined);
  const entries = await Promise.all(
    known.map(async (provider) => {
      const identity = await identityOf(session, provider, context).catch(() => undefined);
      return identity === undefined ? [] : [[provider.name, identity.account] as const];
    }),
  );
  return Object.fromEntries(entries.flat());
}

function declarationNotes(session: Session): readonly string[] {
  return session.notes.map(({ message, hint }) => (hint === undefined ? message : `${message} ${hint}`));
}

/** What a user would expect of any vendor, and this one cannot do. */
function vendorNotes(session: Session): readonly string[] {
  const { target } = session.environment.providers;
  const { atomicRelease, zeroDowntime } = target.containers.capabilities;
  return [
    ...(isSupported(atomicRelease)
      ? []
      : [`${target.name} does not put image and config into service together: ${atomicRelease.no}.`]),
    ...(isSupported(zeroDowntime)
      ? []
      : [`${target.name} drops requests while it deploys: ${zeroDowntime.no}.`]),
  ];
}
