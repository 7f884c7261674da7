import {
  type AnyResource,
  type Context,
  DeployError,
  type FieldChange,
  type Foreign,
  type In,
  type Late,
  type ResolvedProcess,
  type Resource,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import type { Input } from "../clients/modules.js";
import { idOf, shortHash } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { appTags, ifOurs, lowerTags, readTags, tagKey } from "../tags.js";
import { type DescribedService, describeServices, serviceName, sharedService } from "./describe.js";
import type { FailureQuery } from "./failed-tasks.js";
import { stableText } from "./families.js";
import type { StoredManifest } from "./manifest.js";
import { markFailed } from "./release-state.js";
import { onceRolesAreKnown } from "./role-not-assumable.js";
import {
  endRollout,
  heldTag,
  lookAtRollout,
  type Rollout,
  rolloutError,
  type Watched,
} from "./rollout-watch.js";
import { releaseOf, releaseTags } from "./service-release.js";
import {
  changedRequest,
  placementForUpdate,
  requestOf,
  type ServiceSettings,
  settingsOfService,
} from "./service-settings.js";

type CreateInput = Input<"ecs", "CreateService">;

/** What a service should be. */
export interface DesiredService {
  readonly release: number;
  /** Absent: whatever it has; scaling and autoscaling own it. */
  readonly instances?: number;
  readonly settings: ServiceSettings;
}

/** A service as it is. */
export interface ObservedService extends Omit<DesiredService, "release" | "settings"> {
  /** Absent: not a task definition that we know the release of. */
  readonly release?: number;
  readonly settings: Partial<ServiceSettings>;
  readonly status: string;
  readonly rollout: Rollout;
  readonly described: DescribedService;
}

/** What the node of a service is made from. */
export interface ServiceNodeOptions {
  readonly scope: Scope;
  readonly cluster: string;
  readonly process: ResolvedProcess;
  /** All processes of the plan: they are described together. */
  readonly fellows: readonly string[];
  readonly desired: { readonly [Key in keyof DesiredService]: In<DesiredService[Key]> };
  readonly after: readonly AnyResource[];
  readonly architecture: string;
  /** Its task definition of a release; registered again where a run was killed before. */
  readonly taskDefinition: (context: Context, release: number) => Promise<string>;
  /** The release's manifest, to note on it that it has failed. */
  readonly manifest: (context: Context) => Promise<StoredManifest | undefined>;
  /** Something of the deployment only a new one brings to running tasks. */
  readonly instancesOwned: boolean;
}

/** The service of a process as a node of the plan; it is done once its own deployment is. */
export function serviceNode(
  parts: Parts,
  options: ServiceNodeOptions,
): Resource<DesiredService, ObservedService> {
  const { scope, cluster, process } = options;
  const name = serviceName(scope, process.name);
  const fellows = options.fellows.map((one) => serviceName(scope, one));
  let watched: Watched | undefined;

  const queryOf = (release: number): FailureQuery => ({
    scope,
    cluster,
    process,
    release,
    deploymentId: watched?.deploymentId ?? "",
    architecture: options.architecture,
  });

  const observe = async (context: Context, service: DescribedService): Promise<ObservedService> => {
    const release = await releaseOf(parts, context, service);
    const primary = service.deployments?.find(({ status }) => status === "PRIMARY");
    // A run that was killed: what is under way now is what it has started.
    if (watched === undefined && primary?.rolloutState === "IN_PROGRESS" && primary.id !== undefined) {
      watched = { deploymentId: primary.id, release: release ?? 0, isFirst: isFirst(service), told: 0 };
    }
    const rollout: Rollout =
      watched === undefined
        ? { state: "done" }
        : await lookAtRollout(parts, context, queryOf(watched.release), service, watched);
    return {
      ...(release === undefined ? {} : { release }),
      ...(service.desiredCount === undefined ? {} : { instances: service.desiredCount }),
      settings: settingsOfService(service),
      status: service.status ?? "",
      rollout,
      described: service,
    };
  };

  const read = async (context: Context): Promise<ObservedService | Foreign<ObservedService> | undefined> => {
    const service = await sharedService(parts, context, cluster, name, fellows);
    // One that is being deleted is as good as gone; `create` waits until its name is free.
    if (service === undefined || service.status === "DRAINING") return undefined;
    const observed = await observe(context, service);
    return ifOurs("app", parts.settings, scope, readTags(service.tags), `the service ${name}`, observed);
  };

  const started = (service: DescribedService | undefined, release: number, first: boolean): void => {
    const id = service?.deployments?.find(({ status }) => status === "PRIMARY")?.id;
    watched = id === undefined ? undefined : { deploymentId: id, release, isFirst: first, told: 0 };
  };

  const create = async (context: Context, desired: DesiredService): Promise<ObservedService> => {
    await untilGone(parts, context, cluster, name);
    const taskDefinition = await options.taskDefinition(context, desired.release);
    const input: CreateInput = {
      cluster,
      serviceName: name,
      taskDefinition,
      desiredCount: desired.instances ?? 1,
      ...requestOf(desired.settings),
      ...(JSON.parse(desired.settings.placement) as Pick<
        CreateInput,
        "launchType" | "capacityProviderStrategy"
      >),
      schedulingStrategy: "REPLICA",
      deploymentController: { type: "ECS" },
      propagateTags: "SERVICE",
      enableECSManagedTags: true,
      tags: lowerTags({
        ...appTags(parts.settings, scope, { [tagKey.process]: process.name }),
        ...releaseTags(desired.release, taskDefinition),
      }),
      // The same request after a lost answer is the same service; at most 36 characters.
      clientToken: shortHash([cluster, name, taskDefinition, stableText(desired)].join(), 32),
    };
    const answer = await onceRolesAreKnown(context, () =>
      parts.clients.send(context, "ecs", "CreateService", input),
    );
    started(answer.service, desired.release, true);
    return observe(context, answer.service ?? {});
  };

  const update = async (
    context: Context,
    desired: DesiredService,
    observed: ObservedService,
  ): Promise<ObservedService> => {
    const isNew = observed.release !== desired.release;
    const before = observed.settings;
    const { settings } = desired;
    const moved = before.placement !== undefined && before.placement !== settings.placement;
    const force =
      !isNew &&
      (moved || (before.executeCommand !== undefined && before.executeCommand !== settings.executeCommand));
    const taskDefinition = isNew ? await options.taskDefinition(context, desired.release) : undefined;
    const serviceArn = observed.described.serviceArn;
    const held = isNew && (readTags(observed.described.tags)[heldTag] ?? "") !== "";
    const tags =
      taskDefinition === undefined
        ? []
        : lowerTags({ ...releaseTags(desired.release, taskDefinition), ...(held ? { [heldTag]: "" } : {}) });
    const [answer] = await Promise.all([
      parts.clients.send(context, "ecs", "UpdateService", {
        cluster,
        service: name,
        ...(taskDefinition === undefined ? {} : { taskDefinition }),
        ...(desired.instances === undefined || options.instancesOwned
          ? {}
          : { desiredCount: desired.instances }),
        ...changedRequest(settings, before),
        ...(moved ? placementForUpdate(settings.placement) : {}),
        // A first release that failed was left without instances: the next one begins anew.
        ...(held ? { desiredCount: desired.instances ?? 1 } : {}),
        ...(force ? { forceNewDeployment: true } : {}),
      }),
      tags.length === 0 || serviceArn === undefined
        ? undefined
        : parts.clients.send(
            context,
            "ecs",
            "TagResource",
            { resourceArn: serviceArn, tags },
            { repeatable: true },
          ),
    ]);
    started(answer.service, desired.release, isFirst(observed.described));
    const known = answer.service?.tags ?? observed.described.tags ?? [];
    return observe(context, { ...answer.service, tags: [...known, ...tags] });
  };

  return ecsResource<DesiredService, ObservedService>("containers", {
    id: idOf(parts.settings, "containers", scope, "service", process.name),
    label: `process ${process.name}`,
    verb: "roll out",
    desired: options.desired as Resource<DesiredService, ObservedService>["desired"],
    after: options.after,
    read,
    diff: (desired, observed) =>
      desired === UNKNOWN ? [] : changesOf(desired, observed, options.instancesOwned),
    pending(observed) {
      if (observed.rollout.state === "failed") {
        const release = watched?.release ?? 0;
        throw rolloutError(queryOf(release), { isFirst: watched?.isFirst ?? false }, observed.rollout);
      }
      return observed.rollout.state === "running" ? observed.rollout.waitingFor : undefined;
    },
    async failed(context, observed) {
      if (watched === undefined || observed.rollout.state !== "failed") return;
      const { failure, goesOn } = observed.rollout;
      await Promise.all([
        endRollout(parts, context, cluster, name, watched, goesOn),
        options
          .manifest(context)
          .then((manifest) =>
            manifest !== undefined && manifest.number === watched?.release
              ? markFailed(parts, context, manifest, `${process.name}: ${failure.message}`)
              : undefined,
          ),
      ]);
    },
    create,
    update,
    async adopt(context) {
      const [service] = await describeServices(parts, context, cluster, [name]);
      if (service?.serviceArn === undefined) throw notThere(name);
      await parts.clients.send(context, "ecs", "TagResource", {
        resourceArn: service.serviceArn,
        tags: lowerTags(appTags(parts.settings, scope, { [tagKey.process]: process.name })),
      });
      const [adopted] = await describeServices(parts, context, cluster, [name]);
      return observe(context, adopted ?? service);
    },
  });
}

/** Nothing has ever been completed in it. */
function isFirst(service: DescribedService): boolean {
  return !(service.deployments ?? []).some(({ rolloutState }) => rolloutState === "COMPLETED");
}

function changesOf(
  desired: Exclude<Late<DesiredService>, typeof UNKNOWN>,
  observed: ObservedService,
  instancesOwned: boolean,
): FieldChange[] {
  const changes: FieldChange[] = [];
  const compare = (path: string, from: unknown, to: unknown): void => {
    if (to === UNKNOWN) changes.push({ path, ...(from === undefined ? {} : { from }), unknown: true });
    else if (stableText(from) !== stableText(to))
      changes.push({ path, ...(from === undefined ? {} : { from }), to });
  };
  if (observed.status === "DRAINING")
    changes.push({ path: "state", from: "being deleted", to: "in service" });
  compare("release", observed.release, desired.release);
  if (desired.instances !== undefined && !instancesOwned)
    compare("instances", observed.instances, desired.instances);
  const settings =
    desired.settings === UNKNOWN ? {} : (desired.settings as Readonly<Record<string, unknown>>);
  const present = observed.settings as Readonly<Record<string, unknown>>;
  for (const [name, to] of Object.entries(settings)) {
    // ECS always tells what it holds; what an answer leaves out was not told, and is no difference.
    if (name in present || !quiet.has(name)) compare(`settings.${name}`, present[name], to);
  }
  return changes;
}

/** Settings that are compared only where the answer names them. */
const quiet = new Set([
  "minimumHealthyPercent",
  "maximumPercent",
  "graceSeconds",
  "executeCommand",
  "placement",
  "connect",
]);

/** A service of the same name that is being deleted has to be gone first: ECS refuses the name until then. */
async function untilGone(parts: Parts, context: Context, cluster: string, name: string): Promise<void> {
  for (let waited = 0; waited < drainLimitMs; waited += drainPollMs) {
    const [service] = await describeServices(parts, context, cluster, [name]);
    if (service?.status !== "DRAINING") return;
    if (waited === 0) context.log(`waiting until the former ${name} is gone`);
    await context.clock.sleep(drainPollMs, context.signal);
  }
  throw new DeployError({
    code: "containers.still-draining",
    message: `The former service ${name} is still being deleted.`,
    hint: "Run the same again in some minutes.",
    retryable: true,
  });
}

const drainPollMs = 2_000;
const drainLimitMs = 300_000;

function notThere(name: string): DeployError {
  return new DeployError({
    code: "containers.not-found",
    message: `There is no service ${name} to take over.`,
    hint: "Run again: the plan shows what is there.",
  });
}
