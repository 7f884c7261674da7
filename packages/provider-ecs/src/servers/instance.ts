import type { Context, In, Resource, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { groupIdOf, groupOf } from "../names.js";
import type { InstanceCapacity, Settings } from "../options.js";
import { alone, ecsResource, readOnce } from "../resources.js";
import { partFilters } from "./address.js";
import { dataDevice } from "./data-volume.js";
import type { InstanceObserved } from "./foundation.js";
import { type InstanceDesired, launch } from "./launch-instance.js";
import { listContainerInstances } from "./status.js";

/** States of an instance that is not gone. */
const alive = ["pending", "running", "stopping", "stopped"];

/** The id of the instance as a resource. */
export function instanceId(settings: Settings, scope: Scope): string {
  return groupIdOf(settings, "servers", scope, "instance");
}

/**
 * The one instance of the group. What runs on it keeps its data on a volume of its own, which outlives the instance.
 *
 * A stopped one is started again. One of another type is replaced only by word (`instance({ replace: "i-…" })`).
 */
export function instanceOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  capacity: InstanceCapacity,
  cluster: string,
  desired: In<InstanceDesired>,
): Resource<InstanceDesired, InstanceObserved> {
  return ecsResource<InstanceDesired, InstanceObserved>("servers", {
    id: instanceId(settings, scope),
    label: `instance (${capacity.instanceType})`,
    // Another instance has another id, which the address has to lead to.
    renews: true,
    desired,
    read: async (context) => (await findInstances(clients, settings, context, scope))[0],
    diff: (_desired, observed) => [
      ...(observed.instanceType === capacity.instanceType
        ? []
        : [{ path: "instanceType", from: observed.instanceType, to: capacity.instanceType }]),
      ...(observed.state === "stopped" ? [{ path: "state", from: "stopped", to: "running" }] : []),
    ],
    pending: (observed) => (observed.state === "running" ? undefined : `the instance is ${observed.state}`),
    blocked: (observed) => {
      if (observed === undefined || observed.instanceType === capacity.instanceType) return undefined;
      if (observed.instanceId === capacity.replace) return undefined;
      return {
        code: "servers.instance-differs",
        message: `The instance ${observed.instanceId} is a ${observed.instanceType}, not a ${capacity.instanceType}, and every app of the group ${groupOf(settings, scope)} on it is down while it is replaced.`,
        hint: `Replace it by word: instance({ instanceType: "${capacity.instanceType}", replace: "${observed.instanceId}" }). Its data volume is kept.`,
      };
    },
    create: (context, wanted) => launch(clients, settings, scope, capacity, cluster, context, wanted),
    update: async (context, wanted, observed) => {
      const InstanceIds = [observed.instanceId];
      if (observed.instanceType === capacity.instanceType) {
        await clients.send(context, "ec2", "StartInstances", { InstanceIds }, { repeatable: true });
        return { ...observed, state: "pending" };
      }
      context.log(`Terminating ${observed.instanceId}; its data volume stays.`);
      await clients.send(context, "ec2", "TerminateInstances", { InstanceIds }, { repeatable: true });
      return launch(clients, settings, scope, capacity, cluster, context, wanted);
    },
  });
}

/** The instances of the group that are not gone, the oldest first. Once per plan. */
export function findInstances(
  clients: Clients,
  settings: Settings,
  context: Context,
  scope: Scope,
): Promise<readonly InstanceObserved[]> {
  const Filters = [
    ...partFilters(settings, scope, "instance"),
    { Name: "instance-state-name", Values: alive },
  ];
  return readOnce(settings, context, `instances ${groupOf(settings, scope)}`, async () => {
    const reservations = await clients.all(
      context,
      "ec2",
      "DescribeInstances",
      { Filters },
      (page) => page.Reservations,
    );
    return reservations
      .flatMap((one) => one.Instances ?? [])
      .sort((a, b) => (a.LaunchTime?.getTime() ?? 0) - (b.LaunchTime?.getTime() ?? 0))
      .map((one) => ({
        instanceId: one.InstanceId ?? "",
        state: one.State?.Name ?? "pending",
        privateIp: one.PrivateIpAddress,
        availabilityZone: one.Placement?.AvailabilityZone,
        instanceType: one.InstanceType ?? "",
        dataVolumeId: one.BlockDeviceMappings?.find((disk) => disk.DeviceName === dataDevice)?.Ebs?.VolumeId,
      }));
  });
}

/** Opens once the agent of the instance is connected: no task can be placed before. */
export function connectedOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  cluster: string,
  instance: In<string>,
): Resource<{ readonly instanceId: string }, { readonly connected: readonly string[] }> {
  return ecsResource<{ readonly instanceId: string }, { readonly connected: readonly string[] }>("servers", {
    id: groupIdOf(settings, "servers", scope, "agent"),
    label: "agent of the instance",
    desired: { instanceId: instance },
    read: async (context) => {
      const found = await listContainerInstances({ clients }, alone(context), cluster);
      return {
        connected: found
          .filter((one) => one.status === "ACTIVE" && one.connected)
          .map((one) => one.instanceId),
      };
    },
    diff: (desired, { connected }) => {
      const wanted = typeof desired === "object" ? desired.instanceId : undefined;
      if (typeof wanted === "string" && connected.includes(wanted)) return [];
      return [{ path: "agent", from: connected, to: "connected" }];
    },
  });
}
