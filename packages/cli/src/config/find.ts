import { access } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Names of a configuration file, the first that is there wins. */
export const CONFIG_NAMES: readonly string[] = ["ts", "mts", "js", "mjs", "json"].map(
  (extension) => `deploy.config.${extension}`,
);

/** What was found, and where it was looked for. */
export interface ConfigPlace {
  readonly config?: string;
  readonly procfile?: string;
  /** Directories that were looked at, nearest first. */
  readonly searched: readonly string[];
}

/**
 * Looks for a configuration file in `directory` and upward, up to the root of the repository; else for a Procfile in
 * `directory` itself.
 */
export async function findConfig(directory: string): Promise<ConfigPlace> {
  const searched: string[] = [];
  for (let current = directory; ; current = dirname(current)) {
    searched.push(current);
    for (const name of CONFIG_NAMES) {
      const config = join(current, name);
      if (await exists(config)) return { config, searched };
    }
    // Beyond the repository there may be a stranger's file, and it would be run.
    if ((await exists(join(current, ".git"))) || dirname(current) === current) break;
  }
  const procfile = join(directory, "Procfile");
  return (await exists(procfile)) ? { procfile, searched } : { searched };
}

/** Whether something is there. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
