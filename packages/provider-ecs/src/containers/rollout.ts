import {
  type AnyResource,
  type Context,
  DeployError,
  type In,
  isForeign,
  mapOut,
  type Out,
  output,
  type ReleaseSpec,
  type ResolvedProcess,
  type RolloutPlan,
  type Scope,
} from "@deploy/core";
import { type Attachment, attachmentOf, isPublic } from "../ingress/attachment.js";
import type { Parts } from "../parts.js";
import { pullSecret } from "../secrets/pull-secret.js";
import type { Foundation } from "../servers/foundation.js";
import { appTags } from "../tags.js";
import { autoscalingNodes } from "./autoscaling.js";
import { connectOf, type Discovery, discoveryOf } from "./discovery.js";
import { familyOf, hashOf, stableText } from "./families.js";
import { inServiceNode } from "./in-service.js";
import { jobNodes } from "./jobs.js";
import { releaseCommandNode } from "./release-command.js";
import { ensureTaskDefinition, type ObservedRelease, readRelease, releaseNode } from "./release-node.js";
import type { TaskNetwork } from "./run-task.js";
import { type ServiceNodeOptions, serviceNode } from "./service-node.js";
import { placementText, type ServiceSettings } from "./service-settings.js";
import {
  jobTask,
  oneOffTask,
  portOf,
  processTask,
  type Rendering,
  type TaskDefinitionInput,
} from "./task-definition.js";

/** Raised whenever the same release is rendered into other task definitions: running ones are then replaced. */
const format = "1";

