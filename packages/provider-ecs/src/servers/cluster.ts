import { type Context, DeployError, type Foreign, type Resource, type Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { groupIdOf, groupName } from "../names.js";
import type { Settings } from "../options.js";
import { ecsResource, notToBeSeen } from "../resources.js";
import { groupTags, ifOurs, lowerTags, readTags } from "../tags.js";
import { eventually } from "./eventually.js";
import type { ClusterObserved } from "./foundation.js";

interface Desired {
  readonly capacityProviders: readonly string[];
}

/** The cluster's name: one for each kind of capacity, so that no task of one lands on machines of another. */
export function clusterName(settings: Settings, scope: Scope): string {
  const { kind } = settings.capacity;
  return groupName(settings, scope, 255, ...(kind === "fargate" ? [] : [kind]));
}

/** What AWS offers in every cluster without anything being made. */
const fargateProviders: readonly string[] = ["FARGATE", "FARGATE_SPOT"];

/** The group's cluster, with Fargate's capacity providers where tasks run on Fargate; those of `ec2()` are added once made. */
export function clusterOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
): Resource<Desired, ClusterObserved> {
  const name = clusterName(settings, scope);
  const capacityProviders = settings.capacity.kind === "fargate" ? fargateProviders : [];
  const read = (context: Context): Promise<ClusterObserved | Foreign<ClusterObserved> | undefined> =>
    readCluster(clients, settings, scope, context);
  return ecsResource<Desired, ClusterObserved>("servers", {
    id: groupIdOf(settings, "servers", scope, "cluster", name),
    label: `cluster ${name}`,
    desired: { capacityProviders },
    read,
    // Others may have been added; only what is missing is a difference.
    diff: (_desired, observed) => {
      const missing = capacityProviders.filter((one) => !observed.capacityProviders.includes(one));
      if (missing.length === 0) return [];
      return [{ path: "capacityProviders", from: observed.capacityProviders, to: capacityProviders }];
    },
    pending: (observed) =>
      observed.status === "ACTIVE" ? undefined : `the cluster is ${observed.status.toLowerCase()}`,
    create: async (context, desired) => {
      // Creating a cluster of a name that exists answers with that one (CreateCluster is idempotent for equal input).
      const answer = await eventually(context, ["InvalidParameterException"], () =>
        clients.send(
          context,
          "ecs",
          "CreateCluster",
          {
            clusterName: name,
            tags: lowerTags(groupTags(settings, scope)),
            settings: [{ name: "containerInsights", value: "disabled" }],
            ...(desired.capacityProviders.length === 0
              ? {}
              : {
                  capacityProviders: [...desired.capacityProviders],
                  defaultCapacityProviderStrategy: [{ capacityProvider: "FARGATE", weight: 1 }],
                }),
          },
          { repeatable: true },
        ),
      );
      if (answer.cluster === undefined) throw notToBeSeen(`the cluster ${name}`);
      return observe(answer.cluster);
    },
    update: async (context, desired, observed) => {
      await addCapacityProviders(clients, context, observed, desired.capacityProviders);
      return {
        ...observed,
        capacityProviders: [...new Set([...observed.capacityProviders, ...desired.capacityProviders])],
      };
    },
    adopt: async (context) => {
      const found = await describeCluster(clients, context, name);
      if (found?.clusterArn === undefined) throw notToBeSeen(`the cluster ${name}`);
      await clients.send(context, "ecs", "TagResource", {
        resourceArn: found.clusterArn,
        tags: lowerTags(groupTags(settings, scope)),
      });
      return observe(found);
    },
  });
}

/** Adds capacity providers to those that the cluster has; waits out another change of the same cluster. */
export async function addCapacityProviders(
  clients: Clients,
  context: Context,
  cluster: Pick<ClusterObserved, "name">,
  names: readonly string[],
): Promise<void> {
  await eventually(context, ["UpdateInProgressException", "ResourceInUseException"], async () => {
    const now = await describeCluster(clients, context, cluster.name);
    const present = now?.capacityProviders ?? [];
    if (names.every((name) => present.includes(name))) return;
    const all = [...new Set([...present, ...names])];
    await clients.send(
      context,
      "ecs",
      "PutClusterCapacityProviders",
      {
        cluster: cluster.name,
        capacityProviders: all,
        defaultCapacityProviderStrategy: [{ capacityProvider: all[0]!, weight: 1 }],
      },
      { repeatable: true },
    );
  });
}

interface Described {
  readonly clusterName?: string | undefined;
  readonly clusterArn?: string | undefined;
  readonly status?: string | undefined;
  readonly capacityProviders?: readonly string[] | undefined;
  readonly runningTasksCount?: number | undefined;
}

/** The cluster as ECS describes it; one that was deleted is still described for a while, and is none. */
export async function describeCluster(
  clients: Clients,
  context: Context,
  name: string,
): Promise<
  | (Described & { readonly tags?: { key?: string | undefined; value?: string | undefined }[] | undefined })
  | undefined
> {
  const answer = await clients.send(context, "ecs", "DescribeClusters", {
    clusters: [name],
    include: ["TAGS"],
  });
  const cluster = answer.clusters?.find((one) => one.clusterName === name && one.status !== "INACTIVE");
  const failure = answer.failures?.find((one) => one.reason !== "MISSING");
  if (cluster === undefined && failure !== undefined) {
    throw new DeployError({
      code: "servers.unreadable",
      message: `ECS cannot show the cluster ${name}: ${failure.reason ?? "no reason given"}.`,
      hint: "Run the same again.",
      retryable: true,
    });
  }
  return cluster;
}

async function readCluster(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  context: Context,
): Promise<ClusterObserved | Foreign<ClusterObserved> | undefined> {
  const name = clusterName(settings, scope);
  const cluster = await describeCluster(clients, context, name);
  if (cluster === undefined) return undefined;
  return ifOurs("group", settings, scope, readTags(cluster.tags), `the cluster ${name}`, observe(cluster));
}

function observe(cluster: Described): ClusterObserved {
  return {
    name: cluster.clusterName ?? "",
    arn: cluster.clusterArn ?? "",
    status: cluster.status ?? "ACTIVE",
    capacityProviders: [...(cluster.capacityProviders ?? [])].sort(),
  };
}
