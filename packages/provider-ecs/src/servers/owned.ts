import type { Context, Scope } from "@deploy/core";
import { unlessGone } from "../errors.js";
import { identify } from "../identity.js";
import { appName, groupIdOf, groupName, groupOf, idOf, providerName } from "../names.js";
import type { Finder, Found } from "../owned.js";
import type { Parts } from "../parts.js";
import { isOfApp, isOfGroup, readTags, type Tags, tagKey } from "../tags.js";
import { type ClusterKind, findMachines, type Part } from "./find-machines.js";
import { assertAlone, findMember, otherMembers } from "./members.js";
import { removeCluster, removeProfile, removeRole, removeSecurityGroup } from "./remove.js";
import { getRole } from "./roles.js";

/** Kinds of capacity, each with a cluster of its own; an earlier one of the configuration may have left things. */
const kinds = ["fargate", "ec2", "instance"] as const;

/**
 * What everything else stood on: security groups, roles, and what the group shares. Clusters go last: they are what
 * instances of an earlier configuration are found by.
 */
export function foundationFinder(parts: Parts): Finder {
  return async (context, scope) => {
    const { clients, settings } = parts;
    const [member, others, groups, roles, clusters] = await Promise.all([
      findMember(clients, settings, context, scope),
      otherMembers(clients, settings, context, scope),
      findSecurityGroups(parts, context, scope),
      findRoles(parts, context, scope),
      findClusters(parts, context, scope),
      ...(settings.account === undefined ? [] : [identify(parts, context)]),
    ]);
    const withMachines = clusters.filter(({ kind }) => kind !== "fargate");
    const machines = (
      await Promise.all(withMachines.map(({ kind, name }) => findMachines(parts, context, scope, kind, name)))
    ).flat();
    const shared = [...groups.shared, ...roles.shared, ...machines].map((part) =>
      guarded(parts, scope, others, part),
    );
    const holding = [...groups.own, ...shared.filter((part) => part.holdsData === undefined)].map(
      ({ id }) => id,
    );
    const machineIds = machines.filter((part) => part.holdsData === undefined).map(({ id }) => id);
    const last = clusters.map(({ kind, name }) =>
      guarded(parts, scope, others, {
        id: groupIdOf(settings, "servers", scope, "cluster", name),
        label: `cluster ${name}`,
        after: kind === "fargate" ? [] : machines.map(({ id }) => id),
        remove: (removing) => removeCluster(clients, removing, name),
      }),
    );
    const all = [
      ...groups.own,
      ...roles.own,
      ...shared.map((part) =>
        isRoleOrGroup(part.id) ? { ...part, after: [...(part.after ?? []), ...machineIds] } : part,
      ),
      ...last,
    ];
    return [
      ...all.map((part): Found => ({ provider: providerName, element: "servers", ...part })),
      // Last of the app's own: until then others see that it is there.
      ...member.map((one) => ({
        ...one,
        after: holding.filter((id) => all.some((part) => part.id === id && part.shared !== true)),
      })),
    ];
  };
}

/** Roles, profiles and security groups of instances are in use until those are gone. */
function isRoleOrGroup(id: string): boolean {
  return /\/(?:role|instance-profile|security-group)\//.test(id);
}

/** What the group shares stays while another app is a member, and looks once more before it goes. */
function guarded(parts: Parts, scope: Scope, others: readonly string[], part: Part): Part {
  return {
    ...part,
    ...(others.length > 0 ? { shared: true as const } : {}),
    remove: async (context) => {
      await assertAlone(parts.clients, parts.settings, context, scope, part.label);
      await part.remove(context);
    },
  };
}

