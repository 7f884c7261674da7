import { type Command, DeployError, type ResolvedJob, type ResolvedProcess, type Scope } from "@deploy/core";
import type { Input } from "../clients/modules.js";
import type { Architecture } from "../options.js";
import { lowerTags, type Tags, tagKey } from "../tags.js";
import { type FamilyKind, familyOf, hashOf, logGroupOf, streamPrefix } from "./families.js";
import { healthCheckOf } from "./health-check.js";
import type { Manifest } from "./manifest.js";
import { cpuUnits, defaultReservation, fargateSize, mebibytes } from "./task-size.js";

/** What RegisterTaskDefinition takes. */
export type TaskDefinitionInput = Input<"ecs", "RegisterTaskDefinition">;
/** A container of a task definition. */
export type ContainerDefinition = NonNullable<TaskDefinitionInput["containerDefinitions"]>[number];

/** The port a process is told to listen on where it declares none. */
const defaultPort = 8080;
/** Fargate ends a container at the latest so many seconds after SIGTERM. */
const longestStop = 120;
/** The program of a task that serves one-off commands never runs by itself: each run brings its own. */
const idleCommand = "true";

/** Of what a release's task definitions are made, beside the release. */
export interface Rendering {
  readonly scope: Scope;
  readonly region: string;
  readonly networkMode: "awsvpc" | "bridge";
  readonly architecture: Architecture;
  readonly executionRole: string;
  readonly taskRole: string;
  /** Where volumes lie on the instance; absent where there are none. */
  readonly dataPath?: string;
  /** Raw container definitions beside a process, by its name; `*` for all. */
  readonly sidecars: Readonly<Record<string, readonly ContainerDefinition[]>>;
  /** Containers that a process has besides its own, such as the one that lets it drain; by process. */
  readonly beside: Readonly<Record<string, readonly ContainerDefinition[]>>;
  /** Secret with the registry's credentials, for images of another registry than ECR. */
  readonly registryCredentials?: string;
  /** Processes whose health the load balancer asks. */
  readonly balanced: readonly string[];
  readonly tags: Tags;
}

/** The port that a process listens on in its container. */
export function portOf(process: Pick<ResolvedProcess, "port">): number {
  return process.port ?? defaultPort;
}

/** A process of a release as RegisterTaskDefinition takes it. */
export function processTask(
  rendering: Rendering,
  release: Manifest,
  process: ResolvedProcess,
): TaskDefinitionInput {
  const port = portOf(process);
  const seconds = Math.max(2, Math.ceil(process.stopWithinMs / 1000));
  if (rendering.networkMode === "awsvpc" && seconds > longestStop) throw tooSlow(process, seconds);
  const healthCheck = healthCheckOf({ process, port, balanced: rendering.balanced.includes(process.name) });
  const volumes = Object.entries(process.volumes);
  const container: ContainerDefinition = {
    ...mainContainer(rendering, release, process.name, process.name, {
      ...process.config,
      ...(process.listens ? { PORT: String(port) } : {}),
    }),
    ...commandOf(process.command),
    stopTimeout: seconds,
    ...(process.listens ? { portMappings: [portMapping(rendering, process.name, port)] } : {}),
    ...(healthCheck === undefined ? {} : { healthCheck }),
    ...(volumes.length === 0
      ? {}
      : { mountPoints: volumes.map(([name, path]) => mountPoint(process.name, name, path)) }),
  };
  return taskOf(rendering, release, {
    kind: "process",
    name: process.name,
    size: process,
    containers: [
      container,
      ...(rendering.beside[process.name] ?? []),
      ...sidecarsOf(rendering, release, process.name),
    ],
    volumes: volumes.map(([name]) => hostVolume(rendering, process.name, name)),
  });
}

/** A job of a release as RegisterTaskDefinition takes it: stopped by itself when its time is over. */
export function jobTask(rendering: Rendering, release: Manifest, job: ResolvedJob): TaskDefinitionInput {
  const container: ContainerDefinition = {
    ...mainContainer(rendering, release, "job", `job:${job.name}`, {}),
    ...commandOf(job.command),
  };
  return taskOf(rendering, release, {
    kind: "job",
    name: job.name,
    size: job.memory === undefined ? {} : { memory: job.memory },
    containers: [container, watchdogOf(rendering, release, job)],
    volumes: [],
  });
}

/**
 * The task for one-off commands of a release, or for its release command: no port, and a shell whose text each run
 * brings, because RunTask can replace a command but no entry point.
 */
