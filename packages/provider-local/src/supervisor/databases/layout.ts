import { createHash, randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DeployError } from "@deploy/core";
import { type Account, canReach, isRoot, makePassable } from "./account.js";
import { exists, namesIn, removeTree, renameDurably } from "./files.js";
import type { AddonId } from "./types.js";

/** Where everything of one add-on is. */
export interface Layout {
  /** Holds all of the add-on; deleted whole by `remove`. */
  readonly root: string;
  /** `addon.json`: what was decided once, without secrets. */
  readonly record: string;
  /** `credentials.json`, 0600. */
  readonly credentials: string;
  /** `process.json`: which process was started last. */
  readonly process: string;
  readonly data: string;
  /** What `data` was before a restore, until the restore is known to be good. */
  readonly previous: string;
  readonly logFile: string;
  readonly backups: string;
  /** Holds the unix socket; its path is short enough for `sun_path`. */
  readonly socketDirectory: string;
}

const removing = ".removing-";
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const environmentPattern = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;

/** The add-on's directory name. Error: `addons.invalid-name`. */
export function directoryName(addon: AddonId): string {
  const { app, environment, name } = addon;
  const valid =
    namePattern.test(app) &&
    namePattern.test(name) &&
    environmentPattern.test(environment) &&
    environment.length < 100;
  if (!valid) {
    throw new DeployError({
      code: "addons.invalid-name",
      message: `${JSON.stringify(`${app} ${environment} ${name}`)} does not name an add-on.`,
      hint: "Use letters, digits, '.', '_' and '-', starting with a letter or a digit.",
    });
  }
  // Neither `~` nor `+` can be in a name, so that two add-ons never share a directory.
  return `${app}~${environment.replaceAll("/", "+")}~${name}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** Where root's servers live when the system user they run as cannot pass through `home`. */
export function machineRoot(home: string): string {
  return join("/var/lib/deploy", digest(home));
}

/** Directory of all add-ons that can exist: below `home`, and for root also below {@link machineRoot}. */
function candidateBases(home: string): string[] {
  const bases = [join(home, "databases")];
  if (isRoot()) bases.push(join(machineRoot(home), "databases"));
  return bases;
}

/**
 * Root directory for something the servers' user must reach: `home`, or {@link machineRoot} when `home` is closed to it.
 *
 * `/root` is 0700, and opening it is not ours to decide.
 */
export async function reachableRoot(
  home: string,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (await canReach(home, account)) return home;
  log(
    `${home} is closed to the system user ${account?.name}, so its files are kept in ${machineRoot(home)}.`,
  );
  await mkdir(dirname(machineRoot(home)), { recursive: true });
  await chmod(dirname(machineRoot(home)), 0o755);
  await makePassable(machineRoot(home));
  return machineRoot(home);
}

function layoutIn(base: string, directory: string): Layout {
  const root = join(base, directory);
  const inside = join(root, "run");
  // sun_path holds 104 bytes on macOS and 108 on Linux, and `/.s.PGSQL.65535.lock` must fit as well.
  const socketDirectory = Buffer.byteLength(inside) <= 80 ? inside : join("/tmp", `deploy-${digest(root)}`);
  return {
    root,
    record: join(root, "addon.json"),
    credentials: join(root, "credentials.json"),
    process: join(root, "process.json"),
    data: join(root, "data"),
    previous: join(root, "data.previous"),
    logFile: join(root, "server.log"),
    backups: join(root, "backups"),
    socketDirectory,
  };
}

/** The layout of an add-on that exists, or was begun; `undefined` when there is nothing of it. */
export async function findLayout(home: string, addon: AddonId): Promise<Layout | undefined> {
  const directory = directoryName(addon);
  for (const base of candidateBases(home)) {
    if (await exists(join(base, directory))) return layoutIn(base, directory);
  }
  return undefined;
}

/** Layouts of all add-ons that exist, sorted by name. */
export async function allLayouts(home: string): Promise<Layout[]> {
  const layouts: Layout[] = [];
  for (const base of candidateBases(home)) {
    const names = (await namesIn(base)).filter((name) => name.includes("~") && !name.startsWith(removing));
    for (const name of names) layouts.push(layoutIn(base, name));
  }
  return layouts.sort((one, other) => (one.root < other.root ? -1 : 1));
}

/** The layout of the add-on, with its root directory made. */
export async function makeLayout(
  home: string,
  addon: AddonId,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<Layout> {
  const found = await findLayout(home, addon);
  if (found !== undefined) return found;
  const base = join(await reachableRoot(home, account, log), "databases");
  await makePassable(base);
  const layout = layoutIn(base, directoryName(addon));
  await makePassable(layout.root);
  return layout;
}

/** Refuses a socket directory in `/tmp` which another user has made first. Error: `addons.socket-directory-taken`. */
export async function checkSocketDirectory(directory: string, account: Account | undefined): Promise<void> {
  const found = await lstat(directory).catch(() => undefined);
  if (found === undefined) return;
  const owners = [account?.uid, process.getuid?.()];
  if (found.isDirectory() && owners.includes(found.uid)) return;
  throw new DeployError({
    code: "addons.socket-directory-taken",
    message: `${directory} belongs to another user of this machine.`,
    hint: `Ask its owner to delete ${directory}, or use a shorter home directory for Deploy.`,
  });
}

/**
 * Deletes everything of an add-on whose servers are stopped.
 *
 * It is renamed first: killed half-way, it is gone for `ensure`, which else could find data without its passwords.
 */
export async function removeLayout(layout: Layout): Promise<void> {
  await removeTree(layout.socketDirectory);
  const doomed = join(
    dirname(layout.root),
    `${removing}${basename(layout.root)}-${randomBytes(4).toString("hex")}`,
  );
  await renameDurably(layout.root, doomed);
  await removeTree(doomed);
}

/** Deletes what is left of removals that were interrupted. */
export async function finishRemovals(home: string): Promise<void> {
  for (const base of candidateBases(home)) {
    for (const name of await namesIn(base)) if (name.startsWith(removing)) await removeTree(join(base, name));
  }
}

/** Deletes the directories above the add-ons that hold nothing any more. */
export async function removeEmptyBases(home: string): Promise<void> {
  const emptied = [
    ...candidateBases(home),
    ...(isRoot() ? [machineRoot(home), dirname(machineRoot(home))] : []),
  ];
  for (const directory of emptied) await rmdir(directory).catch(() => {});
}
