import { addressVariable } from "../app/addon-variables.js";
import { suggest } from "../app/edit-distance.js";
import type { ResolvedEnvironment } from "../app/resolved.js";
import type { Context } from "../context.js";
import type { AddonPlan } from "../elements/addons.js";
import { isSupported } from "../elements/capability.js";
import type { ReleaseOrigin, ReleaseSpec } from "../elements/containers.js";
import type { ImageSource } from "../elements/images.js";
import type { Scope } from "../elements/scope.js";
import { type In, type Out, output } from "../engine/out.js";
import type { AnyResource } from "../engine/resource.js";
import { DeployError, type Problem } from "../errors.js";
import type { Redacted } from "../redacted.js";
import { composeTraffic, isPublished, type Traffic } from "./compose-traffic.js";
import { requireElement } from "./providers.js";

/** What a release is made from, beyond what the environment declares. */
export interface ReleaseInput {
  readonly image: ImageSource;
  readonly origin: ReleaseOrigin;
  readonly rerunReleaseCommand?: boolean;
  /** Values of declared secrets to store with this run. */
  readonly secrets?: Readonly<Record<string, Redacted>>;
  /** Ids of what the user has said may be taken over. */
  readonly adopt?: readonly string[];
}

/** One graph across all elements, as its roots. */
export interface Composition {
  readonly resources: readonly AnyResource[];
  readonly release: Out<number>;
  readonly traffic?: Traffic;
  /** Sentences that the user should read before applying. */
  readonly notes: readonly string[];
  /** What cannot be done, found without a call. */
  readonly problems: readonly Problem[];
}

/** The scope that everything of an environment is named after. */
export function scopeOf(environment: ResolvedEnvironment): Scope {
  return { app: environment.app, environment: environment.name };
}

/**
 * Everything that an environment should consist of, in one graph: only data edges and declared gates order it.
 *
 * Reads the build context, and nothing from any vendor.
 *
 * @throws `secrets.unknown` for a supplied value of a secret that is not declared; what `Images.image` throws.
 */
export async function composeEnvironment(
  context: Context,
  environment: ResolvedEnvironment,
  input: ReleaseInput,
): Promise<Composition> {
  const scope = scopeOf(environment);
  const { target, images, logs } = environment.providers;
  const notes: string[] = [...limitNotes(environment), ...buildNotes(environment)];

  const servers = target.servers?.resources(scope, serverNeeds(environment)).resources ?? [];
  const logResources = logs.logs?.resources?.(scope).resources ?? [];
  const addons = composeAddons(environment, scope);
  const secrets = composeSecrets(environment, scope, input.secrets ?? {});
  const image = await requireElement(images, "images").image(context, scope, input.image);

  const rollout = target.containers.rollout(scope, {
    image: image.image,
    ...(image.pull === undefined ? {} : { pull: image.pull }),
    config: composeConfig(environment, scope, addons.plans),
    secrets: [
      ...secrets.map((secret) => output(secret, (reference) => reference)),
      ...addonReferences(environment, addons.plans),
    ],
    processes: environment.processes,
    jobs: environment.jobs,
    ...releaseCommandOf(environment, input),
    origin: input.origin,
    beforeReleaseCommand: backupsBefore(environment, scope, notes),
    after: [...servers, ...logResources, ...addons.plans.flatMap((addon) => addon.ready)],
  });
  const traffic = isPublished(environment)
    ? composeTraffic(environment, scope, rollout.serving, input.adopt)
    : undefined;

  return {
    resources: [
      ...servers,
      ...logResources,
      ...addons.plans.flatMap((addon) => [...addon.resources, ...addon.ready]),
      ...(secrets as readonly AnyResource[]),
      ...image.resources,
      ...rollout.resources,
      ...rollout.serving,
      ...(traffic?.resources ?? []),
    ],
    release: rollout.release,
    ...(traffic === undefined ? {} : { traffic }),
    notes: [...notes, ...(traffic?.notes ?? [])],
    problems: [...referenceProblems(environment, addons.plans), ...(traffic?.problems ?? [])],
  };
}

/** A Dockerfile that is passed over is said, so that nobody looks for what it would have installed. */
function buildNotes({ build, providers }: ResolvedEnvironment): string[] {
  const dockerfile = providers.images.images?.capabilities.dockerfile;
  if (build.dockerfile === undefined || build.command !== undefined || isSupported(dockerfile)) return [];
  return [
    `${providers.images.name} does not build ${build.dockerfile} (${dockerfile?.no ?? "it cannot"}): the source runs as it is. What it needs first belongs into build.command.`,
  ];
}

/** A limit that nobody holds the process to would be a promise broken in silence. */
function limitNotes(environment: ResolvedEnvironment): string[] {
  const { target } = environment.providers;
  const isolation = target.servers?.capabilities.isolation;
  if (isolation === undefined || isolation === true) return [];
  const limited = environment.processes.filter((one) => one.memory !== undefined || one.cpu !== undefined);
  if (limited.length === 0) return [];
  const names = limited.map((one) => one.name).join(", ");
  return [`Memory and CPU of ${names} are not limited by ${target.name}: ${isolation.no}.`];
}

