import type { Context, Owned, Scope } from "@deploy/core";
import { isAwsError, unlessGone } from "../errors.js";
import { appName, appPath, groupIdOf, idOf, providerName } from "../names.js";
import type { Finder } from "../owned.js";
import type { Parts } from "../parts.js";
import { readOnce } from "../resources.js";
import { assertAlone, otherMembers } from "../servers/members.js";
import { removePatiently, removeRole } from "../servers/remove.js";
import { getRole } from "../servers/roles.js";
import { isOfApp, readTags, tagKey } from "../tags.js";
import { listTargets, resourceId } from "./autoscaling.js";
import { type DescribedService, describeServices, describeTaskDefinition } from "./describe.js";
import { findNamespace, listRegistries, registryTags } from "./discovery.js";
import { familyPrefix, isFamilyOf } from "./families.js";
import { findScheduleGroup, scheduleGroupName } from "./jobs.js";

const again = { repeatable: true };
/** DeleteTaskDefinitions takes so many. */
const definitionsPerCall = 10;

/** Services, schedules, names, autoscaling and task definitions of a scope, as something to remove. */
export function findContainers(parts: Parts): Finder {
  return async (context, scope) => {
    const [services, schedules, scaling, names, values, families] = await Promise.all([
      findServices(parts, context, scope),
      findSchedules(parts, context, scope),
      findScaling(parts, context, scope),
      findNames(parts, context, scope),
      findStoredConfig(parts, context, scope),
      findFamilies(parts, context, scope),
    ]);
    const running = [...services, ...schedules].map(({ id }) => id);
    return [
      ...services,
      ...schedules,
      ...scaling,
      ...names.map((one) => ({ ...one, after: [...(one.after ?? []), ...services.map(({ id }) => id)] })),
      ...values.map((one) => ({ ...one, after: running })),
      ...families.map((one) => ({ ...one, after: running })),
    ];
  };
}

function ownedOf(parts: Parts, scope: Scope): (label: string, ...path: string[]) => Omit<Owned, "remove"> {
  return (label, ...path) => ({
    id: idOf(parts.settings, "containers", scope, ...path),
    label,
    provider: providerName,
    element: "containers",
  });
}

async function findServices(parts: Parts, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const { clusterName: cluster } = parts.foundation(scope);
  const owned = ownedOf(parts, scope);
  return (await listServices(parts, context, scope)).flatMap((service) => {
    const process = readTags(service.tags)[tagKey.process];
    // One that is being deleted goes by itself.
    if (process === undefined || service.status !== "ACTIVE" || service.serviceName === undefined) return [];
    const name = service.serviceName;
    return [
      {
        ...owned(`process ${process}`, "service", process),
        async remove(own: Context) {
          await ignoring(
            ["ServiceNotFoundException", "ServiceNotActiveException", "ClusterNotFoundException"],
            () =>
              parts.clients.send(own, "ecs", "DeleteService", { cluster, service: name, force: true }, again),
          );
        },
      },
    ];
  });
}

