import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeployError } from "@deploy/core";
import type { Home } from "./home.js";
import { withDiskErrors } from "./operating-system/disk-errors.js";

/** The files that the supervisor's program is made of; bundled, so that they run from anywhere. */
const files = ["supervisor.js", "log-worker.js"];

/** The supervisor's program as it lies in this package. */
export interface Program {
  /** Digest of its files: another digest is another version. */
  readonly digest: string;
  readonly directory: string;
}

let found: Program | undefined;

/** Finds the program beside this file: in `dist`, also when this runs from the sources. */
export function findProgram(): Program {
  if (found !== undefined) return found;
  const here = fileURLToPath(new URL(".", import.meta.url));
  const directory = [here, join(here, "..", "dist")].find((place) =>
    files.every((file) => existsSync(join(place, file))),
  );
  if (directory === undefined) {
    throw new DeployError({
      code: "servers.program-missing",
      message: "The supervisor's program is not part of this installation.",
      hint: "Install @deploy/provider-local again; in its repository, run: npm run build",
    });
  }
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(directory, file)));
  found = { digest: hash.digest("hex").slice(0, 16), directory };
  return found;
}

/**
 * Copies the program into the home and removes copies that nobody runs.
 *
 * The supervisor outlives the CLI, and must outlive the removal of `node_modules` too.
 */
export async function installProgram(
  home: Home,
  program: Program,
  running: string | undefined,
): Promise<void> {
  await withDiskErrors({ path: home.programs, doing: "write" }, async () => {
    const target = join(home.programs, program.digest);
    await mkdir(home.programs, { recursive: true, mode: 0o700 });
    if ((await stat(target).catch(() => undefined)) === undefined) {
      const temporary = join(home.programs, `.${process.pid}-${randomBytes(6).toString("hex")}`);
      for (const file of files) await cp(join(program.directory, file), join(temporary, file));
      await cp(join(program.directory, "supervisor-package.json"), join(temporary, "package.json")).catch(
        () => {},
      );
      await rename(temporary, target).catch(async (error: NodeJS.ErrnoException) => {
        await rm(temporary, { recursive: true, force: true });
        // Somebody else has put the same program there meanwhile.
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      });
    }
    for (const name of await readdir(home.programs)) {
      if (name === program.digest || name === running || isBeingMade(name)) continue;
      // Somebody else may be removing the same; what stays is found by the next one.
      await rm(join(home.programs, name), { recursive: true, force: true }).catch(() => {});
    }
  });
}

/** Whether a temporary copy belongs to a process that lives: another first `up`, at this very moment. */
function isBeingMade(name: string): boolean {
  const pid = /^\.(\d+)-/.exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
