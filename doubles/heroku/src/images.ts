import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Registry } from "./registry.js";
import type { App, ProcessSource, PushedImage } from "./state.js";
import type { World } from "./world.js";

const run = promisify(execFile);

interface Manifest {
  readonly layers: readonly { readonly digest: string }[];
}

interface ImageConfig {
  readonly config?: {
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Env?: readonly string[] | null;
    readonly WorkingDir?: string;
  };
}

/** Makes what runs of an image that was pushed: its layers unpacked, its command, its variables. */
export function createImages(
  world: World,
  registry: Registry | undefined,
): (app: App, type: string, digest: string) => Promise<ProcessSource | undefined> {
  const unpacked = new Map<string, Promise<ProcessSource>>();
  return async (app, type, digest) => {
    const mine = world.state.images.filter((one) => one.app === app.id && one.config === digest);
    const image = mine.find((one) => one.type === type) ?? mine[0];
    if (image === undefined || registry === undefined) return;
    const known = unpacked.get(digest) ?? unpack(world, registry, image);
    unpacked.set(digest, known);
    return known;
  };
}

async function unpack(world: World, registry: Registry, image: PushedImage): Promise<ProcessSource> {
  const base = `${registry.upstream}/v2/${image.repository}`;
  const manifest = (await (
    await fetch(`${base}/manifests/${image.manifest}`, {
      headers: { accept: "application/vnd.docker.distribution.manifest.v2+json" },
    })
  ).json()) as Manifest;
  const { config = {} } = (await (await fetch(`${base}/blobs/${image.config}`)).json()) as ImageConfig;
  const root = join(world.directory, "images", image.config.slice(7, 31));
  await mkdir(root, { recursive: true });
  for (const { digest } of manifest.layers) {
    const layer = join(world.directory, `layer-${digest.slice(7, 31)}.tar`);
    await writeFile(layer, Buffer.from(await (await fetch(`${base}/blobs/${digest}`)).arrayBuffer()));
    await run("tar", ["-xf", layer, "-C", root, "--no-same-owner"]);
    await rm(layer);
    await whiteOut(root);
  }
  await furnish(root);
  const argv = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const env = Object.fromEntries((config.Env ?? []).map((one) => one.split(/=(.*)/s).slice(0, 2)));
  const directory = config.WorkingDir || "/";
  // A shell's own `-c` is how Docker keeps a command that was written as text.
  const command = argv[0] === "/bin/sh" && argv[1] === "-c" ? (argv[2] ?? "") : argv.join(" ");
  return { command, argv, directory, root, env, image: image.config };
}

/** Removes what a layer says is removed: `.wh.name`. */
async function whiteOut(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.name.startsWith(".wh.")) continue;
    const mark = join(entry.parentPath, entry.name);
    const gone = entry.name.slice(4);
    if (gone !== ".wh..opq") await rm(join(dirname(mark), gone), { recursive: true, force: true });
    await rm(mark);
  }
}

/** Gives an image what a dyno has around it: names of hosts, a place for temporary files, the usual devices. */
async function furnish(root: string): Promise<void> {
  for (const directory of ["etc", "tmp", "dev"]) await mkdir(join(root, directory), { recursive: true });
  for (const file of ["etc/hosts", "etc/resolv.conf"])
    if (!existsSync(join(root, file)))
      await run("cp", ["-L", `/${file}`, join(root, file)]).catch(() => undefined);
  const devices = { null: "3", zero: "5", random: "8", urandom: "9" };
  for (const [name, minor] of Object.entries(devices))
    await run("mknod", ["-m", "666", join(root, "dev", name), "c", "1", minor]).catch(() => undefined);
}

/** Unpacks an uploaded source into a directory; an archive with one directory around everything loses it. */
export async function unpackSource(archive: Buffer, into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  const file = `${into}.tar.gz`;
  await writeFile(file, archive);
  await run("tar", ["-xzf", file, "-C", into, "--no-same-owner"]);
  await rm(file);
  const entries = await readdir(into, { withFileTypes: true });
  const only = entries[0];
  if (entries.length !== 1 || !only?.isDirectory()) return;
  const aside = `${into}-${basename(only.name)}`;
  await rename(join(into, only.name), aside);
  await rm(into, { recursive: true });
  await rename(aside, into);
}