/** Services of this app in the group's cluster. */
async function listServices(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly DescribedService[]> {
  const { clusterName: cluster } = parts.foundation(scope);
  const all = await readOnce(parts.settings, context, `all services ${cluster}`, async () => {
    try {
      const arns = await parts.clients.all(
        context,
        "ecs",
        "ListServices",
        { cluster, maxResults: 100 },
        (page) => page.serviceArns,
      );
      return await describeServices(parts, context, cluster, arns);
    } catch (error) {
      if (isAwsError(error, "ClusterNotFoundException")) return [];
      throw error;
    }
  });
  return all.filter(({ tags }) => isOfApp(readTags(tags), scope));
}

async function findSchedules(parts: Parts, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const GroupName = scheduleGroupName(scope);
  const owned = ownedOf(parts, scope);
  const roleName = appName(scope, 64, parts.settings.region, "scheduler");
  const [schedules, found, role] = await Promise.all([
    unlessGone(
      parts.clients.all(context, "scheduler", "ListSchedules", { GroupName }, (page) => page.Schedules),
    ),
    findScheduleGroup(parts, context, scope),
    getRole(parts.clients, parts.settings, context, roleName),
  ]);
  const hasGroup = found !== undefined && isOfApp(found.tags, scope);
  const jobs = (hasGroup ? (schedules ?? []) : []).flatMap(({ Name }) => {
    if (Name === undefined) return [];
    return [
      {
        ...owned(`job ${Name}`, "job", Name),
        async remove(own: Context) {
          await unlessGone(
            parts.clients.send(own, "scheduler", "DeleteSchedule", { GroupName, Name }, again),
          );
        },
      },
    ];
  });
  const after = jobs.map(({ id }) => id);
  const group: Owned = {
    ...owned("schedule group", "schedules"),
    after,
    async remove(own) {
      await removePatiently(own, "the schedule group", ["ConflictException"], () =>
        parts.clients.send(own, "scheduler", "DeleteScheduleGroup", { Name: GroupName }, again),
      );
    },
  };
  const starter: Owned = {
    id: idOf(parts.settings, "servers", scope, "role", "scheduler"),
    label: "role that starts the jobs",
    provider: providerName,
    element: "servers",
    after,
    remove: (own) => removeRole(parts.clients, own, roleName),
  };
  const isOurs = role !== undefined && isOfApp(readTags(role.Tags), scope);
  return [...jobs, ...(hasGroup ? [group] : []), ...(isOurs ? [starter] : [])];
}

async function findScaling(parts: Parts, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const owned = ownedOf(parts, scope);
  const [targets, services] = await Promise.all([
    listTargets(parts, context, scope),
    listServices(parts, context, scope),
  ]);
  return services.flatMap((service) => {
    const process = readTags(service.tags)[tagKey.process];
    const ResourceId = process === undefined ? "" : resourceId(parts, scope, process);
    if (process === undefined || !targets.has(ResourceId)) return [];
    return [
      {
        ...owned(`autoscaling of ${process}`, "autoscaling", process),
        // Its policies and their alarms go with it.
        async remove(own: Context) {
          await ignoring(["ObjectNotFoundException"], () =>
            parts.clients.send(
              own,
              "applicationAutoscaling",
              "DeregisterScalableTarget",
              { ServiceNamespace: "ecs", ScalableDimension: "ecs:service:DesiredCount", ResourceId },
              again,
            ),
          );
        },
      },
    ];
  });
}

async function findNames(parts: Parts, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const owned = ownedOf(parts, scope);
  const [namespace, all, others] = await Promise.all([
    findNamespace(parts, context, scope),
    listRegistries(parts, context, scope),
    otherMembers(parts.clients, parts.settings, context, scope),
  ]);
  if (namespace === undefined || "foreign" in namespace) return [];
  const tagged = await Promise.all(
    all.map(async (registry) => ({ registry, tags: await registryTags(parts, context, registry) })),
  );
  const registries = tagged.flatMap(({ registry, tags }): Owned[] => {
    const process = tags[tagKey.process];
    if (process === undefined || !isOfApp(tags, scope)) return [];
    return [
      {
        ...owned(`name of ${process}`, "registry", process, registry.kind),
        remove: (own) =>
          // Its instances go with the tasks.
          removePatiently(own, `the name of ${process}`, ["ResourceInUse"], () =>
            parts.clients.send(own, "serviceDiscovery", "DeleteService", { Id: registry.id }, again),
          ),
      },
    ];
  });
  const zone: Owned = {
    id: groupIdOf(parts.settings, "containers", scope, "namespace"),
    label: "namespace of the group",
    provider: providerName,
    element: "containers",
    after: registries.map(({ id }) => id),
    ...(others.length > 0 ? { shared: true as const } : {}),
    async remove(own) {
      await assertAlone(parts.clients, parts.settings, own, scope, "the namespace");
      await removePatiently(own, "the namespace", ["ResourceInUse"], () =>
        parts.clients.send(own, "serviceDiscovery", "DeleteNamespace", { Id: namespace.id }, again),
      );
    },
  };
  return [...registries, zone];
}

/** Values of sensitive config that releases refer to: see `sensitive-config.ts`. */
async function findStoredConfig(parts: Parts, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const Path = appPath(scope, "config");
  const list = (own: Context): Promise<readonly string[]> =>
    parts.clients.all(own, "ssm", "GetParametersByPath", { Path, Recursive: true }, (page) =>
      page.Parameters?.flatMap(({ Name }) => (Name === undefined ? [] : [Name])),
    );
  if ((await list(context)).length === 0) return [];
  return [
    {
      ...ownedOf(parts, scope)("stored config of releases", "config"),
      history: true,
      async remove(own) {
        const names = await list(own);
        for (let at = 0; at < names.length; at += 10) {
          const input = { Names: names.slice(at, at + 10) };
          await parts.clients.send(own, "ssm", "DeleteParameters", input, again);
        }
      },
    },
  ];
}

/** All releases, as one: they are the past of the app, which a rollback may still need. */
async function findFamilies(parts: Parts, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const list = (own: Context): Promise<readonly string[]> =>
    parts.clients.all(
      own,
      "ecs",
      "ListTaskDefinitionFamilies",
      { familyPrefix: familyPrefix(scope), status: "ACTIVE" },
      (page) => page.families?.filter((family) => isFamilyOf(scope, family)),
    );
  if ((await list(context)).length === 0) return [];
  return [
    {
      // Under the name of the whole element: what has to outlive all containers goes after it.
      ...ownedOf(parts, scope)("releases"),
      history: true,
      async remove(own) {
        for (const family of await list(own)) await removeFamily(parts, own, scope, family);
      },
    },
  ];
}

async function removeFamily(parts: Parts, context: Context, scope: Scope, family: string): Promise<void> {
  const newest = await describeTaskDefinition(parts, context, family);
  if (newest !== undefined && !isOfApp(readTags(newest.tags), scope)) return;
  const active = await parts.clients.all(
    context,
    "ecs",
    "ListTaskDefinitions",
    { familyPrefix: family, status: "ACTIVE" },
    (page) => page.taskDefinitionArns,
  );
  for (let at = 0; at < active.length; at += definitionsPerCall) {
    const taskDefinitions = active.slice(at, at + definitionsPerCall);
    // Twenty at once, then one a second: the clients keep to AWS's pace.
    await Promise.all(
      taskDefinitions.map((taskDefinition) =>
        ignoring(["ClientException"], () =>
          parts.clients.send(context, "ecs", "DeregisterTaskDefinition", { taskDefinition }, again),
        ),
      ),
    );
    await parts.clients.send(context, "ecs", "DeleteTaskDefinitions", { taskDefinitions }, again);
  }
}

/** Makes a call whose refusal with one of `codes` means that there is nothing left to do. */
async function ignoring(codes: readonly string[], call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!isAwsError(error, ...codes)) throw error;
  }
}
