import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type Context, DeployError, type Redacted, type ResolvedBuild, reveal } from "@deploy/core";
import type { SourceContext } from "./hash-context.js";
import { tarOf } from "./tar.js";

/** Lines of output that an error repeats. */
export const shownLines = 30;

/** One build on this machine, and where it is pushed. */
export interface DockerBuild {
  readonly source: SourceContext;
  readonly build: ResolvedBuild;
  readonly labels: Readonly<Record<string, string>>;
  /** Full name with host, such as `registry.heroku.com/shop/web:latest`. */
  readonly name: string;
  readonly registry: string;
  readonly token: Redacted;
}

/**
 * The arguments of a build that Heroku's registry accepts: for amd64, without attestations, which it answers with 405
 * (heroku/cli#1081); the context comes by standard input, so that what is built is what was hashed.
 */
function buildArguments(
  build: ResolvedBuild,
  options: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly buildKit: boolean;
  },
): readonly string[] {
  return [
    "build",
    "--platform",
    "linux/amd64",
    ...(options.buildKit ? ["--provenance=false", "--sbom=false"] : []),
    "--file",
    build.dockerfile ?? "Dockerfile",
    "--tag",
    options.name,
    ...(build.stage === undefined ? [] : ["--target", build.stage]),
    ...Object.entries(build.args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...Object.entries(options.labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
    "-",
  ];
}

/**
 * Builds with the Docker of this machine and pushes; the output comes by `context.output`.
 *
 * The password goes by standard input into a configuration directory of its own, which is removed: the user's own
 * `~/.docker` is neither read for passwords nor written.
 *
 * @throws `images.no-docker`, `images.build-failed` with the last 30 lines, `images.unauthenticated`, `images.push-failed`.
 */
export async function buildAndPush(context: Context, options: DockerBuild): Promise<void> {
  const config = await mkdtemp(join(tmpdir(), "deploy-docker-"));
  try {
    const buildKit = await hasBuildKit(context);
    const { name, labels, source, build } = options;
    const context_ = Readable.from(tarOf(source.directory, source.entries), { objectMode: false });
    const environment = buildKit ? { DOCKER_BUILDKIT: "1" } : { DOCKER_BUILDKIT: "0" };
    const built = await docker(context, buildArguments(build, { name, labels, buildKit }), {
      env: environment,
      input: context_,
    });
    if (built.exitCode !== 0) throw failed("images.build-failed", "The build failed", built);
    const login = ["login", "--username", "_", "--password-stdin", options.registry];
    const env = { DOCKER_CONFIG: config };
    const signedIn = await docker(context, login, { env, input: reveal(options.token), quiet: true });
    if (signedIn.exitCode !== 0) {
      throw new DeployError({
        code: "images.unauthenticated",
        message: `${options.registry} did not accept the token.`,
        hint: "Look at the credentials: `deploy doctor` says which are used.",
        details: { exitCode: signedIn.exitCode },
      });
    }
    const pushed = await docker(context, ["push", name], { env });
    if (pushed.exitCode !== 0) throw failed("images.push-failed", `${name} could not be pushed`, pushed);
  } finally {
    await rm(config, { recursive: true, force: true });
  }
}

interface Ended {
  readonly exitCode: number | undefined;
  readonly lines: readonly string[];
}

async function docker(
  context: Context,
  argv: readonly string[],
  options: {
    readonly env: Record<string, string>;
    readonly input?: Readable | string;
    readonly quiet?: boolean;
  },
): Promise<Ended> {
  context.signal.throwIfAborted();
  const { execa } = await import("execa");
  const { PATH, HOME, DOCKER_HOST, DOCKER_CONTEXT, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH } = context.env;
  const known = { PATH, HOME, DOCKER_HOST, DOCKER_CONTEXT, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH };
  const child = execa("docker", argv, {
    env: { ...withoutUndefined(known), ...options.env },
    extendEnv: false,
    buffer: false,
    reject: false,
    all: true,
    cancelSignal: context.signal,
    gracefulCancel: false,
    forceKillAfterDelay: 5_000,
    ...(options.input === undefined
      ? { stdin: "ignore" }
      : typeof options.input === "string"
        ? { input: options.input }
        : { input: options.input }),
  });
  const lines: string[] = [];
  for await (const line of child.iterable({ from: "all" })) {
    lines.push(line);
    if (lines.length > shownLines) lines.shift();
    if (options.quiet !== true) context.output(line, "stdout");
  }
  const result = await child;
  if (context.signal.aborted) throw context.signal.reason;
  if (result.code === "ENOENT") throw noDocker(result.cause);
  return { exitCode: result.exitCode, lines };
}

async function hasBuildKit(context: Context): Promise<boolean> {
  const { exitCode } = await docker(context, ["buildx", "version"], { env: {}, quiet: true });
  return exitCode === 0;
}

function withoutUndefined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function failed(code: string, what: string, { exitCode, lines }: Ended): DeployError {
  const text = lines.join("\n");
  const unsupported = /unsupported|405/i.test(text) && code === "images.push-failed";
  const noDaemon = /Cannot connect to the Docker daemon/i.test(text);
  return new DeployError({
    code: noDaemon ? "images.no-docker" : code,
    message: `${what} (docker ended with ${exitCode ?? "a signal"}):\n${text}`,
    hint: noDaemon
      ? 'Start Docker, or let Heroku build: heroku({ build: "there" }).'
      : unsupported
        ? "Heroku's registry takes images of one platform without attestations, in Docker's own layout: look at the daemon's image store."
        : "Mend it and run again; what was built already is kept.",
    details: { exitCode, lastLines: lines },
  });
}

function noDocker(cause: unknown): DeployError {
  return new DeployError({
    code: "images.no-docker",
    message: "There is no docker on this machine.",
    hint: 'Install Docker, or let Heroku build: heroku({ build: "there" }).',
    cause,
  });
}
