import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { type Context, type ContextEntry, DeployError, type ResolvedBuild } from "@deploy/core";
import { listContext, readIfThere } from "./list-context.js";
import { tarOf } from "./tar.js";

/** A build context that was read, and how it is built. */
export interface SourceContext {
  /** Absolute. */
  readonly directory: string;
  readonly entries: readonly ContextEntry[];
  /** Relative to the context; undefined where `heroku.yml` says what to build. */
  readonly dockerfile: string | undefined;
  /** The user's own `heroku.yml`, when there is one. */
  readonly manifest: string | undefined;
  /** `sha256:…` of paths, contents, executable bits, links, and of the build's own settings. */
  readonly digest: string;
}

/**
 * Reads and hashes the context of a build.
 *
 * @throws `images.no-dockerfile` where there is neither the Dockerfile nor, when `atHeroku`, a `heroku.yml`;
 * `images.unsupported` for a build command; what {@link listContext} and {@link tarOf} throw.
 */
export async function readSource(
  context: Context,
  build: ResolvedBuild,
  options: {
    /** The build is Heroku's: its manifest may say what to build, and ignored files are not sent. */
    readonly atHeroku: boolean;
    /** Whatever else makes another build of the same source. */
    readonly salt: string;
  },
): Promise<SourceContext> {
  refuseBuildCommand(build);
  const directory = resolve(context.directory, build.context);
  const wanted = build.dockerfile ?? "Dockerfile";
  const [entries, manifest, dockerfile] = await Promise.all([
    listContext({
      directory,
      always: [wanted, "heroku.yml"],
      gitIgnore: options.atHeroku,
      signal: context.signal,
    }),
    readIfThere(resolve(directory, "heroku.yml")),
    readIfThere(resolve(directory, wanted)),
  ]);
  const manifestBuilds = options.atHeroku && manifest !== undefined && build.dockerfile === undefined;
  if (dockerfile === undefined && !manifestBuilds) {
    throw new DeployError({
      code: "images.no-dockerfile",
      message: `There is no ${wanted} in ${directory}.`,
      hint: options.atHeroku
        ? 'Write a Dockerfile or a heroku.yml, or name the file in "build.dockerfile".'
        : 'Write one, or name it in "build.dockerfile".',
    });
  }
  const hash = createHash("sha256").update(`${options.salt}\0${stableBuild(build)}\0`);
  for await (const piece of tarOf(directory, entries)) {
    context.signal.throwIfAborted();
    hash.update(piece);
  }
  return {
    directory,
    entries,
    dockerfile: dockerfile === undefined ? undefined : wanted,
    manifest,
    digest: `sha256:${hash.digest("hex")}`,
  };
}

function refuseBuildCommand(build: ResolvedBuild): void {
  if (build.command === undefined) return;
  throw new DeployError({
    code: "images.unsupported",
    message: "Heroku's containers are built from a Dockerfile, not by a build command.",
    hint: 'Run the command in the Dockerfile, and take "build.command" out.',
  });
}

function stableBuild(build: ResolvedBuild): string {
  const args = Object.entries(build.args).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([build.dockerfile ?? null, build.stage ?? null, args]);
}
