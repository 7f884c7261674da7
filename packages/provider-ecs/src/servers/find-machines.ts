import type { Context, Scope } from "@deploy/core";
import { unlessGone } from "../errors.js";
import { groupIdOf, groupOf } from "../names.js";
import type { Found } from "../owned.js";
import type { Parts } from "../parts.js";
import { tagKey } from "../tags.js";
import { addressId, findAddresses } from "./address.js";
import { findDataVolumes } from "./data-volume.js";
import { findInstances, instanceId } from "./instance.js";
import { removeCapacityProvider, removeInstance, removePatiently, removeScalingGroup } from "./remove.js";

/** What stands below everything else, before it is said whose it is. */
export type Part = Omit<Found, "provider" | "element">;

/** Kinds of capacity, each with a cluster of its own. */
export type ClusterKind = "fargate" | "ec2" | "instance";

/** What a cluster with instances has besides them. */
export async function findMachines(
  parts: Parts,
  context: Context,
  scope: Scope,
  kind: ClusterKind,
  cluster: string,
): Promise<readonly Part[]> {
  return kind === "instance"
    ? findOneInstance(parts, context, scope)
    : findManyInstances(parts, context, scope, cluster);
}

async function findOneInstance(
  { clients, settings }: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly Part[]> {
  const [instances, addresses, volumes] = await Promise.all([
    findInstances(clients, settings, context, scope),
    findAddresses(clients, settings, context, scope),
    findDataVolumes(clients, settings, context, scope),
  ]);
  const id = instanceId(settings, scope);
  const numbered = (base: string, index: number, key: string): string =>
    index === 0 ? base : `${base}/${key}`;
  const instanceIds = instances.map((one, index) => numbered(id, index, one.instanceId));
  return [
    ...instances.map((one, index) => ({
      id: instanceIds[index]!,
      label: `instance ${one.instanceId}`,
      remove: (removing: Context) => removeInstance(clients, removing, one.instanceId),
    })),
    ...addresses.map((one, index) => ({
      id: numbered(addressId(settings, scope), index, one.allocationId),
      label: `address ${one.ipv4}`,
      after: instanceIds,
      remove: (removing: Context) =>
        removePatiently(removing, `the address ${one.ipv4}`, ["InvalidIPAddress.InUse"], () =>
          clients.send(
            removing,
            "ec2",
            "ReleaseAddress",
            { AllocationId: one.allocationId },
            { repeatable: true },
          ),
        ),
    })),
    ...volumes.map((one) => ({
      id: groupIdOf(settings, "servers", scope, "volume", one.volumeId),
      label: `data volume ${one.volumeId}`,
      holdsData: `${one.gigabytes} GB volume ${one.volumeId}`,
      // Neither wanted by a plan nor to be pruned by one: it belongs to whatever instance there is.
      history: true as const,
      after: instanceIds,
      remove: (removing: Context) =>
        removePatiently(removing, `the volume ${one.volumeId}`, ["VolumeInUse", "IncorrectState"], () =>
          clients.send(removing, "ec2", "DeleteVolume", { VolumeId: one.volumeId }, { repeatable: true }),
        ),
    })),
  ];
}

async function findManyInstances(
  { clients, settings }: Parts,
  context: Context,
  scope: Scope,
  cluster: string,
): Promise<readonly Part[]> {
  const Filters = [{ Name: `tag:${tagKey.group}`, Values: [groupOf(settings, scope)] }];
  const [groups, templates] = await Promise.all([
    clients.all(
      context,
      "autoscaling",
      "DescribeAutoScalingGroups",
      { Filters },
      (page) => page.AutoScalingGroups,
    ),
    clients.all(context, "ec2", "DescribeLaunchTemplates", { Filters }, (page) => page.LaunchTemplates),
  ]);
  const names = groups.flatMap((one) => one.AutoScalingGroupName ?? []);
  const idFor = (what: string, name: string): string => groupIdOf(settings, "servers", scope, what, name);
  // A capacity provider outlives its group only when somebody has deleted that by hand: its name is that of the template.
  const providers = [...new Set([...names, ...templates.flatMap((one) => one.LaunchTemplateName ?? [])])];
  return [
    ...names.map((name) => ({
      id: idFor("scaling-group", name),
      label: `Auto Scaling group ${name}`,
      after: [idFor("capacity-provider", name)],
      remove: (removing: Context) => removeScalingGroup(clients, removing, name),
    })),
    ...providers.map((name) => ({
      id: idFor("capacity-provider", name),
      label: `capacity provider ${name}`,
      remove: (removing: Context) => removeCapacityProvider(clients, removing, cluster, name),
    })),
    ...templates.flatMap(({ LaunchTemplateName: name }) =>
      name === undefined
        ? []
        : [
            {
              id: idFor("launch-template", name),
              label: `launch template ${name}`,
              after: [idFor("scaling-group", name)],
              remove: async (removing: Context) => {
                const input = { LaunchTemplateName: name };
                await unlessGone(
                  clients.send(removing, "ec2", "DeleteLaunchTemplate", input, { repeatable: true }),
                );
              },
            },
          ],
    ),
  ];
}
