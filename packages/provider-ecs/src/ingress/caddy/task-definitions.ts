import type { Input } from "../../clients/modules.js";
import { applyScript, configDirectory, lingerScript, serveScript, variables } from "./scripts.js";

/** What RegisterTaskDefinition takes. */
export type TaskDefinitionInput = Input<"ecs", "RegisterTaskDefinition">;
type ContainerDefinition = NonNullable<TaskDefinitionInput["containerDefinitions"]>[number];

/**
 * Caddy as it is published: the official image, by its mirror in AWS's public registry, which does not count pulls.
 * The tests run this version.
 */
export const caddyImage = "public.ecr.aws/docker/library/caddy:2.11.7";

/** Where configuration and certificates are kept on the instance, beside the data of apps, whose names begin with no dot. */
const hostDirectory = "/var/lib/deploy/.caddy";

/** What Caddy's task definitions are made from. */
export interface CaddyOptions {
  readonly family: string;
  readonly image: string;
  /** The text of {@link import("./site.js").mainFile}. */
  readonly mainFile: string;
  readonly logConfiguration?: ContainerDefinition["logConfiguration"];
  /** Directory on the instance. Default {@link hostDirectory}. */
  readonly directory?: string;
  readonly tags?: TaskDefinitionInput["tags"];
}

/**
 * Caddy itself, once on every instance of the cluster, on the host's own network: it sees the caller's address, opens
 * any port without a new task definition, and its API stays on the host's loopback.
 */
export function serveTask(options: CaddyOptions): TaskDefinitionInput {
  return hostTask(options, {
    name: "caddy",
    command: ["-c", serveScript],
    environment: environmentOf(options),
    // Seen by ECS when its admin API answers; without a check a task counts as healthy 40 s after its start.
    healthCheck: {
      command: ["CMD-SHELL", `wget -q -O /dev/null http://\${CADDY_ADMIN:-127.0.0.1:2019}/config/ || exit 1`],
      interval: 5,
      timeout: 3,
      retries: 3,
      startPeriod: 10,
    },
    // What is kept free for it, and what it may take for many connections before it would disturb the apps.
    memoryReservation: 64,
    memory: 512,
    stopTimeout: 30,
  });
}

/** The one-off task that puts a site in place. Which, is told by overrides of its environment. */
export function applyTask(options: CaddyOptions): TaskDefinitionInput {
  return hostTask(options, {
    name: "caddy",
    command: ["-c", applyScript],
    environment: environmentOf(options),
    memoryReservation: 16,
    memory: 256,
  });
}

/**
 * A container that makes ECS wait between taking a task out of service discovery and stopping the app.
 *
 * ECS stops containers in the reverse order of their dependencies: one that depends on the app is stopped before it. It
 * takes its time, and the app serves what is still under way (ECS task definition parameters, `dependsOn`).
 *
 * @param app the name of the container that serves.
 */
export function lingerContainer(app: string, image: string, drainMs: number): ContainerDefinition {
  const seconds = lingerSeconds(drainMs);
  return {
    name: "linger",
    image,
    essential: false,
    entryPoint: ["sh"],
    command: ["-c", lingerScript(seconds)],
    dependsOn: [{ containerName: app, condition: "START" }],
    memoryReservation: 8,
    memory: 16,
    stopTimeout: seconds + 5,
  };
}

/**
 * Seconds that an old instance goes on serving once it is out of service discovery: what is asked for, at least 10, for
 * names take some seconds to change, at most 60.
 */
function lingerSeconds(drainMs: number): number {
  return Math.min(60, Math.max(10, Math.ceil(drainMs / 1000)));
}

function environmentOf({ mainFile }: CaddyOptions): NonNullable<ContainerDefinition["environment"]> {
  // The official image says so itself; another one, such as a build with plugins, may not.
  return [
    { name: "XDG_DATA_HOME", value: "/data" },
    { name: variables.main, value: mainFile },
  ];
}

function hostTask(
  { family, image, directory = hostDirectory, logConfiguration, tags }: CaddyOptions,
  container: Omit<ContainerDefinition, "image" | "essential" | "entryPoint" | "mountPoints">,
): TaskDefinitionInput {
  return {
    family,
    networkMode: "host",
    requiresCompatibilities: ["EC2"],
    volumes: [
      { name: "config", host: { sourcePath: `${directory}/config` } },
      { name: "data", host: { sourcePath: `${directory}/data` } },
    ],
    containerDefinitions: [
      {
        ...container,
        image,
        essential: true,
        entryPoint: ["sh"],
        mountPoints: [
          { sourceVolume: "config", containerPath: configDirectory },
          { sourceVolume: "data", containerPath: "/data" },
        ],
        ...(logConfiguration === undefined ? {} : { logConfiguration }),
      },
    ],
    ...(tags === undefined ? {} : { tags }),
  };
}
