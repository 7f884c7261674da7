import { link, lstat, mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, relative } from "node:path";
import { DeployError, type ResolvedProcess } from "@deploy/core";
import { withDiskErrors } from "../operating-system/disk-errors.js";

/**
 * Makes the directory that the processes of one release run in: the image's tree, by hard links, with its volumes.
 *
 * Hard links cost no space and little time, and give every release directories of its own: what an app adds beside
 * its code is gone with the release, and never gets into the image. Made under another name and renamed, so that a
 * directory which is there is whole.
 *
 * @throws `containers.volume-in-the-way` when the image has files where a volume belongs.
 */
export async function makeReleaseDirectory(options: {
  readonly image: string;
  readonly directory: string;
  readonly volumes: string;
  readonly processes: readonly ResolvedProcess[];
}): Promise<void> {
  const exists = await lstat(options.directory).catch(() => undefined);
  if (exists !== undefined) return;
  const temporary = `${options.directory}.new`;
  await withDiskErrors({ path: options.directory, doing: "make" }, async () => {
    await rm(temporary, { recursive: true, force: true });
    await linkTree(options.image, temporary);
    for (const [name, path] of volumesOf(options.processes)) {
      await placeVolume(temporary, options.directory, join(options.volumes, name), path);
    }
    await rename(temporary, options.directory);
  });
}

/** Volume name to path inside the app, of all processes together. */
function volumesOf(processes: readonly ResolvedProcess[]): ReadonlyMap<string, string> {
  return new Map(processes.flatMap((process) => Object.entries(process.volumes)));
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const source = join(from, entry.name);
      const target = join(to, entry.name);
      if (entry.isDirectory()) return linkTree(source, target);
      if (entry.isSymbolicLink()) return symlink(await readlink(source), target);
      return link(source, target);
    }),
  );
}

async function placeVolume(directory: string, final: string, volume: string, path: string): Promise<void> {
  const inside = normalize(path);
  if (isAbsolute(inside) || inside.startsWith("..")) {
    throw new DeployError({
      code: "containers.volume-outside",
      message: `The volume path ${path} leads out of the app's directory.`,
      hint: "On this machine a volume's path is relative to the app, such as data/uploads.",
    });
  }
  await mkdir(volume, { recursive: true, mode: 0o700 });
  const place = join(directory, inside);
  await mkdir(dirname(place), { recursive: true });
  const present = await lstat(place).catch(() => undefined);
  if (present?.isDirectory() && (await readdir(place)).length === 0) await rm(place, { recursive: true });
  else if (present !== undefined) {
    throw new DeployError({
      code: "containers.volume-in-the-way",
      message: `The image has something at ${path}, where a volume belongs.`,
      hint: `Add ${path} to .dockerignore (or .gitignore), or move the volume.`,
    });
  }
  await symlink(relative(dirname(join(final, inside)), volume), place);
}
