import {
  type Context,
  type Foreign,
  type ImageReference,
  type In,
  isRedacted,
  type Redacted,
  type ReleaseSpec,
  type ResolvedJob,
  type ResolvedProcess,
  type Resource,
  type Scope,
  type SecretReference,
  UNKNOWN,
} from "@deploy/core";
import { idOf } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { isOfApp, lowerTags, readTags, tagKey } from "../tags.js";
import { describeTaskDefinition, sharedTaskDefinition } from "./describe.js";
import { familyOf } from "./families.js";
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  manifestHash,
  manifestLabel,
  type StoredManifest,
  stateTag,
} from "./manifest.js";
import { releaseChanges } from "./release-changes.js";
import { fingerprintOf, storeSensitive } from "./sensitive-config.js";
import {
  jobTask,
  oneOffTask,
  processTask,
  type Rendering,
  type TaskDefinitionInput,
} from "./task-definition.js";

/** What a release is to be made of. */
export interface DesiredRelease {
  readonly image: ImageReference;
  readonly config: Readonly<Record<string, string | Redacted>>;
  readonly secrets: readonly SecretReference[];
  readonly processes: readonly ResolvedProcess[];
  readonly jobs: readonly ResolvedJob[];
  readonly platform: Readonly<Record<string, string>>;
}

/** A release as the plan sees it, and the task definitions that are known to be its. */
export interface ObservedRelease extends StoredManifest {
  /** By family; only what this run has registered or looked up. */
  readonly taskDefinitions: Readonly<Record<string, string>>;
}

/** How a release of this scope is rendered, given what it stands on. */
export type RenderingOf = (platform: Readonly<Record<string, string>>) => Rendering;

/** What a release node is made from. */
export interface ReleaseNodeOptions {
  readonly scope: Scope;
  readonly spec: ReleaseSpec;
  readonly platform: Readonly<Record<string, In<string>>>;
  readonly renderingOf: RenderingOf;
}

/**
 * The release as a node of the plan: what differs from the newest one makes the next one.
 *
 * A release is one revision of each family, all registered at once and tagged with its number; that of the family `run`
 * holds the manifest. A run that was killed in between is gone on with under the same number.
 */
export function releaseNode(
  parts: Parts,
  options: ReleaseNodeOptions,
): Resource<DesiredRelease, ObservedRelease> {
  const { scope, spec } = options;
  const family = familyOf(scope, "run");

  const make = async (context: Context, desired: DesiredRelease): Promise<ObservedRelease> => {
    const latest = await describeTaskDefinition(parts, context, family);
    const newest = latest === undefined ? undefined : decodeManifest(latest);
    const sensitive = sensitiveOf(scope, spec, desired.config);
    const content = { ...plainOf(desired), sensitive: sensitive.map(({ reference }) => reference) };
    const hash = manifestHash(content);
    const isSame = newest !== undefined && newest.failure === undefined && newest.hash === hash;
    const taken = Number(readTags(latest?.tags)[tagKey.release] ?? 0);
    const number = isSame ? newest.number : (Number.isInteger(taken) ? taken : 0) + 1;
    const createdAt = isSame ? newest.createdAt : new Date(context.clock.now()).toISOString();
    const manifest: Manifest = {
      ...content,
      number,
      createdAt,
      origin: isSame ? newest.origin : spec.origin,
    };
    await storeSensitive(parts, context, scope, sensitive);
    const carried = newest?.commandDone;
    const rendering = options.renderingOf(desired.platform);
    const tasks = tasksOf(rendering, manifest, spec.releaseCommand !== undefined, carried);
    const entries = await settleAll(
      tasks.map(async (task) => {
        const arn = await ensureTaskDefinition(parts, context, scope, task);
        return [task.family!, arn] as const;
      }),
    );
    const taskDefinitions = Object.fromEntries(entries);
    return {
      ...(isSame ? newest : manifest),
      hash,
      arn: taskDefinitions[family]!,
      taskDefinitions,
      ...(carried === undefined ? {} : { commandDone: carried }),
    };
  };

  return ecsResource<DesiredRelease, ObservedRelease>("containers", {
    id: idOf(parts.settings, "containers", scope, "release"),
    label: "release",
    verb: "record",
    renews: true,
    desired: {
      image: spec.image,
      config: spec.config,
      secrets: spec.secrets,
      processes: spec.processes.map(({ instances: _instances, ...process }) => process),
      jobs: spec.jobs,
      platform: options.platform,
    } as Resource<DesiredRelease, ObservedRelease>["desired"],
    read: (context) => readRelease(parts, context, scope),
    diff: (desired, observed) => (desired === UNKNOWN ? [] : releaseChanges(scope, spec, desired, observed)),
    create: make,
    update: make,
  });
}

