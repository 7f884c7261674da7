import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { buildDockerfile } from "./dockerfile.js";
import type { ProcessSource } from "./state.js";
import type { World } from "./world.js";

interface Manifest {
  readonly build?: {
    readonly docker?: Readonly<Record<string, string | { readonly dockerfile: string }>>;
    readonly config?: Readonly<Record<string, string>>;
  };
  readonly release?: Command | string;
  readonly run?: Readonly<Record<string, Command | string | readonly string[]>>;
}

interface Command {
  readonly command?: string | readonly string[];
  readonly image?: string;
}

/** Builds the images of a heroku.yml; gives what each process type runs. */
export async function containerProcesses(
  world: World,
  directory: string,
  say: (line: string) => void,
): Promise<Record<string, ProcessSource>> {
  const file = join(directory, "heroku.yml");
  if (!existsSync(file)) {
    say("=!= Couldn't find heroku.yml");
    throw new Error("Your app does not include a heroku.yml build manifest.");
  }
  say("=== Fetching app code");
  const manifest = parse(await readFile(file, "utf8")) as Manifest;
  const images: Record<string, ProcessSource> = {};
  for (const [type, entry] of Object.entries(manifest.build?.docker ?? {})) {
    const name = typeof entry === "string" ? entry : entry.dockerfile;
    say("");
    say(`=== Building ${type} (${name})`);
    if (!existsSync(join(directory, name))) throw new Error(`Dockerfile ${name} of ${type} does not exist`);
    images[type] = await buildDockerfile({
      file: join(directory, name),
      args: manifest.build?.config ?? {},
      directory: `${directory}-${type}`,
      runs: world.options.runs,
      say,
    });
  }
  const [firstImage] = Object.keys(images);
  if (firstImage === undefined) throw new Error("heroku.yml names no image to build");
  const commands: Record<string, Command | string | readonly string[]> = { ...manifest.run };
  if (manifest.release !== undefined) commands.release = manifest.release;
  const processes: Record<string, ProcessSource> = {};
  for (const [type, entry] of Object.entries(commands)) {
    const given: Command =
      typeof entry === "string" || Array.isArray(entry) ? { command: entry } : (entry as Command);
    const image =
      images[given.image ?? type] ??
      (given.image === undefined ? (images.web ?? images[firstImage]) : undefined);
    if (image === undefined)
      throw new Error(`heroku.yml: ${type} names the image ${given.image}, which is not built`);
    const words = given.command ?? image.command;
    // The documentation only shows lists of one; more are run one after another here.
    const command = typeof words === "string" ? words : words.join(" && ");
    processes[type] =
      given.command === undefined ? image : { ...image, command, argv: ["/bin/sh", "-c", command] };
  }
  for (const [type, image] of Object.entries(images)) processes[type] ??= image;
  say("");
  say("=== Pushing images");
  return processes;
}

/** Reads a Procfile; gives what each process type runs, in the source itself. */
export async function procfileProcesses(
  directory: string,
  say: (line: string) => void,
): Promise<Record<string, ProcessSource>> {
  say("-----> Building on the Heroku-24 stack");
  say("-----> Using buildpack: heroku/double");
  const file = join(directory, "Procfile");
  const lines = existsSync(file) ? (await readFile(file, "utf8")).split(/\r?\n/) : [];
  const found = lines.flatMap((line) => {
    const [, type = "", command = ""] = /^([-\w]{1,128}):\s*(.+?)\s*$/.exec(line) ?? [];
    return type === ""
      ? []
      : [[type, { command, argv: ["/bin/sh", "-c", command], directory, env: {} }] as const];
  });
  say("-----> Discovering process types");
  say(`       Procfile declares types -> ${found.map(([type]) => type).join(", ") || "(none)"}`);
  return Object.fromEntries(found);
}
