import type { Context, Scope } from "@deploy/core";
import { describeServices } from "../containers/describe.js";
import { isAwsError, unlessGone } from "../errors.js";
import { appName, idOf, providerName, shortHash } from "../names.js";
import type { Finder, Found } from "../owned.js";
import type { Parts } from "../parts.js";
import { alone } from "../resources.js";
import { removePatiently, removeRole, removeSecurityGroup } from "../servers/remove.js";
import { isOfApp, readTags } from "../tags.js";
import { besideService } from "./beside.js";
import { addonSecrets, passwordName, urlName } from "./credentials.js";
import { addonsOf, type KnownAddon, knownAddon } from "./known.js";
import { removeMark, sharedMarks } from "./marks.js";
import { addonFamilies, addonFamily, addonId, addonImage, addonName } from "./names.js";
import { removeManaged } from "./remove-managed.js";
import { finishOneOff, startOneOff } from "./run-task.js";

const again = { repeatable: true };

/** Add-ons, with what belongs to them. All of one holds its data: it is kept whole, or named and removed whole. */
export function findAddons(parts: Parts): Finder {
  return async (context, scope) => {
    const [stored, marks, role, tasks] = await Promise.all([
      // With those that a killed run has left half-stored.
      addonSecrets(parts).names(context, scope),
      sharedMarks(parts, context, scope),
      findRole(parts, context, scope),
      findTasks(parts, context, scope),
    ]);
    const found = await Promise.all(
      addonsOf(stored).map(async (name) =>
        partsOf(parts, context, scope, await knownAddon(parts, context, scope, name), new Set(stored)),
      ),
    );
    const ofMarks = [...marks.keys()].map((mark): Found => {
      const dot = mark.lastIndexOf(".");
      return {
        id: `${addonId(parts.settings, scope, mark.slice(0, dot), mark.slice(dot + 1))}`,
        label: `note about ${mark.slice(0, dot)}`,
        provider: providerName,
        element: "addons",
        history: true,
        remove: (own) => removeMark(parts, own, scope, mark),
      };
    });
    return [...found.flat(), ...ofMarks, ...role, ...tasks];
  };
}

async function partsOf(
  parts: Parts,
  context: Context,
  scope: Scope,
  known: KnownAddon,
  stored: ReadonlySet<string>,
): Promise<readonly Found[]> {
  const { settings } = parts;
  const { name } = known.addon;
  const store = addonSecrets(parts);
  const processes = idOf(settings, "containers", scope);
  const managed = known.where === "rds" || known.where === "elasticache";
  const common = {
    provider: providerName,
    element: "addons",
    holdsData: `database ${name}`,
    ...(managed ? { standsAlone: true as const } : {}),
  } as const;
  const id = addonId(settings, scope, name);
  const secrets = [
    [passwordName(name), "password"],
    [urlName(name), "address"],
  ].flatMap(([key, part]): Found[] =>
    stored.has(key!)
      ? [
          {
            ...common,
            id: addonId(settings, scope, name, part!),
            label: `${part} of ${name}`,
            after: [processes, id],
            remove: (own) => store.remove(own, scope, key!),
          },
        ]
      : [],
  );
  if (known.where === "gone" || known.where === "external") return secrets;
  const database: Found = {
    ...common,
    id,
    label: `${known.addon.kind} ${name}`,
    after: [processes],
    remove: (own) =>
      managed ? removeManaged(parts, own, scope, known.addon) : removeBeside(parts, own, scope, known),
  };
  return [...secrets, database, ...(managed ? await groupsOf(parts, context, scope, name) : [])];
}

/** The database's security group, and what in it names the tasks' group, which cannot go while it is named. */
async function groupsOf(
  parts: Parts,
  context: Context,
  scope: Scope,
  name: string,
): Promise<readonly Found[]> {
  const { clients, settings } = parts;
  const input = { Filters: [{ Name: "group-name", Values: [`deploy-${addonName(scope, name, 240)}`] }] };
  const groups = await clients.all(
    context,
    "ec2",
    "DescribeSecurityGroups",
    input,
    (page) => page.SecurityGroups,
  );
  return groups
    .filter((one) => isOfApp(readTags(one.Tags), scope))
    .flatMap((group): Found[] => {
      const GroupId = group.GroupId ?? "";
      const id = addonId(settings, scope, name, "security-group");
      const rules = (group.IpPermissions ?? []).filter((rule) => (rule.UserIdGroupPairs ?? []).length > 0);
      const common = { provider: providerName, element: "addons" } as const;
      return [
        {
          ...common,
          id,
          label: `security group of ${name}`,
          holdsData: `database ${name}`,
          standsAlone: true,
          after: [addonId(settings, scope, name), `${id}/rules`],
          remove: (own) => removeSecurityGroup(clients, own, GroupId),
        },
        ...(rules.length === 0
          ? []
          : [
              {
                ...common,
                id: `${id}/rules`,
                label: `way from the tasks to ${name}`,
                history: true as const,
                after: [idOf(settings, "containers", scope)],
                remove: async (own: Context) => {
                  try {
                    await unlessGone(
                      clients.send(
                        own,
                        "ec2",
                        "RevokeSecurityGroupIngress",
                        { GroupId, IpPermissions: rules },
                        again,
                      ),
                    );
                  } catch (error) {
                    if (!isAwsError(error, "InvalidPermission.NotFound")) throw error;
                  }
                },
              },
            ]),
      ];
    });
}