export function oneOffTask(
  rendering: Rendering,
  release: Manifest,
  kind: "run" | "release",
  labels: Readonly<Record<string, string>> = {},
): TaskDefinitionInput {
  const like = release.processes.find(({ name }) => name === "web") ?? release.processes[0];
  const volumes = Object.entries(like?.volumes ?? {});
  const container: ContainerDefinition = {
    ...mainContainer(rendering, release, kind, kind, kind === "run" ? {} : (like?.config ?? {})),
    entryPoint: ["sh", "-c"],
    command: [idleCommand],
    ...(volumes.length === 0 || like === undefined
      ? {}
      : { mountPoints: volumes.map(([name, path]) => mountPoint(like.name, name, path)) }),
  };
  return taskOf(rendering, release, {
    kind,
    size: like ?? {},
    containers: [{ ...container, dockerLabels: { ...container.dockerLabels, ...labels } }],
    volumes: like === undefined ? [] : volumes.map(([name]) => hostVolume(rendering, like.name, name)),
  });
}

/** How a command is run: always instead of the image's own entry point, so that what is declared is what runs. */
export function commandOf(command: Command): Pick<ContainerDefinition, "entryPoint" | "command"> {
  if (typeof command === "string") return { entryPoint: ["sh", "-c"], command: [withExec(command)] };
  const [program, ...rest] = command;
  return { entryPoint: [program!], ...(rest.length === 0 ? {} : { command: rest }) };
}

