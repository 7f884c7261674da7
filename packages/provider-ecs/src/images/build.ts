import { readFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { type Context, DeployError, type ResolvedBuild } from "@deploy/core";
import type { BuildContext } from "./build-context.js";
import { type DockerEngine, docker, engineProblem, findEngine } from "./docker.js";
import { type RegistryLogin, withLogin } from "./docker-config.js";
import { hideSecrets } from "./hide-secrets.js";

/** Where the value of a build secret is: in a variable of the caller's environment, or in a file. */
export type BuildSecret = { readonly env: string } | { readonly file: string };

/** What is said to the builder beyond what the app declares. */
export interface BuildOptions {
  /** By id, as `RUN --mount=type=secret,id=…` names it. Needs BuildKit. */
  readonly secrets?: Readonly<Record<string, BuildSecret>>;
  /** Images whose layers may be used again, such as the last one of the main branch. */
  readonly cacheFrom?: readonly string[];
}

/** What to build. */
export interface BuildRequest {
  readonly context: BuildContext;
  readonly build: ResolvedBuild;
  readonly options: BuildOptions;
  readonly architecture: string;
  /** Name and tag of the image. */
  readonly reference: string;
}

/**
 * Builds an image in the Docker engine.
 *
 * @throws `images.docker-missing`, `images.docker-not-running`, `images.docker-forbidden`, `images.disk-full`,
 * `images.no-buildkit`, `images.secret-missing`, `images.cannot-emulate`, `images.build-failed` with the last lines.
 */
export async function buildImage(context: Context, request: BuildRequest): Promise<void> {
  const engine = await findEngine(context);
  const secrets = await secretArguments(context, request.options.secrets ?? {});
  refuseWithoutBuildKit(engine, request);
  if (request.context.holdsGit) {
    context.log(
      ".git is part of the build context: it slows the build, and changes in it alone build nothing. Leave it out with .dockerignore.",
    );
  }
  const args = buildArguments(request, engine, secrets.args);
  const result = await docker(context, args, {
    tell: true,
    hide: hideSecrets(secrets.values),
    env: { ...secrets.env, DOCKER_BUILDKIT: engine.buildKit ? "1" : "0" },
  });
  if (result.exitCode === 0) return;
  throw engineProblem(result.lastLines) ?? buildFailed(result.exitCode, result.lastLines, request, engine);
}

/** The arguments of `docker`: an array, never a line for a shell. */
function buildArguments(
  request: BuildRequest,
  engine: DockerEngine,
  secrets: readonly string[] = [],
): readonly string[] {
  const { build, context, options, architecture, reference } = request;
  return [
    "build",
    ...(engine.buildKit
      ? // Attestations would make an index of every image, whose digest is not the image's; `--load` is for builders of their own.
        ["--provenance=false", "--sbom=false", "--load", "--progress=plain"]
      : []),
    `--platform=linux/${architecture}`,
    `--file=${context.dockerfile}`,
    `--tag=${reference}`,
    ...Object.entries(build.args).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...(build.stage === undefined ? [] : [`--target=${build.stage}`]),
    ...(options.cacheFrom ?? []).map((image) => `--cache-from=${image}`),
    ...secrets,
    context.directory,
  ];
}

/** Build secrets on their way to the builder. */
interface SecretArguments {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What must not be seen in the output. */
  readonly values: readonly string[];
}

/** Values of build secrets reach the builder by variable or file, never by argument. */
async function secretArguments(
  context: Pick<Context, "env" | "directory">,
  secrets: Readonly<Record<string, BuildSecret>>,
): Promise<SecretArguments> {
  const args: string[] = [];
  const values: string[] = [];
  const env: Record<string, string> = {};
  for (const [id, secret] of Object.entries(secrets)) {
    if ("file" in secret) {
      const path = isAbsolute(secret.file) ? secret.file : resolve(context.directory, secret.file);
      args.push(`--secret=id=${id},src=${path}`);
      // One that is not there is told of by the builder, in its own words.
      values.push(await readFile(path, "utf8").catch(() => ""));
      continue;
    }
    const value = context.env[secret.env];
    if (value === undefined || value === "") {
      throw new DeployError({
        code: "images.secret-missing",
        message: `The build secret ${id} is to come from ${secret.env}, which is not set.`,
        hint: `Set ${secret.env} where this runs.`,
      });
    }
    env[secret.env] = value;
    values.push(value);
    args.push(`--secret=id=${id},env=${secret.env}`);
  }
  return { args, env, values };
}

function refuseWithoutBuildKit(engine: DockerEngine, { options, context }: BuildRequest): void {
  if (engine.buildKit) return;
  const what =
    Object.keys(options.secrets ?? {}).length > 0
      ? "Build secrets need"
      : context.ownIgnoreFile
        ? `The ignore file of ${context.dockerfile} alone needs`
        : undefined;
  if (what === undefined) return;
  throw new DeployError({
    code: "images.no-buildkit",
    message: `${what} BuildKit, and this Docker has none: \`docker buildx version\` fails.`,
    hint: "Install the buildx plugin (package docker-buildx or docker-buildx-plugin), then run the same again.",
    docs: "https://docs.docker.com/go/buildx/",
  });
}

function buildFailed(
  exitCode: number,
  lines: readonly string[],
  { architecture }: BuildRequest,
  engine: DockerEngine,
): DeployError {
  const emulated = engine.architecture !== architecture;
  if (emulated && lines.some((line) => line.includes("exec format error"))) {
    return new DeployError({
      code: "images.cannot-emulate",
      message: `The image is for ${architecture}, and this engine (${engine.architecture}) cannot run such programs.`,
      hint: "Install emulation (`docker run --privileged --rm tonistiigi/binfmt --install all`), build where the processor is the same, or choose the other architecture.",
      details: { lines },
    });
  }
  return new DeployError({
    code: "images.build-failed",
    message: `docker build failed with exit code ${exitCode}: ${lines.at(-1) ?? "it said nothing"}`,
    hint: "The last lines are above; correct what they name and run the same again.",
    details: { exitCode, lines },
  });
}

/**
 * Pushes an image that the engine holds under this name.
 *
 * @throws `images.push-denied`, `images.push-failed` (retryable), and those of an engine that does not answer.
 */
export async function pushImage(
  context: Context,
  reference: string,
  login: RegistryLogin | undefined,
): Promise<void> {
  const push = async (config?: string) =>
    docker(context, ["push", reference], {
      tell: true,
      env: config === undefined ? {} : { DOCKER_CONFIG: config },
    });
  const result = await (login === undefined ? push() : withLogin(context, login, push));
  if (result.exitCode === 0) return;
  const { lastLines: lines, exitCode } = result;
  const problem = engineProblem(lines);
  if (problem !== undefined) throw problem;
  const denied = lines.some((line) =>
    /denied|unauthorized|authentication required|no basic auth/i.test(line),
  );
  throw new DeployError({
    code: denied ? "images.push-denied" : "images.push-failed",
    message: `${reference} could not be pushed: ${lines.at(-1) ?? `exit code ${exitCode}`}`,
    hint: denied
      ? "Look at the credentials of the registry, and whether they may push to this repository."
      : "Run the same again: layers that are there are not sent twice.",
    retryable: !denied,
    details: { exitCode, lines },
  });
}

/** Forgets the image's name in the engine; its layers stay as cache for the next build. */
export async function untagImage(context: Context, reference: string): Promise<void> {
  await docker(context, ["image", "rm", "--no-prune", reference]).catch(() => undefined);
}
