import { type AnyResource, output, type Resource, type Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { groupIdOf, groupName } from "../names.js";
import type { Ec2Capacity, InstanceCapacity, Settings } from "../options.js";
import { alone, ecsResource } from "../resources.js";
import { groupTags } from "../tags.js";
import { serviceLinkedRole } from "./account-roles.js";
import { addressOf, associationOf } from "./address.js";
import { scalingGroupName, scalingGroupOf } from "./auto-scaling-group.js";
import { attachmentOf, capacityProviderOf } from "./capacity-provider.js";
import type { Foundation } from "./foundation.js";
import { connectedOf, instanceOf } from "./instance.js";
import { instanceProfile } from "./instance-profile.js";
import { launchTemplateOf } from "./launch-template.js";
import { instancePolicy } from "./role-policies.js";
import { role } from "./roles.js";
import { listContainerInstances } from "./status.js";
import { dataRoot } from "./user-data.js";

/** What the parts of a foundation that have instances are made from. */
export type Ground = Pick<Foundation, "scope" | "clusterName" | "network" | "cluster" | "taskGroup">;

/** What instances add to a foundation. */
export interface Machines {
  readonly more: Partial<Pick<Foundation, "address" | "instance" | "dataPath">> &
    Pick<Foundation, "placement">;
  readonly ready: readonly AnyResource[];
  readonly resources: readonly AnyResource[];
}

/** The name of the role of a group's instances, and of the profile that hands it over. */
function machineRoleName(settings: Settings, scope: Scope): string {
  return groupName(settings, scope, 64, settings.region, settings.capacity.kind);
}

/** `instance()`: address, instance, and the wait for its agent. */
export function oneInstance(
  clients: Clients,
  settings: Settings,
  capacity: InstanceCapacity,
  ground: Ground,
): Machines {
  const { scope, clusterName, network, taskGroup } = ground;
  const { machineRole, profile } = roleOfMachines(clients, settings, scope, clusterName);
  const address = addressOf(clients, settings, scope);
  const instance = instanceOf(clients, settings, scope, capacity, clusterName, {
    instanceType: capacity.instanceType,
    subnetIds: output(network, (found) => found.publicSubnetIds),
    zones: output(network, (found) => found.zones),
    securityGroupId: output(taskGroup, (made) => made.groupId),
    profileArn: output(profile, (made) => made.arn),
    allocationId: output(address, (made) => made.allocationId),
  });
  const instanceId = output(instance, (made) => made.instanceId);
  const association = associationOf(clients, settings, scope, {
    allocationId: output(address, (made) => made.allocationId),
    instanceId,
  });
  // The agent gives up for a while on a cluster that is not there.
  const started = { ...instance, after: [ground.cluster as AnyResource] };
  const connected = connectedOf(clients, settings, scope, clusterName, instanceId);
  return {
    more: {
      placement: { launchType: "EC2" },
      address,
      instance: started,
      dataPath: `${dataRoot}/${scope.app}/${scope.environment}`,
    },
    ready: [connected, association] as readonly AnyResource[],
    resources: [machineRole, profile, address, started, association, connected] as readonly AnyResource[],
  };
}

/** `ec2()`: launch template, Auto Scaling group, capacity provider, and the wait for the first agent. */
export function manyInstances(
  clients: Clients,
  settings: Settings,
  capacity: Ec2Capacity,
  ground: Ground,
): Machines {
  const { scope, clusterName, network, taskGroup, cluster } = ground;
  const { machineRole, profile } = roleOfMachines(clients, settings, scope, clusterName);
  const template = launchTemplateOf(clients, settings, scope, capacity, clusterName, {
    instanceType: capacity.instanceType,
    profileArn: output(profile, (made) => made.arn),
    securityGroupId: output(taskGroup, (made) => made.groupId),
  });
  const linked = serviceLinkedRole(clients, settings, "autoscaling");
  const name = scalingGroupName(settings, scope, capacity.instanceType);
  const group = scalingGroupOf(clients, settings, scope, capacity, {
    subnetIds: output(network, (found) => found.subnetIds),
    launchTemplate: name,
    after: [template, cluster, linked] as readonly AnyResource[],
  });
  const groupArn = output(group, (made) => made.arn);
  const provider = capacityProviderOf(clients, settings, scope, capacity, groupArn);
  const attachment = attachmentOf(clients, settings, scope, cluster, provider);
  const connected = someConnected(clients, settings, scope, clusterName, group as AnyResource);
  return {
    more: {
      placement: { capacityProviderStrategy: [{ capacityProvider: name, weight: 1, base: 0 }] },
    },
    ready: [attachment, connected] as readonly AnyResource[],
    resources: [
      machineRole,
      profile,
      template,
      linked,
      group,
      provider,
      attachment,
      connected,
    ] as readonly AnyResource[],
  };
}

function roleOfMachines(clients: Clients, settings: Settings, scope: Scope, cluster: string) {
  const name = machineRoleName(settings, scope);
  const machineRole = role(clients, settings, scope, {
    id: groupIdOf(settings, "servers", scope, "role", name),
    label: "role of the instances",
    name,
    owner: "group",
    tags: groupTags(settings, scope),
    service: "ec2.amazonaws.com",
    policy: instancePolicy(settings, cluster),
    attached: [],
  });
  const profile = instanceProfile(clients, settings, scope, {
    id: groupIdOf(settings, "servers", scope, "instance-profile", name),
    name,
    role: output(machineRole, (made) => made.name),
  });
  return { machineRole, profile };
}

/**
 * Opens once an instance can take tasks: a service that finds none backs off, and tries again minutes later
 * (reproio/ecs_deploy#53).
 */
function someConnected(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  cluster: string,
  group: AnyResource,
): Resource<Record<string, never>, { readonly connected: number }> {
  return ecsResource<Record<string, never>, { readonly connected: number }>("servers", {
    id: groupIdOf(settings, "servers", scope, "agents"),
    label: "agents of the instances",
    desired: {},
    after: [group],
    read: async (context) => {
      const found = await listContainerInstances({ clients }, alone(context), cluster);
      return { connected: found.filter((one) => one.status === "ACTIVE" && one.connected).length };
    },
    pending: ({ connected }) => (connected > 0 ? undefined : "no instance has joined the cluster yet"),
  });
}
