import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { LoadedApp, LoadedApps } from "@deploy/console";
import { DeployError, toDeployError } from "@deploy/core";
import { findConfig } from "../config/find.js";
import { loadConfig } from "../config/load.js";

/** Where an app is looked for. */
interface Place {
  readonly directory: string;
  readonly file: string | undefined;
}

/**
 * Answers with what loads the apps of these places, each time anew: files that have changed are run again.
 *
 * The first time, a place where there is nothing at all is an error; everything else that is wrong with one app is a
 * problem to show, and the others go on.
 */
export function createAppLoader(options: {
  readonly directory: string;
  /** Directories or files; none: the app here. */
  readonly places: readonly string[];
}): () => Promise<LoadedApps> {
  let first = true;
  return async () => {
    const fresh = !first;
    first = false;
    const apps: LoadedApp[] = [];
    const problems: LoadedApps["problems"][number][] = [];
    for (const named of options.places.length === 0 ? ["."] : options.places) {
      const path = resolve(options.directory, named);
      try {
        const { app, file, directory } = await loadConfig({ ...(await placeOf(path)), fresh });
        apps.push({ app, directory, ...(file === undefined ? {} : { file }) });
      } catch (thrown) {
        const error = toDeployError(thrown, "config.failed");
        if (!fresh && error.code === "config.missing") throw error;
        problems.push({
          place: await fileAt(path),
          message: error.message,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
        });
      }
    }
    return { apps, problems };
  };
}

async function placeOf(path: string): Promise<Place> {
  try {
    if ((await stat(path)).isDirectory()) return { directory: path, file: undefined };
    return { directory: dirname(path), file: path };
  } catch (cause) {
    throw new DeployError({
      code: "config.missing",
      message: `There is no ${path}.`,
      hint: "Name directories or configuration files of apps.",
      cause,
    });
  }
}

/** The file that a problem is about: when it changes, it is loaded again. */
async function fileAt(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) return path;
    const { config, procfile } = await findConfig(path);
    return config ?? procfile ?? path;
  } catch {
    return path;
  }
}
