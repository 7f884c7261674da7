import { type Context, DeployError } from "@deploy/core";
import { lineSplitter } from "./line-splitter.js";

/** What of the caller's environment `docker` may see: how to reach the engine and the network, and no credentials of AWS. */
const passedOn: readonly RegExp[] = [
  /^(?:PATH|HOME|USER|TMPDIR|XDG_RUNTIME_DIR|SSH_AUTH_SOCK|SYSTEMROOT|USERPROFILE|APPDATA|LOCALAPPDATA|TEMP)$/i,
  /^(?:DOCKER|BUILDX|BUILDKIT)_/,
  /^(?:HTTP|HTTPS|NO|ALL)_PROXY$/i,
];

/** How `docker` is run. */
export interface DockerRun {
  /** Variables on top of what is passed on: `DOCKER_CONFIG`, values of build secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Lines of output are passed on to the caller as they come. */
  readonly tell?: boolean;
  /** Takes out of each line what nobody may read. */
  readonly hide?: (line: string) => string;
}

/** What a run of `docker` left. */
export interface DockerResult {
  readonly exitCode: number;
  readonly stdout: string;
  /** The last lines of both outputs, in the order in which they came. */
  readonly lastLines: readonly string[];
}

/** Lines that a failure is reported with. */
const keptLines = 30;

/**
 * Runs `docker` and answers with how it ended.
 *
 * @throws `images.docker-missing` when there is no such program; `run.cancelled`.
 */
export async function docker(
  context: Pick<Context, "env" | "signal" | "output">,
  args: readonly string[],
  options: DockerRun = {},
): Promise<DockerResult> {
  if (context.signal.aborted) throw cancelled(context.signal.reason);
  const lastLines: string[] = [];
  const listen = (stream: "stdout" | "stderr") =>
    lineSplitter((raw) => {
      const line = options.hide?.(raw) ?? raw;
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
      if (options.tell === true) context.output(line, stream);
    });
  // Loaded here: most commands build nothing, and should not pay for it at their start.
  const { execa } = await import("execa");
  const running = execa("docker", args, {
    env: { ...visible(context.env), ...options.env },
    extendEnv: false,
    stdin: "ignore",
    reject: false,
    // A build may print without end: what is kept is bounded here.
    buffer: { stdout: options.tell !== true, stderr: false },
    maxBuffer: 4_000_000,
    cancelSignal: context.signal,
    forceKillAfterDelay: 5_000,
  });
  const stdout = listen("stdout");
  const stderr = listen("stderr");
  running.stdout?.on("data", (chunk: Buffer) => stdout.add(chunk));
  running.stderr?.on("data", (chunk: Buffer) => stderr.add(chunk));
  const ended = await running;
  stdout.end();
  stderr.end();
  if (context.signal.aborted) throw cancelled(context.signal.reason);
  if (ended.code === "ENOENT") throw dockerMissing();
  return { exitCode: ended.exitCode ?? 1, stdout: ended.stdout ?? "", lastLines };
}

/** What an engine can do for us. */
export interface DockerEngine {
  /** As Docker names it: `amd64`, `arm64`. */
  readonly architecture: string;
  /** It builds with BuildKit: build secrets and ignore files of one Dockerfile work. */
  readonly buildKit: boolean;
}

/**
 * Asks the engine who it is.
 *
 * @throws `images.docker-missing`, `images.docker-not-running`, `images.docker-forbidden`.
 */
export async function findEngine(context: Pick<Context, "env" | "signal" | "output">): Promise<DockerEngine> {
  const [version, buildx] = await Promise.all([
    docker(context, ["version", "--format", "{{.Server.Arch}}"]),
    docker(context, ["buildx", "version"]),
  ]);
  if (version.exitCode !== 0) throw engineError(version.lastLines);
  // Without the plugin, a Docker that is told to use BuildKit refuses to build at all.
  return { architecture: version.stdout.trim(), buildKit: buildx.exitCode === 0 };
}

/** The error of an engine that does not answer; undefined when these lines say something else. */
export function engineProblem(lines: readonly string[]): DeployError | undefined {
  const said = lines.join("\n");
  if (
    /permission denied.*(?:docker\.sock|docker daemon|docker API)|permission denied while trying to connect/is.test(
      said,
    )
  ) {
    return new DeployError({
      code: "images.docker-forbidden",
      message: "This user may not talk to the Docker engine.",
      hint: "Add the user to the group docker and sign in again, or use a rootless engine (DOCKER_HOST).",
    });
  }
  if (
    /cannot connect to the docker daemon|is the docker daemon running|error during connect|failed to connect to the docker api/i.test(
      said,
    )
  ) {
    return new DeployError({
      code: "images.docker-not-running",
      message: "The Docker engine does not answer.",
      hint: "Start Docker, or say where it is with DOCKER_HOST or `docker context use`; then run the same again.",
    });
  }
  if (/no space left on device/i.test(said)) {
    return new DeployError({
      code: "images.disk-full",
      message: "The disk of the Docker engine is full.",
      hint: "Free space with `docker system prune`, or give the engine a larger disk; then run the same again.",
    });
  }
  return undefined;
}

function engineError(lines: readonly string[]): DeployError {
  return (
    engineProblem(lines) ??
    new DeployError({
      code: "images.docker-failed",
      message: `The Docker engine cannot be asked: ${lines.at(-1) ?? "no answer"}`,
      hint: "Look at what `docker version` says.",
      details: { lines },
    })
  );
}

function dockerMissing(): DeployError {
  return new DeployError({
    code: "images.docker-missing",
    message: "The image has to be built, and there is no `docker` on the PATH.",
    hint: "Install Docker, or run this where it is (in CI, say): an image that is in the registry already needs none.",
    docs: "https://docs.docker.com/engine/install/",
  });
}

function visible(env: Context["env"]): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && passedOn.some((name) => name.test(entry[0])),
  );
  return Object.fromEntries(entries);
}

function cancelled(cause: unknown): DeployError {
  return DeployError.is(cause)
    ? cause
    : new DeployError({ code: "run.cancelled", message: "Cancelled.", cause });
}
