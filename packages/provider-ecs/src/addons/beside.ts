import {
  type FieldChange,
  output,
  type ResolvedAddon,
  type Resource,
  type Scope,
  type SecretReference,
  UNKNOWN,
} from "@deploy/core";
import { describeServices } from "../containers/describe.js";
import { hashOf } from "../containers/families.js";
import type { ContainerDefinition, TaskDefinitionInput } from "../containers/task-definition.js";
import { isAwsError } from "../errors.js";
import type { Parts } from "../parts.js";
import { alone, ecsResource, readOnce } from "../resources.js";
import { appTags, isOfApp, lowerTags, readTags, tagKey } from "../tags.js";
import { addonFamily, addonId, addonImage, addonName, addonPort, addonTag, databaseUser } from "./names.js";
import { addonLogs } from "./run-task.js";

/** What an add-on's service of its own is. */
export interface BesideObserved {
  readonly name: string;
  readonly hash: string | undefined;
  readonly running: number;
  readonly desired: number;
  readonly state: string;
  readonly lastEvent: string | undefined;
}

/** Late parts of its task definition. */
export interface BesideRoles {
  readonly executionRole: string;
  readonly password: string;
}

/** A database's task definition: its data on the instance's disk, its port open to the instance's own containers. */
export function besideDefinition(
  parts: Parts,
  scope: Scope,
  addon: ResolvedAddon,
  roles: BesideRoles,
): TaskDefinitionInput {
  const { dataPath } = parts.foundation(scope);
  const image = addonImage(parts.settings, addon);
  return {
    family: addonFamily(scope, addon.name),
    networkMode: "bridge",
    requiresCompatibilities: ["EC2"],
    executionRoleArn: roles.executionRole,
    runtimePlatform: {
      cpuArchitecture: parts.settings.capacity.architecture === "arm64" ? "ARM64" : "X86_64",
      operatingSystemFamily: "LINUX",
    },
    volumes: [{ name: "data", host: { sourcePath: `${dataPath}/addons/${addon.name}` } }],
    containerDefinitions: [
      {
        ...(addon.kind === "redis" ? redisContainer(roles.password) : postgresContainer(roles.password)),
        name: addon.name,
        image,
        essential: true,
        memoryReservation: 128,
        memory: hardLimits[addon.kind === "redis" ? "redis" : "postgres"],
        // A database writes what it has in memory before it ends.
        stopTimeout: 60,
        portMappings: [
          {
            containerPort: addon.kind === "redis" ? 6379 : 5432,
            hostPort: addonPort(scope, addon.name),
            protocol: "tcp",
          },
        ],
        mountPoints: [{ sourceVolume: "data", containerPath: "/data", readOnly: false }],
        logConfiguration: addonLogs(parts, scope, addon.name),
      },
    ],
  };
}

/** MiB that an add-on may use at most, so that neighbours on the instance stay undisturbed. */
const hardLimits = { postgres: 512, redis: 256 } as const;

const soon = { interval: 5, timeout: 3, retries: 3, startPeriod: 120 } as const;

function postgresContainer(password: string): ContainerDefinition {
  return {
    environment: [
      { name: "PGDATA", value: "/data/pgdata" },
      { name: "POSTGRES_DB", value: databaseUser },
      { name: "POSTGRES_USER", value: databaseUser },
    ],
    secrets: [{ name: "POSTGRES_PASSWORD", valueFrom: password }],
    healthCheck: {
      command: [
        "CMD-SHELL",
        `pg_isready --quiet --host=127.0.0.1 --username=${databaseUser} --dbname=${databaseUser}`,
      ],
      ...soon,
    },
  };
}

/**
 * The password comes by configuration on standard input: an argument could be read by everybody on the machine. Redis takes
 * the shell's place, so that SIGTERM reaches it and it writes what it holds; below its container's limit it refuses writes rather than being killed; the image's own entry point gives up root.
 */
const redisCommand = `exec $(command -v docker-entrypoint.sh) redis-server - <<END
requirepass $REDIS_PASSWORD
dir /data
save 60 1
appendonly no
maxmemory 192mb
maxmemory-policy noeviction
END`;