const shellWords =
  /^(?:\.|:|\[|alias|break|case|cd|continue|eval|exec|exit|export|for|function|if|read|return|set|shift|source|test|times|trap|ulimit|umask|unset|until|wait|while|\w+=.*)$/;

/**
 * A simple command replaces its shell, so that SIGTERM reaches the app itself: not every shell passes it on.
 * Anything with an operator, a builtin or an assignment is left to the shell.
 */
export function withExec(command: string): string {
  const trimmed = command.trim();
  const first = /^\S+/.exec(trimmed)?.[0] ?? "";
  if (first === "" || /[;&|<>()`\n{}!#]/.test(trimmed.replaceAll(/\$\{\w+\}/g, "")) || shellWords.test(first))
    return command;
  return `exec ${trimmed}`;
}

function mainContainer(
  rendering: Rendering,
  release: Manifest,
  name: string,
  source: string,
  own: Readonly<Record<string, string>>,
): ContainerDefinition {
  const secrets = [...release.secrets, ...release.sensitive].filter((secret) => !(secret.name in own));
  const secret = new Set(secrets.map((one) => one.name));
  const environment = Object.entries({ ...release.config, ...own }).filter(([key]) => !secret.has(key));
  return {
    name,
    image: release.image.location,
    essential: true,
    environment: environment.sort(byFirst).map(([key, value]) => ({ name: key, value })),
    secrets: secrets
      .map((one) => ({ name: one.name, valueFrom: one.location ?? one.name }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    // Takes up what the app leaves behind of ended children, which a process with number 1 has to.
    linuxParameters: { initProcessEnabled: true },
    logConfiguration: logConfiguration(rendering, streamPrefix(source, release.number)),
    dockerLabels: {
      "deploy.app": rendering.scope.app,
      "deploy.environment": rendering.scope.environment,
      "deploy.release": String(release.number),
    },
    ...(rendering.registryCredentials === undefined
      ? {}
      : { repositoryCredentials: { credentialsParameter: rendering.registryCredentials } }),
  };
}

/** Lines go to the scope's group; a full buffer drops lines rather than stopping the app (ECS's default since 2025). */
function logConfiguration(rendering: Rendering, prefix: string): ContainerDefinition["logConfiguration"] {
  return {
    logDriver: "awslogs",
    options: {
      "awslogs-group": logGroupOf(rendering.scope),
      "awslogs-region": rendering.region,
      "awslogs-stream-prefix": prefix,
      mode: "non-blocking",
      "max-buffer-size": "25m",
    },
  };
}

function portMapping(
  rendering: Rendering,
  name: string,
  port: number,
): NonNullable<ContainerDefinition["portMappings"]>[number] {
  // Docker chooses a free port of the instance in bridge mode, so that two releases can stand side by side.
  const hostPort = rendering.networkMode === "awsvpc" ? port : 0;
  return { containerPort: port, hostPort, protocol: "tcp", name };
}

function mountPoint(
  process: string,
  volume: string,
  path: string,
): NonNullable<ContainerDefinition["mountPoints"]>[number] {
  if (path.startsWith("/")) return { sourceVolume: volume, containerPath: path, readOnly: false };
  throw new DeployError({
    code: "containers.relative-volume",
    message: `The volume ${volume} of ${process} needs an absolute path, not "${path}".`,
    hint: "In an image nobody can tell what a relative path is relative to: write it as /app/data.",
  });
}

function hostVolume(
  rendering: Rendering,
  process: string,
  name: string,
): NonNullable<TaskDefinitionInput["volumes"]>[number] {
  if (rendering.dataPath !== undefined) {
    return { name, host: { sourcePath: `${rendering.dataPath}/volumes/${name}` } };
  }
  throw new DeployError({
    code: "containers.unsupported",
    message: `${process} declares the volume ${name}, and tasks of this capacity keep no files.`,
    hint: "Use instance(), or keep the data in an add-on or a bucket.",
  });
}

interface TaskParts {
  readonly kind: FamilyKind;
  readonly name?: string;
  readonly size: { readonly memory?: number; readonly cpu?: number };
  readonly containers: readonly ContainerDefinition[];
  readonly volumes: NonNullable<TaskDefinitionInput["volumes"]>;
}

function taskOf(rendering: Rendering, release: Manifest, parts: TaskParts): TaskDefinitionInput {
  const { scope } = rendering;
  const family = familyOf(scope, parts.kind, parts.name);
  const own = {
    ...rendering.tags,
    [tagKey.release]: String(release.number),
    ...(parts.name === undefined ? {} : { [tagKey.process]: parts.name }),
  };
  const cpuArchitecture = rendering.architecture === "arm64" ? "ARM64" : "X86_64";
  const input: TaskDefinitionInput = {
    family,
    networkMode: rendering.networkMode,
    executionRoleArn: rendering.executionRole,
    taskRoleArn: rendering.taskRole,
    ...(rendering.networkMode === "awsvpc" ? fargateParts(parts) : instanceParts(parts)),
    runtimePlatform: { cpuArchitecture, operatingSystemFamily: "LINUX" },
    ...(parts.volumes.length === 0 ? {} : { volumes: parts.volumes }),
  };
  return { ...input, tags: lowerTags({ ...own, [tagKey.hash]: hashOf(input) }) };
}

/** Fargate takes the size of the task; its containers share it. */
function fargateParts({
  size,
  containers,
}: TaskParts): Partial<TaskDefinitionInput> & Pick<TaskDefinitionInput, "containerDefinitions"> {
  const { cpu, memory } = fargateSize(size);
  return {
    requiresCompatibilities: ["FARGATE"],
    cpu: String(cpu),
    memory: String(memory),
    containerDefinitions: [...containers],
  };
}

/** On instances a declared memory is a hard limit, so that apps beside each other stay apart; else room is reserved. */
function instanceParts({
  size,
  containers,
}: TaskParts): Partial<TaskDefinitionInput> & Pick<TaskDefinitionInput, "containerDefinitions"> {
  const [main, ...others] = containers;
  const limits =
    size.memory === undefined
      ? { memoryReservation: defaultReservation }
      : { memory: Math.max(6, mebibytes(size.memory)) };
  return {
    requiresCompatibilities: ["EC2"],
    containerDefinitions: [
      { ...main!, ...limits, ...(size.cpu === undefined ? {} : { cpu: cpuUnits(size.cpu) }) },
      ...others,
    ],
  };
}

function sidecarsOf(
  rendering: Rendering,
  release: Manifest,
  process: string,
): readonly ContainerDefinition[] {
  const own = [...(rendering.sidecars["*"] ?? []), ...(rendering.sidecars[process] ?? [])];
  return own.map((sidecar) => ({
    logConfiguration: logConfiguration(rendering, streamPrefix(process, release.number)),
    ...sidecar,
  }));
}

/** A shell and `sleep`, in 2 MB: for images that may have none of their own. */
const sleeperImage = "public.ecr.aws/docker/library/busybox:stable";

/**
 * EventBridge Scheduler starts tasks and never ends them: a second container, essential as well, ends with the time, and
 * ECS then stops the task. It runs a shell of the app's own image, which is there already; a command given as an array may
 * come from an image without one, so that its time is kept by a small image of ECR's public gallery.
 */
function watchdogOf(rendering: Rendering, release: Manifest, job: ResolvedJob): ContainerDefinition {
  const seconds = Math.ceil(job.timeoutMs / 1000);
  const isOwn = typeof job.command === "string";
  return {
    name: "timeout",
    image: isOwn ? release.image.location : sleeperImage,
    essential: true,
    entryPoint: ["sh", "-c"],
    command: [`sleep ${seconds}; echo "The job took longer than ${seconds} s."; exit 124`],
    ...(rendering.networkMode === "bridge" ? { memoryReservation: 6 } : {}),
    linuxParameters: { initProcessEnabled: true },
    logConfiguration: logConfiguration(rendering, streamPrefix(`job:${job.name}`, release.number)),
    ...(rendering.registryCredentials === undefined || !isOwn
      ? {}
      : { repositoryCredentials: { credentialsParameter: rendering.registryCredentials } }),
  };
}

function byFirst(one: readonly [string, string], other: readonly [string, string]): number {
  return one[0] < other[0] ? -1 : 1;
}

function tooSlow(process: ResolvedProcess, seconds: number): DeployError {
  return new DeployError({
    code: "containers.stop-too-long",
    message: `${process.name} may take ${seconds} s to stop, and Fargate waits ${longestStop} s at most.`,
    hint: `Set \`stopWithin\` to "${longestStop} s" or less, or use ec2().`,
  });
}