/** From a spec to nodes: the release, its command, the processes, the jobs. */
export function rolloutPlan(parts: Parts, scope: Scope, spec: ReleaseSpec): RolloutPlan {
  const foundation = parts.foundation(scope);
  const attachments = Object.fromEntries(
    spec.processes
      .filter(isPublic)
      .map((process) => [process.name, attachmentOf(parts, scope, process, spec.processes, process.name)]),
  );
  const pull = spec.pull === undefined ? undefined : pullSecret(parts, scope, spec.pull);
  const discovery = discoveryOf(parts, scope, spec.processes);
  const network = networkOf(parts, foundation);
  const renderingOf = (platform: Readonly<Record<string, string>>): Rendering =>
    renderingFrom(parts, scope, foundation, attachments, platform);

  const platform: Record<string, In<string>> = {
    format,
    networkMode: foundation.networkMode,
    architecture: parts.settings.capacity.architecture,
    executionRole: output(foundation.executionRole, ({ arn }) => arn),
    taskRole: output(foundation.taskRole, ({ arn }) => arn),
    ...(Object.keys(parts.settings.sidecars).length === 0
      ? {}
      : { sidecars: hashOf(parts.settings.sidecars) }),
    ...(pull === undefined ? {} : { registryCredentials: output(pull, ({ arn }) => arn) }),
  };
  const release = releaseNode(parts, { scope, spec, platform, renderingOf });
  const number = output(release, (observed) => observed.number);
  const manifest = output(release, (observed) => observed.arn);
  let known: ObservedRelease | undefined;
  const currentRelease = output(release, (observed) => {
    known = observed;
    return observed.number;
  });

  /** The ARN of one of the release's task definitions: as this run has registered it, else looked up, else made good. */
  const definitionOf =
    (render: (rendering: Rendering, observed: ObservedRelease) => TaskDefinitionInput | undefined) =>
    async (context: Context, wanted: number): Promise<string> => {
      const observed = known?.number === wanted ? known : await readRelease(parts, context, scope);
      if (observed === undefined || isForeign(observed) || observed.number !== wanted)
        throw goneRelease(wanted);
      const found = observed as ObservedRelease;
      const task = render(renderingOf(found.platform), found);
      if (task === undefined) throw goneRelease(wanted);
      return found.taskDefinitions[task.family!] ?? ensureTaskDefinition(parts, context, scope, task);
    };

  const gates: AnyResource[] = [];
  if (spec.releaseCommand !== undefined) {
    const { command, timeoutMs } = spec.releaseCommand;
    gates.push(
      releaseCommandNode(parts, {
        scope,
        foundation,
        timeoutMs,
        rerun: spec.rerunReleaseCommand === true,
        desired: {
          image: mapOut(spec.image as Out<{ digest: string }>, ({ digest }) => digest),
          command,
          release: currentRelease,
          manifest,
          ...(network === undefined ? {} : { network }),
        },
        after: [...foundation.ready, ...spec.after, ...spec.beforeReleaseCommand(number)],
        taskDefinition: definitionOf((rendering, observed) => oneOffTask(rendering, observed, "release")),
      }) as AnyResource,
    );
  }

  const common: Common = { parts, scope, foundation, discovery, network, release: currentRelease };
  const services = spec.processes.map((process) => {
    const own = attachments[process.name];
    return serviceNode(parts, {
      scope,
      cluster: foundation.clusterName,
      process,
      fellows: spec.processes.map(({ name }) => name),
      desired: desiredService(common, process, own),
      after: [...foundation.ready, ...spec.after, ...gates, ...(own?.before ?? []), release as AnyResource],
      architecture: parts.settings.capacity.architecture,
      taskDefinition: definitionOf((rendering, observed) => {
        const stored = observed.processes.find(({ name }) => name === process.name);
        return stored === undefined ? undefined : processTask(rendering, observed, stored);
      }),
      manifest: async (context) => {
        const newest = await readRelease(parts, context, scope);
        return newest === undefined || isForeign(newest) ? undefined : (newest as ObservedRelease);
      },
      instancesOwned: process.name in parts.settings.autoscaling,
    }) as AnyResource;
  });
  const jobs = jobNodes(parts, {
    scope,
    foundation,
    jobs: spec.jobs,
    release: currentRelease,
    network,
    after: [...foundation.ready, ...spec.after, ...gates],
    taskDefinition: (context, job, wanted) =>
      definitionOf((rendering, observed) => {
        const stored = observed.jobs.find(({ name }) => name === job.name);
        return stored === undefined ? undefined : jobTask(rendering, observed, stored);
      })(context, wanted),
  });
  const scaling = spec.processes.flatMap((process, index) => {
    const own = parts.settings.autoscaling[process.name];
    return own === undefined ? [] : autoscalingNodes(parts, scope, process.name, own, services[index]!);
  });
  const inService = inServiceNode(
    parts,
    scope,
    { release: currentRelease, manifest },
    [...services, ...jobs],
    [
      ...spec.processes.map(({ name }) => familyOf(scope, "process", name)),
      ...spec.jobs.map(({ name }) => familyOf(scope, "job", name)),
      familyOf(scope, "release"),
      familyOf(scope, "run"),
    ],
  );
  return {
    resources: [
      ...(pull === undefined ? [] : [pull as AnyResource]),
      ...discovery.resources,
      ...Object.values(attachments).flatMap(({ before }) => before),
      release as AnyResource,
      ...gates,
      ...services,
      ...jobs,
      ...scaling,
      inService as AnyResource,
    ],
    release: number,
    serving: services,
  };
}

interface Common {
  readonly parts: Parts;
  readonly scope: Scope;
  readonly foundation: Foundation;
  readonly discovery: Discovery;
  readonly network: In<TaskNetwork> | undefined;
  readonly release: Out<number>;
}