function redisContainer(password: string): ContainerDefinition {
  return {
    entryPoint: ["sh", "-c"],
    command: [redisCommand],
    secrets: [{ name: "REDIS_PASSWORD", valueFrom: password }],
    healthCheck: {
      command: ["CMD-SHELL", 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -h 127.0.0.1 ping | grep -q PONG'],
      ...soon,
    },
  };
}

/** The name of an add-on's service. */
export function besideService(scope: Scope, addon: string): string {
  return addonName(scope, addon, 255);
}

/** The add-on as a service beside the app. Stopped before it is started anew: two servers must not write one directory. */
export function besideResource(
  parts: Parts,
  scope: Scope,
  addon: ResolvedAddon,
  secret: Resource<unknown, SecretReference>,
): Resource<BesideRoles, BesideObserved> {
  const { clients, settings } = parts;
  const foundation = parts.foundation(scope);
  const name = besideService(scope, addon.name);
  const cluster = foundation.clusterName;
  const tagsOf = (hash: string) => ({
    ...appTags(settings, scope),
    [addonTag]: addon.name,
    [tagKey.hash]: hash,
  });
  const register = async (context: Parameters<typeof clients.send>[0], roles: BesideRoles) => {
    const input = besideDefinition(parts, scope, addon, roles);
    const hash = hashOf(input);
    const tagged = { ...input, tags: lowerTags(tagsOf(hash)) };
    const answer = await clients.send(context, "ecs", "RegisterTaskDefinition", tagged, { repeatable: true });
    return { hash, arn: answer.taskDefinition?.taskDefinitionArn ?? "" };
  };
  return ecsResource<BesideRoles, BesideObserved>("addons", {
    id: addonId(settings, scope, addon.name),
    label: `${addon.kind} ${addon.name}`,
    holdsData: `database ${addon.name}`,
    desired: {
      executionRole: output(foundation.executionRole, (role) => role.arn),
      password: output(secret, (reference) => reference.location ?? ""),
    },
    after: foundation.ready,
    read: async (context) => {
      const [service] = await readOnce(settings, context, `service ${cluster} ${name}`, () =>
        describeServices(parts, context, cluster, [name]),
      );
      if (service === undefined) return undefined;
      const tags = readTags(service.tags);
      const observed: BesideObserved = {
        name,
        hash: tags[tagKey.hash],
        running: service.runningCount ?? 0,
        desired: service.desiredCount ?? 0,
        state:
          service.deployments?.length === 1
            ? (service.deployments[0]?.rolloutState ?? "COMPLETED")
            : "IN_PROGRESS",
        lastEvent: service.events?.[0]?.message,
      };
      if (isOfApp(tags, scope)) return observed;
      return {
        foreign: true,
        description: `the service ${name} is there, and it does not carry our tags`,
        observed,
      };
    },
    diff: (desired, observed): readonly FieldChange[] => {
      const changes: FieldChange[] = [];
      const roles = desired as BesideRoles | typeof UNKNOWN;
      const late = roles === UNKNOWN || Object.values(roles).includes(UNKNOWN as never);
      const wanted = late ? undefined : hashOf(besideDefinition(parts, scope, addon, roles as BesideRoles));
      if (late) changes.push({ path: "definition", from: observed.hash, unknown: true });
      else if (wanted !== observed.hash)
        changes.push({ path: "definition", from: observed.hash, to: wanted });
      if (observed.desired !== 1) changes.push({ path: "instances", from: observed.desired, to: 1 });
      return changes;
    },
    pending: (observed) => {
      if (observed.running >= 1 && observed.state === "COMPLETED") return undefined;
      return `starting (${observed.lastEvent ?? "no event yet"})`;
    },
    create: async (context, roles) => {
      const { hash, arn } = await register(context, roles);
      try {
        await clients.send(context, "ecs", "CreateService", {
          cluster,
          serviceName: name,
          taskDefinition: arn,
          desiredCount: 1,
          launchType: "EC2",
          deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
          propagateTags: "SERVICE",
          tags: lowerTags(tagsOf(hash)),
        });
      } catch (error) {
        if (!isAwsError(error, "InvalidParameterException")) throw error;
        const [there] = await describeServices(parts, alone(context), cluster, [name]);
        if (there === undefined) throw error;
      }
      return { name, hash, running: 0, desired: 1, state: "IN_PROGRESS", lastEvent: undefined };
    },
    update: async (context, roles, observed) => {
      const { hash, arn } = await register(context, roles);
      const input = { cluster, service: name, taskDefinition: arn, desiredCount: 1 };
      const answer = await clients.send(context, "ecs", "UpdateService", input, { repeatable: true });
      const resourceArn = answer.service?.serviceArn ?? "";
      await clients.send(
        context,
        "ecs",
        "TagResource",
        { resourceArn, tags: lowerTags(tagsOf(hash)) },
        { repeatable: true },
      );
      return { ...observed, hash, desired: 1, state: "IN_PROGRESS" };
    },
  });
}