/** All answers; when one fails, only after the others have ended: nothing is registered behind the run's back. */
async function settleAll<T>(calls: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(calls);
  return Promise.all(calls);
}

/** The newest release, asked for once per plan. */
export async function readRelease(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<ObservedRelease | Foreign<ObservedRelease> | undefined> {
  const family = familyOf(scope, "run");
  const answer = await sharedTaskDefinition(parts, context, family);
  if (answer === undefined) return undefined;
  const manifest = decodeManifest(answer);
  if (manifest !== undefined && isOfApp(readTags(answer.tags), scope)) {
    return { ...manifest, taskDefinitions: { [family]: manifest.arn } };
  }
  return {
    foreign: true,
    description: `the newest revision of the task definition ${family} was not registered by us`,
  };
}

/**
 * Everything that a release registers, manifest included; `commandDone` is noted on from the release before. What runs the
 * release command only where there is one: should a killed run not have come to it, that command itself sees to it, as the
 * services and jobs do to theirs.
 */
function tasksOf(
  rendering: Rendering,
  release: Manifest,
  hasCommand: boolean,
  commandDone?: string,
): readonly TaskDefinitionInput[] {
  const run = oneOffTask(rendering, release, "run", { [manifestLabel]: encodeManifest(release) });
  const notes = commandDone === undefined ? [] : lowerTags({ [stateTag.command]: commandDone });
  return [
    ...release.processes.map((process) => processTask(rendering, release, process)),
    ...release.jobs.map((job) => jobTask(rendering, release, job)),
    ...(hasCommand ? [oneOffTask(rendering, release, "release")] : []),
    { ...run, tags: [...(run.tags ?? []), ...notes] },
  ];
}

/**
 * The ARN of this very task definition: the newest revision when it is the same, else a new one. Registering is never
 * idempotent, so it is looked at first; the tags tell.
 */
export async function ensureTaskDefinition(
  parts: Parts,
  context: Context,
  scope: Scope,
  task: TaskDefinitionInput,
): Promise<string> {
  const answer = await describeTaskDefinition(parts, context, task.family!);
  const present = readTags(answer?.tags);
  const wanted = readTags(task.tags);
  const arn = answer?.taskDefinition?.taskDefinitionArn;
  const isOurs = arn !== undefined && isOfApp(present, scope);
  if (isOurs && [tagKey.hash, tagKey.release].every((key) => present[key] === wanted[key])) return arn;
  const made = await parts.clients.send(context, "ecs", "RegisterTaskDefinition", task);
  return made.taskDefinition?.taskDefinitionArn ?? "";
}

function plainOf(desired: DesiredRelease): Omit<Manifest, "number" | "createdAt" | "origin" | "sensitive"> {
  const config = Object.entries(desired.config).flatMap(([name, value]) =>
    isRedacted(value) ? [] : [[name, value as string] as const],
  );
  return { ...desired, config: Object.fromEntries(config) };
}

/** Config that is secret: its value is kept beside the app's secrets and referred to, under a name that says its version. */
function sensitiveOf(
  scope: Scope,
  spec: ReleaseSpec,
  config: DesiredRelease["config"],
): readonly { readonly reference: SecretReference; readonly value?: Redacted }[] {
  const given = Object.entries(config).flatMap(([name, value]) =>
    isRedacted(value)
      ? [{ reference: fingerprintOf(scope, name, value as Redacted), value: value as Redacted }]
      : [],
  );
  return [...(spec.sensitiveConfig ?? []).map((reference) => ({ reference })), ...given];
}