async function findSecurityGroups(
  { clients, settings }: Parts,
  context: Context,
  scope: Scope,
): Promise<{ readonly own: readonly Part[]; readonly shared: readonly Part[] }> {
  const found = await clients.all(
    context,
    "ec2",
    "DescribeSecurityGroups",
    { Filters: [{ Name: `tag:${tagKey.group}`, Values: [groupOf(settings, scope)] }] },
    (page) => page.SecurityGroups,
  );
  const named = found.map((one) => ({
    name: one.GroupName ?? "",
    groupId: one.GroupId ?? "",
    tags: readTags(one.Tags),
  }));
  // Those that other elements make (a database's) carry a part, and are theirs to find.
  const ours = named.filter(({ tags }) => tags[tagKey.part] === undefined);
  const own = ours.filter(({ tags }) => isOfApp(tags, scope));
  const shared = ours.filter(({ tags }) => isOfGroup(tags, settings, scope));
  const ownId = idOf(settings, "servers", scope, "security-group");
  const part = (id: string, label: string, after: readonly string[], groupId: string): Part => ({
    id,
    label,
    after,
    remove: (removing) => removeSecurityGroup(clients, removing, groupId),
  });
  const idOfShared = (name: string): string => groupIdOf(settings, "servers", scope, "security-group", name);
  const isIngress = (name: string): boolean => /-ingress(?:-[0-9a-f]{8})*$/.test(name);
  const instances = shared.filter(({ name }) => !isIngress(name)).map(({ name }) => idOfShared(name));
  return {
    own: own.map(({ groupId }, index) =>
      part(index === 0 ? ownId : `${ownId}/${groupId}`, "security group of the tasks", [], groupId),
    ),
    shared: shared.map(({ name, groupId }) =>
      part(
        idOfShared(name),
        `security group ${name}`,
        isIngress(name)
          ? [
              ...instances,
              ...own.map((_one, index) => (index === 0 ? ownId : `${ownId}/${own[index]!.groupId}`)),
            ]
          : [],
        groupId,
      ),
    ),
  };
}

async function findRoles(
  { clients, settings }: Parts,
  context: Context,
  scope: Scope,
): Promise<{ readonly own: readonly Part[]; readonly shared: readonly Part[] }> {
  const role = async (
    name: string,
    id: string,
    label: string,
    isOurs: (tags: Tags) => boolean,
  ): Promise<readonly Part[]> => {
    const found = await getRole(clients, settings, context, name);
    if (found === undefined || !isOurs(readTags(found.Tags))) return [];
    return [{ id, label, remove: (removing) => removeRole(clients, removing, name) }];
  };
  const own = (which: "execution" | "task", label: string): Promise<readonly Part[]> => {
    const name = appName(scope, 64, settings.region, which);
    return role(name, idOf(settings, "servers", scope, "role", which), label, (tags) => isOfApp(tags, scope));
  };
  const machine = async (kind: "ec2" | "instance"): Promise<readonly Part[]> => {
    const name = groupName(settings, scope, 64, settings.region, kind);
    const id = groupIdOf(settings, "servers", scope, "role", name);
    const profileId = groupIdOf(settings, "servers", scope, "instance-profile", name);
    const isOurs = (tags: Tags): boolean => isOfGroup(tags, settings, scope);
    const [roles, profile] = await Promise.all([
      role(name, id, "role of the instances", isOurs),
      unlessGone(clients.send(context, "iam", "GetInstanceProfile", { InstanceProfileName: name })),
    ]);
    const tags = readTags(profile?.InstanceProfile?.Tags);
    const profiles: readonly Part[] =
      profile?.InstanceProfile === undefined || !isOurs(tags)
        ? []
        : [
            {
              id: profileId,
              label: "instance profile",
              remove: (removing) => removeProfile(clients, removing, name),
            },
          ];
    return [...roles.map((one) => ({ ...one, after: [profileId] })), ...profiles];
  };
  const [execution, task, ec2, instance] = await Promise.all([
    own("execution", "role that starts the tasks"),
    own("task", "role of the tasks"),
    machine("ec2"),
    machine("instance"),
  ]);
  return { own: [...execution, ...task], shared: [...ec2, ...instance] };
}

interface FoundCluster {
  readonly kind: ClusterKind;
  readonly name: string;
}

async function findClusters(
  { clients, settings }: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly FoundCluster[]> {
  const named = kinds.map((kind) => ({
    kind,
    name: groupName(settings, scope, 255, ...(kind === "fargate" ? [] : [kind])),
  }));
  const answer = await clients.send(context, "ecs", "DescribeClusters", {
    clusters: named.map(({ name }) => name),
    include: ["TAGS"],
  });
  const present = new Set(
    (answer.clusters ?? [])
      .filter((one) => one.status !== "INACTIVE" && isOfGroup(readTags(one.tags), settings, scope))
      .map((one) => one.clusterName),
  );
  return named.filter(({ name }) => present.has(name));
}