async function findRole(parts: Parts, context: Context, scope: Scope): Promise<readonly Found[]> {
  const RoleName = appName(scope, 64, parts.settings.region, "backup");
  const answer = await unlessGone(parts.clients.send(context, "iam", "GetRole", { RoleName }));
  if (answer?.Role === undefined || !isOfApp(readTags(answer.Role.Tags), scope)) return [];
  return [
    {
      id: idOf(parts.settings, "servers", scope, "role", "backup"),
      label: "role of backups",
      provider: providerName,
      element: "servers",
      history: true,
      remove: (own) => removeRole(parts.clients, own, RoleName),
    },
  ];
}

/**
 * Removes the service, waits for its end, and empties its directory: a later add-on of this name must not find data whose
 * password nobody has. Backups in the bucket stay until their days are over.
 */
async function removeBeside(
  parts: Parts,
  context: Context,
  scope: Scope,
  { addon }: KnownAddon,
): Promise<void> {
  const { clients } = parts;
  const foundation = parts.foundation(scope);
  const cluster = foundation.clusterName;
  const service = besideService(scope, addon.name);
  await removePatiently(context, `the service ${service}`, [], () =>
    clients
      .send(context, "ecs", "DeleteService", { cluster, service, force: true }, again)
      .catch((error: unknown) => {
        if (
          !isAwsError(
            error,
            "ServiceNotFoundException",
            "ServiceNotActiveException",
            "ClusterNotFoundException",
          )
        )
          throw error;
      }),
  );
  for (let tries = 0; tries < 60; tries += 1) {
    const [left] = await describeServices(parts, alone(context), cluster, [service]);
    if (left === undefined || (left.runningCount ?? 0) + (left.pendingCount ?? 0) === 0) break;
    await context.clock.sleep(2_000, context.signal);
  }
  const task = await startOneOff(parts, context, scope, {
    addon: addon.name,
    purpose: "remove",
    containers: [
      {
        name: "remove",
        image: addonImage(parts.settings, addon),
        essential: true,
        entryPoint: ["rm", "-rf", `/addons/${addon.name}`],
        mountPoints: [{ sourceVolume: "addons", containerPath: "/addons", readOnly: false }],
      },
    ],
    volumes: [{ name: "addons", host: { sourcePath: `${foundation.dataPath}/addons` } }],
    token: shortHash(`${service} ${context.clock.now()}`, 32),
  });
  await finishOneOff(parts, context, scope, task, `removing ${addon.name}`);
  await removeFamily(parts, context, addonFamily(scope, addon.name));
}

/** Task definitions of tasks that have ended: of dumps, extensions, restores. A service's own stay as long as the service. */
async function findTasks(parts: Parts, context: Context, scope: Scope): Promise<readonly Found[]> {
  const prefix = addonFamilies(scope);
  const families = await parts.clients.all(
    context,
    "ecs",
    "ListTaskDefinitionFamilies",
    { familyPrefix: prefix, status: "ACTIVE" },
    // `review` is not `review/12`, whose slash became two underscores.
    (page) => page.families?.filter((family) => family[prefix.length] !== "_"),
  );
  const ended = families.filter((family) => !family.startsWith(`${prefix}service_`));
  if (ended.length === 0) return [];
  return [
    {
      id: idOf(parts.settings, "addons", scope, "tasks"),
      label: "task definitions of add-ons",
      provider: providerName,
      element: "addons",
      history: true,
      standsAlone: true,
      remove: async (own) => {
        for (const family of ended) await removeFamily(parts, own, family);
      },
    },
  ];
}

async function removeFamily({ clients }: Parts, context: Context, family: string): Promise<void> {
  const input = { familyPrefix: family, status: "ACTIVE" } as const;
  const arns = await clients.all(
    context,
    "ecs",
    "ListTaskDefinitions",
    input,
    (page) => page.taskDefinitionArns,
  );
  for (const taskDefinition of arns) {
    await clients.send(context, "ecs", "DeregisterTaskDefinition", { taskDefinition }, again);
  }
  for (let at = 0; at < arns.length; at += 10) {
    await clients.send(
      context,
      "ecs",
      "DeleteTaskDefinitions",
      { taskDefinitions: arns.slice(at, at + 10) },
      again,
    );
  }
}