function serverNeeds(environment: ResolvedEnvironment): { memory: number; instances: number } {
  let memory = 0;
  let instances = 0;
  for (const process of environment.processes) {
    instances += process.instances ?? 1;
    memory += (process.memory ?? 0) * (process.instances ?? 1);
  }
  return { memory, instances };
}

function composeAddons(environment: ResolvedEnvironment, scope: Scope): { plans: readonly AddonPlan[] } {
  if (environment.addons.length === 0) return { plans: [] };
  const addons = requireElement(environment.providers.addons, "addons");
  return { plans: environment.addons.map((addon) => addons.addon(scope, addon)) };
}

/** Config that add-ons keep at their vendor; what the user wrote wins over it. */
function addonReferences(
  environment: ResolvedEnvironment,
  addons: readonly AddonPlan[],
): ReleaseSpec["secrets"] {
  return addons.flatMap((addon) =>
    Object.entries(addon.references ?? {}).flatMap(([variable, reference]) =>
      variable in environment.config ? [] : [reference],
    ),
  );
}

/** Only the vendor which keeps a value can hand it to a process. */
function referenceProblems(
  environment: ResolvedEnvironment,
  plans: readonly AddonPlan[],
): readonly Problem[] {
  const { addons, target } = environment.providers;
  if (addons.name === target.name) return [];
  return environment.addons.flatMap((addon, index) => {
    if (Object.keys(plans[index]?.references ?? {}).length === 0) return [];
    const message = `${addons.name} keeps the address of the add-on ${addon.name} to itself, and ${target.name} cannot read it there.`;
    return [{ message, hint: `Take the add-on from ${target.name}, or declare its URL as a secret.` }];
  });
}

function composeSecrets(
  environment: ResolvedEnvironment,
  scope: Scope,
  supplied: Readonly<Record<string, Redacted>>,
): ReturnType<NonNullable<ResolvedEnvironment["providers"]["secrets"]["secrets"]>["secret"]>[] {
  for (const name of Object.keys(supplied)) {
    if (!environment.secrets.includes(name)) throw unknownSecret(environment, name);
  }
  if (environment.secrets.length === 0) return [];
  const secrets = requireElement(environment.providers.secrets, "secrets");
  return environment.secrets.map((name) => secrets.secret(scope, name, supplied[name]));
}

/** The error for a secret that the app does not declare. */
export function unknownSecret(environment: ResolvedEnvironment, name: string): DeployError {
  return new DeployError({
    code: "secrets.unknown",
    message: `The app declares no secret "${name}".`,
    hint: suggest(name, environment.secrets, `Add it to "secrets" of the app first.`),
    details: { known: environment.secrets },
  });
}

/** What every process finds in its environment; what the user wrote wins over what is derived. */
function composeConfig(
  environment: ResolvedEnvironment,
  scope: Scope,
  addons: readonly AddonPlan[],
): ReleaseSpec["config"] {
  const config: Record<string, In<string | Redacted>> = {};
  for (const addon of addons) Object.assign(config, addon.config);
  const references = new Set(addons.flatMap((addon) => Object.keys(addon.references ?? {})));
  const { containers } = environment.providers.target;
  if (isSupported(containers.capabilities.internalAddresses) && containers.address !== undefined) {
    for (const process of environment.processes) {
      const variable = addressVariable(process.name);
      const taken = variable in config || references.has(variable) || environment.secrets.includes(variable);
      if (process.listens && !taken) config[variable] = containers.address(scope, process);
    }
  }
  return { ...config, ...environment.config };
}

function releaseCommandOf(
  environment: ResolvedEnvironment,
  input: ReleaseInput,
): Pick<ReleaseSpec, "releaseCommand" | "rerunReleaseCommand"> {
  if (environment.release === undefined) return {};
  return {
    releaseCommand: environment.release,
    ...(input.rerunReleaseCommand === true ? { rerunReleaseCommand: true } : {}),
  };
}

function backupsBefore(
  environment: ResolvedEnvironment,
  scope: Scope,
  notes: string[],
): ReleaseSpec["beforeReleaseCommand"] {
  const wanted = environment.addons.filter((addon) => addon.backup);
  const provider = environment.providers.addons;
  if (environment.release === undefined || wanted.length === 0 || provider.addons === undefined) {
    return () => [];
  }
  const { addons } = provider;
  const backupBefore = addons.backupBefore?.bind(addons);
  if (backupBefore === undefined) {
    const names = wanted.map((addon) => addon.name).join(", ");
    notes.push(
      `No backup of ${names} is taken before the release command: ${provider.name} takes them by hand only.`,
    );
    return () => [];
  }
  return (release) => wanted.map((addon) => backupBefore(scope, addon, release));
}
