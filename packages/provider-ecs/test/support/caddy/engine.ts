import type { TaskDefinitionInput } from "../../../src/ingress/caddy/task-definitions.js";
import { type ProgramEnd, run } from "../program.js";

type Container = NonNullable<TaskDefinitionInput["containerDefinitions"]>[number];

/** A task definition as containers of the Docker Engine, as the ECS agent would start them. */
export interface EngineTask {
  /** Name in the task definition to id of the container. */
  readonly containers: Readonly<Record<string, string>>;
  /** The port of the host that a container's port is published on. */
  hostPort(container: string, port: number): Promise<number>;
  /** Stops containers in the reverse order of their dependencies, each within its `stopTimeout`, and removes them. */
  stop(): Promise<void>;
}

/** How a task is started. */
export interface EngineOptions {
  /** Beside those of the task definition, as overrides of RunTask. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Starts every name, so that what a test leaves behind can be found. */
  readonly prefix: string;
  /** A container whose network stands for that of the host, so that its ports are not this machine's. */
  readonly host?: string;
}

let counter = 0;

/** Starts all containers, those that others depend on first. */
export async function startTask(task: TaskDefinitionInput, options: EngineOptions): Promise<EngineTask> {
  const order = startOrder(task.containerDefinitions ?? []);
  const containers: Record<string, string> = {};
  for (const container of order) {
    const { stdout } = await must(["docker", "run", "--detach", ...argumentsOf(task, container, options)]);
    containers[container.name!] = stdout.trim();
  }
  return {
    containers,
    hostPort: async (name, port) => {
      const { stdout } = await must(["docker", "port", containers[name]!, `${port}/tcp`]);
      return Number(/:(\d+)$/m.exec(stdout)![1]);
    },
    stop: async () => {
      for (const { name, stopTimeout = 30 } of order.toReversed()) {
        const id = containers[name!]!;
        await run(["docker", "stop", "--time", String(stopTimeout), id], { timeoutMs: 120_000 });
        await run(["docker", "rm", "--force", "--volumes", id]);
      }
    },
  };
}

/** Runs a one-off task to its end and answers with its exit code and output, as RunTask would. */
export async function runTask(task: TaskDefinitionInput, options: EngineOptions): Promise<ProgramEnd> {
  const container = task.containerDefinitions![0]!;
  return run(["docker", "run", "--rm", ...argumentsOf(task, container, options)], { timeoutMs: 120_000 });
}

function argumentsOf(task: TaskDefinitionInput, container: Container, options: EngineOptions): string[] {
  const { entryPoint = [], command = [] } = container;
  const environment = [
    ...(container.environment ?? []).map(({ name, value }) => [name!, value!] as const),
    ...Object.entries(options.environment ?? {}),
  ];
  const sources = new Map(task.volumes?.map(({ name, host }) => [name, host?.sourcePath]));
  counter += 1;
  return [
    "--name",
    `${options.prefix}-${container.name}-${counter}`,
    "--network",
    task.networkMode === "host"
      ? options.host === undefined
        ? "host"
        : `container:${options.host}`
      : "bridge",
    ...environment.flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...(container.mountPoints ?? []).flatMap(({ sourceVolume, containerPath }) => [
      "--volume",
      `${sources.get(sourceVolume)}:${containerPath}`,
    ]),
    ...(container.portMappings ?? []).flatMap(({ containerPort, hostPort }) => [
      "--publish",
      hostPort ? `${hostPort}:${containerPort}` : String(containerPort),
    ]),
    ...(container.ulimits ?? []).flatMap(({ name, softLimit, hardLimit }) => [
      "--ulimit",
      `${name}=${softLimit}:${hardLimit}`,
    ]),
    ...(container.memoryReservation ? ["--memory-reservation", `${container.memoryReservation}m`] : []),
    ...healthArguments(container),
    ...(entryPoint.length > 0 ? ["--entrypoint", entryPoint[0]!] : []),
    container.image!,
    ...entryPoint.slice(1),
    ...command,
  ];
}

function healthArguments({ healthCheck }: Container): string[] {
  if (healthCheck === undefined) return [];
  const { command = [], interval = 30, timeout = 5, retries = 3, startPeriod = 0 } = healthCheck;
  return [
    "--health-cmd",
    command.slice(1).join(" "),
    "--health-interval",
    `${interval}s`,
    "--health-timeout",
    `${timeout}s`,
    "--health-retries",
    String(retries),
    "--health-start-period",
    `${startPeriod}s`,
  ];
}

function startOrder(containers: readonly Container[]): readonly Container[] {
  const placed: Container[] = [];
  const waiting = [...containers];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ dependsOn = [] }) =>
      dependsOn.every(({ containerName }) => placed.some(({ name }) => name === containerName)),
    );
    if (next < 0) throw new Error("the containers wait for each other");
    placed.push(...waiting.splice(next, 1));
  }
  return placed;
}

async function must(argv: readonly [string, ...string[]]): Promise<ProgramEnd> {
  const end = await run(argv, { timeoutMs: 120_000 });
  if (end.code !== 0) throw new Error(`${argv.slice(0, 3).join(" ")}: ${end.stderr.trim()}`);
  return end;
}
