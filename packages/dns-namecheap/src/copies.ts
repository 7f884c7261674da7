import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Context, DeployError, type ZoneCopy } from "@deploy/core";
import type { Zone } from "./hosts.js";

/** Copies of a zone that are kept; the oldest goes. */
const kept = 50;

/** A zone as it was before a write. */
export interface StoredCopy extends Zone {
  readonly time: string;
}

/** Where copies are: `DEPLOY_HOME`, else `$XDG_STATE_HOME/deploy`, else `~/.local/state/deploy`, as with the local provider. */
function directoryOf(env: Context["env"], zone: string): string {
  const home =
    env.DEPLOY_HOME || join(env.XDG_STATE_HOME || join(env.HOME || homedir(), ".local", "state"), "deploy");
  return join(home, "namecheap", zone);
}

async function names(directory: string): Promise<readonly string[]> {
  const all = await readdir(directory).catch(() => [] as string[]);
  return all.filter((name) => /^\d{8}T\d{9}Z(?:-\d+)?\.json$/.test(name)).sort();
}

/** Writes a copy, readable by its owner only; returns its id. @throws DeployError `dns.no-copy-made`. */
export async function keepCopy(
  { env, clock }: Context,
  zone: string,
  { emailType, hosts }: Zone,
): Promise<string> {
  const directory = directoryOf(env, zone);
  const time = new Date(clock.now()).toISOString();
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const present = await names(directory);
    const stem = time.replace(/[-:.]/g, "");
    const same = present.filter((name) => name.startsWith(stem)).length;
    const id = same === 0 ? stem : `${stem}-${same}`;
    const draft = join(directory, `${id}.draft`);
    const copy: StoredCopy = { time, emailType, hosts };
    await writeFile(draft, `${JSON.stringify(copy, null, 2)}\n`, { mode: 0o600, flush: true });
    await rename(draft, join(directory, `${id}.json`));
    for (const old of present.slice(0, Math.max(0, present.length + 1 - kept)))
      await rm(join(directory, old));
    return id;
  } catch (cause) {
    throw new DeployError({
      code: "dns.no-copy-made",
      message: `The zone ${zone} cannot be copied to ${directory}, and without a copy it is not written.`,
      hint: "Make the directory writable, or set DEPLOY_HOME to one which is.",
      cause,
    });
  }
}

/** The copies of a zone, newest first; one that cannot be read is left out. */
export async function listCopies(context: Context, zone: string): Promise<readonly ZoneCopy[]> {
  const ids = (await names(directoryOf(context.env, zone)))
    .map((name) => name.replace(/\.json$/, ""))
    .reverse();
  const copies = await Promise.all(
    ids.map(async (id) => {
      const copy = await readCopy(context, zone, id).catch(() => undefined);
      return copy === undefined ? [] : [{ id, time: copy.time, records: copy.hosts.length }];
    }),
  );
  return copies.flat();
}

/** One copy. @throws DeployError `config.unknown-copy`. */
export async function readCopy({ env }: Context, zone: string, id: string): Promise<StoredCopy> {
  try {
    if (!/^[\dTZ-]+$/.test(id)) throw new Error("no id");
    return JSON.parse(await readFile(join(directoryOf(env, zone), `${id}.json`), "utf8")) as StoredCopy;
  } catch (cause) {
    throw new DeployError({
      code: "config.unknown-copy",
      message: `There is no copy "${id}" of ${zone} that can be read.`,
      hint: `\`deploy domains copies ${zone}\` lists them.`,
      cause,
    });
  }
}