/** What a service is held to; a volume allows one instance at a time, and none beside the next. */
function desiredService(
  common: Common,
  process: ResolvedProcess,
  attachment: Attachment | undefined,
): ServiceNodeOptions["desired"] {
  const { parts, foundation, discovery, network, scope } = common;
  const registry = discovery.registries[process.name];
  const targetGroup = attachment?.targetGroupArn;
  const isBridge = foundation.networkMode === "bridge";
  const isExclusive = Object.keys(process.volumes).length > 0;
  const needsTarget = targetGroup !== undefined || (isBridge && registry !== undefined);
  const settings: { readonly [Key in keyof ServiceSettings]: In<NonNullable<ServiceSettings[Key]>> } = {
    minimumHealthyPercent: isExclusive ? 0 : 100,
    maximumPercent: isExclusive ? 100 : 200,
    executeCommand: true,
    placement: placementText(foundation.placement),
    ...(network === undefined
      ? {}
      : {
          subnets: mapOut(network as Out<TaskNetwork>, ({ subnets }) => [...subnets].sort()),
          securityGroups: mapOut(network as Out<TaskNetwork>, ({ securityGroups }) =>
            [...securityGroups].sort(),
          ),
          publicAddress: parts.settings.network.publicAddresses,
        }),
    ...(targetGroup === undefined
      ? {}
      : { targetGroup, graceSeconds: Math.ceil(process.health.startWithinMs / 1000) }),
    ...(needsTarget ? { target: `${process.name}:${portOf(process)}` } : {}),
    ...(registry === undefined ? {} : { registry: output(registry, ({ arn }) => arn) }),
    ...(discovery.connects && discovery.namespace !== undefined
      ? { connect: output(discovery.namespace, ({ arn }) => stableText(connectOf(arn, scope, process))) }
      : {}),
  };
  return {
    release: common.release,
    settings: settings as In<ServiceSettings>,
    ...(process.instances === undefined ? {} : { instances: process.instances }),
  };
}

/** Where tasks of awsvpc run, late; one output of two resources. */
function networkOf(parts: Parts, foundation: Foundation): In<TaskNetwork> | undefined {
  if (foundation.networkMode !== "awsvpc") return undefined;
  const subnets = output(foundation.network, ({ subnetIds }) => subnetIds);
  const group = output(foundation.taskGroup, ({ groupId }) => groupId);
  const { securityGroups, publicAddresses } = parts.settings.network;
  const joined = {
    ...subnets,
    needs: [...subnets.needs, ...group.needs],
    resolve: (look: Parameters<typeof subnets.resolve>[0]) => {
      const found = subnets.resolve(look);
      const own = group.resolve(look);
      if (typeof found === "symbol") return found;
      if (typeof own === "symbol") return own;
      return { subnets: found, securityGroups: [own, ...securityGroups], publicAddress: publicAddresses };
    },
  };
  return joined as Out<TaskNetwork>;
}

function renderingFrom(
  parts: Parts,
  scope: Scope,
  foundation: Foundation,
  attachments: Readonly<Record<string, Attachment>>,
  platform: Readonly<Record<string, string>>,
): Rendering {
  const registryCredentials = platform.registryCredentials;
  return {
    scope,
    region: parts.settings.region,
    networkMode: foundation.networkMode,
    architecture: parts.settings.capacity.architecture,
    executionRole: platform.executionRole ?? "",
    taskRole: platform.taskRole ?? "",
    ...(parts.settings.capacity.kind === "instance" && foundation.dataPath !== undefined
      ? { dataPath: foundation.dataPath }
      : {}),
    sidecars: parts.settings.sidecars,
    beside: Object.fromEntries(
      Object.entries(attachments).map(([name, { containers }]) => [name, containers]),
    ),
    ...(registryCredentials === undefined ? {} : { registryCredentials }),
    balanced: Object.entries(attachments).flatMap(([name, { targetGroupArn }]) =>
      targetGroupArn === undefined ? [] : [name],
    ),
    tags: appTags(parts.settings, scope),
  };
}

function goneRelease(number: number): DeployError {
  return new DeployError({
    code: "containers.release-gone",
    message: `Release ${number} is not to be found any more: another one was registered meanwhile.`,
    hint: "Run again: a new plan shows what is there.",
  });
}
