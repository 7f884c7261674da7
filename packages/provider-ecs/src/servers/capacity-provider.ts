import {
  type Context,
  DeployError,
  type Foreign,
  type In,
  output,
  type Resource,
  type Scope,
} from "@deploy/core";
import type { Clients } from "../clients.js";
import { groupIdOf } from "../names.js";
import type { Ec2Capacity, Settings } from "../options.js";
import { ecsResource, notToBeSeen } from "../resources.js";
import { groupTags, ifOurs, lowerTags, readTags, type Tags } from "../tags.js";
import { scalingGroupName } from "./auto-scaling-group.js";
import { addCapacityProviders, describeCluster } from "./cluster.js";
import type { ClusterObserved } from "./foundation.js";

interface Desired {
  readonly scalingGroupArn: string;
  readonly managedScaling: boolean;
}

/** What connects the instances with the scheduler. */
export interface CapacityProviderObserved {
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  readonly updateStatus: string | undefined;
  readonly scalingGroupArn: string;
  readonly managedScaling: boolean;
}

/**
 * The capacity provider of `ec2()`: an instance that goes is drained first; with a `max`, ECS scales the group.
 *
 * Managed termination needs managed scaling, and a group that protects its instances (ECS developer guide, "Amazon ECS
 * managed termination protection"), so that the three are switched on together.
 */
export function capacityProviderOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  capacity: Ec2Capacity,
  scalingGroupArn: In<string>,
): Resource<Desired, CapacityProviderObserved> {
  const name = scalingGroupName(settings, scope, capacity.instanceType);
  const read = async (
    context: Context,
  ): Promise<CapacityProviderObserved | Foreign<CapacityProviderObserved> | undefined> => {
    const found = await describeCapacityProvider(clients, context, name);
    if (found === undefined) return undefined;
    return ifOurs("group", settings, scope, found.tags, `the capacity provider ${name}`, found.observed);
  };
  return ecsResource<Desired, CapacityProviderObserved>("servers", {
    id: groupIdOf(settings, "servers", scope, "capacity-provider", name),
    label: `capacity provider ${name}`,
    desired: { scalingGroupArn, managedScaling: capacity.max > capacity.count },
    read,
    pending: (observed) => {
      if (observed.updateStatus?.endsWith("_FAILED") === true) {
        throw new DeployError({
          code: "servers.capacity-provider-failed",
          message: `The capacity provider ${name} could not be changed (${observed.updateStatus}).`,
          hint: "Look at it in the ECS console; run `deploy down`, or the same again.",
        });
      }
      return observed.updateStatus?.endsWith("_IN_PROGRESS") === true
        ? "ECS is changing the capacity provider"
        : undefined;
    },
    create: async (context, desired) => {
      const made = await clients.send(context, "ecs", "CreateCapacityProvider", {
        name,
        autoScalingGroupProvider: { autoScalingGroupArn: desired.scalingGroupArn, ...settingsFor(desired) },
        tags: lowerTags(groupTags(settings, scope)),
      });
      if (made.capacityProvider === undefined) throw notToBeSeen(`the capacity provider ${name}`);
      return observe(made.capacityProvider);
    },
    update: async (context, desired, observed) => {
      if (desired.scalingGroupArn !== observed.scalingGroupArn) {
        throw new DeployError({
          code: "servers.capacity-provider-differs",
          message: `The capacity provider ${name} belongs to another Auto Scaling group, and that cannot be changed.`,
          hint: "Delete the capacity provider in the ECS console, and run the same again.",
        });
      }
      await clients.send(
        context,
        "ecs",
        "UpdateCapacityProvider",
        { name, autoScalingGroupProvider: settingsFor(desired) },
        { repeatable: true },
      );
      return { ...observed, ...desired };
    },
  });
}

function settingsFor(desired: Desired) {
  return {
    managedScaling: {
      status: desired.managedScaling ? "ENABLED" : "DISABLED",
      // 300 s is ECS's default; an instance serves long before.
      ...(desired.managedScaling ? { targetCapacity: 100, instanceWarmupPeriod: 60 } : {}),
    },
    managedTerminationProtection: desired.managedScaling ? "ENABLED" : "DISABLED",
    managedDraining: "ENABLED",
  } as const;
}

interface Described {
  readonly name?: string | undefined;
  readonly capacityProviderArn?: string | undefined;
  readonly status?: string | undefined;
  readonly updateStatus?: string | undefined;
  readonly autoScalingGroupProvider?:
    | {
        readonly autoScalingGroupArn?: string | undefined;
        readonly managedScaling?: { readonly status?: string | undefined } | undefined;
      }
    | undefined;
}

/** A capacity provider by its name; one that was deleted is described for a while, and is none. */
export async function describeCapacityProvider(
  clients: Clients,
  context: Context,
  name: string,
): Promise<{ readonly tags: Tags; readonly observed: CapacityProviderObserved } | undefined> {
  const answer = await clients.send(context, "ecs", "DescribeCapacityProviders", {
    capacityProviders: [name],
    include: ["TAGS"],
  });
  const found = answer.capacityProviders?.find((one) => one.name === name);
  if (found === undefined || found.status === "INACTIVE" || found.updateStatus === "DELETE_COMPLETE")
    return undefined;
  return { tags: readTags(found.tags), observed: observe(found) };
}

function observe(found: Described): CapacityProviderObserved {
  return {
    name: found.name ?? "",
    arn: found.capacityProviderArn ?? "",
    status: found.status ?? "",
    updateStatus: found.updateStatus,
    scalingGroupArn: found.autoScalingGroupProvider?.autoScalingGroupArn ?? "",
    managedScaling: found.autoScalingGroupProvider?.managedScaling?.status === "ENABLED",
  };
}

/** That the cluster uses the capacity provider. A cluster that is being changed takes no other change: it is waited for. */
export function attachmentOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  cluster: Resource<unknown, ClusterObserved>,
  provider: Resource<Desired, CapacityProviderObserved>,
): Resource<{ readonly cluster: string; readonly provider: string }, { readonly attached: boolean }> {
  interface Wanted {
    readonly cluster: string;
    readonly provider: string;
  }
  const { capacity } = settings;
  const name = capacity.kind === "ec2" ? scalingGroupName(settings, scope, capacity.instanceType) : "";
  return ecsResource<Wanted, { readonly attached: boolean }>("servers", {
    id: groupIdOf(settings, "servers", scope, "capacity-provider", name, "attachment"),
    label: "instances in the cluster",
    verb: "attach",
    desired: {
      cluster: output(cluster, (made) => made.name),
      provider: output(provider, (made) => made.name),
    },
    diff: () => [],
    read: async (context) => {
      const found = await describeCluster(clients, context, clusterNameOf(cluster));
      return found?.capacityProviders?.includes(name) === true ? { attached: true } : undefined;
    },
    create: async (context, wanted) => {
      await addCapacityProviders(clients, context, { name: wanted.cluster }, [wanted.provider]);
      return { attached: true };
    },
  });
}

/** The last part of the cluster's id is its name. */
function clusterNameOf(cluster: Resource<unknown, ClusterObserved>): string {
  return cluster.id.slice(cluster.id.lastIndexOf("/") + 1);
}
