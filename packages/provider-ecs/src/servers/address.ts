import type { Context, In, Resource, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { groupIdOf, groupName, groupOf } from "../names.js";
import type { Settings } from "../options.js";
import { ecsResource, notToBeSeen, readOnce } from "../resources.js";
import { groupTags, tagKey, upperTags } from "../tags.js";
import { eventually } from "./eventually.js";
import type { AddressObserved } from "./foundation.js";

/** An address of the group, and what it leads to. */
export interface FoundAddress extends AddressObserved {
  readonly instanceId: string | undefined;
  readonly associationId: string | undefined;
}

/** The addresses of the group; more than one only after an answer was lost. The first in order is the one that is used. */
export function findAddresses(
  clients: Clients,
  settings: Settings,
  context: Context,
  scope: Scope,
): Promise<readonly FoundAddress[]> {
  const Filters = partFilters(settings, scope, "address");
  return readOnce(settings, context, `addresses ${groupOf(settings, scope)}`, async () => {
    const answer = await clients.send(context, "ec2", "DescribeAddresses", { Filters });
    return (answer.Addresses ?? [])
      .map((one) => ({
        allocationId: one.AllocationId ?? "",
        ipv4: one.PublicIp ?? "",
        instanceId: one.InstanceId === "" ? undefined : one.InstanceId,
        associationId: one.AssociationId === "" ? undefined : one.AssociationId,
      }))
      .sort((a, b) => (a.allocationId < b.allocationId ? -1 : 1));
  });
}

/** Finds a part of a group that AWS gives no name. */
export function partFilters(
  settings: Settings,
  scope: Scope,
  part: "address" | "instance",
): { Name: string; Values: string[] }[] {
  return [
    { Name: `tag:${tagKey.group}`, Values: [groupOf(settings, scope)] },
    { Name: `tag:${tagKey.part}`, Values: [part] },
  ];
}

/** The id of the address as a resource. */
export function addressId(settings: Settings, scope: Scope): string {
  return groupIdOf(settings, "servers", scope, "address");
}

/** The fixed address of the group's instance: it is there before the instance is, so that names can lead to it at once. */
export function addressOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
): Resource<Record<string, never>, AddressObserved> {
  return ecsResource<Record<string, never>, AddressObserved>("servers", {
    id: addressId(settings, scope),
    label: "fixed address",
    desired: {},
    read: async (context) => {
      const [found] = await findAddresses(clients, settings, context, scope);
      return found === undefined ? undefined : { allocationId: found.allocationId, ipv4: found.ipv4 };
    },
    create: async (context) => {
      const made = await clients.send(context, "ec2", "AllocateAddress", {
        Domain: "vpc",
        TagSpecifications: [
          {
            ResourceType: "elastic-ip",
            Tags: upperTags(
              groupTags(settings, scope, {
                [tagKey.part]: "address",
                Name: groupName(settings, scope, 128, "address"),
              }),
            ),
          },
        ],
      });
      if (made.AllocationId === undefined || made.PublicIp === undefined) throw notToBeSeen("the address");
      return { allocationId: made.AllocationId, ipv4: made.PublicIp };
    },
  });
}

interface AssociationDesired {
  readonly allocationId: string;
  readonly instanceId: string;
}

/** That the address leads to the instance. */
export function associationOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  desired: In<AssociationDesired>,
): Resource<AssociationDesired, { readonly allocationId: string; readonly instanceId: string }> {
  const associate = async (context: Context, wanted: AssociationDesired): Promise<AssociationDesired> => {
    // An instance that has just been started takes no address yet.
    await eventually(
      context,
      ["IncorrectInstanceState", "InvalidInstanceID", "InvalidInstanceID.NotFound"],
      () =>
        clients.send(
          context,
          "ec2",
          "AssociateAddress",
          { AllocationId: wanted.allocationId, InstanceId: wanted.instanceId, AllowReassociation: true },
          { repeatable: true },
        ),
    );
    return wanted;
  };
  return ecsResource<AssociationDesired, AssociationDesired>("servers", {
    id: groupIdOf(settings, "servers", scope, "address-association"),
    label: "address of the instance",
    verb: "lead to the instance",
    desired,
    read: async (context) => {
      const [found] = await findAddresses(clients, settings, context, scope);
      return found?.instanceId === undefined
        ? undefined
        : { allocationId: found.allocationId, instanceId: found.instanceId };
    },
    create: associate,
    update: (context, wanted) => associate(context, wanted),
  });
}
