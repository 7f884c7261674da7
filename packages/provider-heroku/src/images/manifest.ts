import { type Command, DeployError, type ResolvedBuild } from "@deploy/core";
import type { SourceContext } from "./hash-context.js";

/** What a `heroku.yml` has to say about an app. */
export interface ManifestInput {
  readonly source: Pick<SourceContext, "dockerfile" | "manifest">;
  readonly build: ResolvedBuild;
  readonly processes: readonly { readonly name: string; readonly command: Command }[];
  readonly release?: Command;
}

/**
 * The `heroku.yml` that is sent along with the source.
 *
 * What the app declares wins: its processes and its release command replace `run` and `release`. The user's own
 * `build` section stays as it is; without one, one image is built from the Dockerfile and every process runs it. `setup`
 * is left out: builds never look at it, add-ons and config are made before (heroku/cli#1400).
 *
 * @throws `images.bad-manifest` for a `heroku.yml` that cannot be read; `images.unsupported` for a stage beside one.
 */
export async function manifestFor(input: ManifestInput): Promise<string> {
  const own = await readBuild(input.source.manifest);
  const names = input.processes.map((process) => process.name);
  const first = names.includes("web") ? "web" : (names[0] ?? "web");
  const build = own ?? generatedBuild(input, first);
  const images = Object.keys((build.docker as Record<string, unknown> | undefined) ?? {});
  const fallback = images.includes(first) ? first : images[0];
  const run = Object.fromEntries(
    input.processes.map(({ name, command }) => {
      if (images.includes(name) || fallback === undefined) return [name, asText(command)];
      return [name, { command: [asText(command)], image: fallback }];
    }),
  );
  const release =
    input.release === undefined
      ? undefined
      : images.includes("release") || fallback === undefined
        ? { command: [asText(input.release)] }
        : { command: [asText(input.release)], image: fallback };
  const { stringify } = await import("./yaml.js");
  return stringify({ build, ...(release === undefined ? {} : { release }), run });
}

function generatedBuild({ source, build }: ManifestInput, name: string): Record<string, unknown> {
  if (build.stage !== undefined) {
    throw new DeployError({
      code: "images.unsupported",
      message: `A build at Heroku has no target stage: it always builds the last one, not "${build.stage}".`,
      hint: 'Put the stage last, or build here: heroku({ build: "here" }).',
    });
  }
  return {
    docker: { [name]: source.dockerfile ?? "Dockerfile" },
    ...(Object.keys(build.args).length === 0 ? {} : { config: { ...build.args } }),
  };
}

async function readBuild(text: string | undefined): Promise<Record<string, unknown> | undefined> {
  if (text === undefined) return undefined;
  const { isMap, parseDocument } = await import("./yaml.js");
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined || (document.contents !== null && !isMap(document.contents))) {
    throw new DeployError({
      code: "images.bad-manifest",
      message: `heroku.yml cannot be read: ${fault?.message.split("\n")[0] ?? "it is no mapping"}.`,
      hint: "Mend it, or remove it: it is made from the app when there is none.",
      location: {
        file: "heroku.yml",
        ...(fault?.linePos === undefined ? {} : { line: fault.linePos[0].line }),
      },
    });
  }
  const build: unknown = (document.toJS() as { build?: unknown } | null)?.build;
  return typeof build === "object" && build !== null ? (build as Record<string, unknown>) : undefined;
}

/** A command as one line for a shell: what `heroku.yml` takes. */
export function asText(command: Command): string {
  return typeof command === "string" ? command : command.map(quoted).join(" ");
}

/** A word as a shell reads it back. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
