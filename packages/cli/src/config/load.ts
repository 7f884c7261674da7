import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { DeployError, validateApp } from "@deploy/core";
import { evaluate } from "./evaluate.js";
import { CONFIG_NAMES, exists, findConfig } from "./find.js";
import { parseJson } from "./json.js";
import { formatNote } from "./note.js";
import { loadProcfile } from "./procfile.js";
import type { ConfigFile } from "./types.js";

/**
 * Finds the configuration, loads it and checks it.
 *
 * @throws `config.missing`, `config.syntax`, `config.failed`, `config.no-default-export`, `config.invalid`,
 * `config.missing-package`, `config.bad-procfile`.
 */
export async function loadConfig(options: {
  readonly directory: string;
  readonly file: string | undefined;
  /** Runs the file, and what it imports, again although it was run before. Default false. */
  readonly fresh?: boolean;
}): Promise<ConfigFile> {
  if (options.file !== undefined) {
    const file = resolve(options.directory, options.file);
    if (!(await exists(file))) {
      throw new DeployError({
        code: "config.missing",
        message: `There is no file ${file}.`,
        hint: "Check the path after --config, or run `deploy init` to write a configuration.",
      });
    }
    return loadFile(file, options.fresh);
  }
  const place = await findConfig(options.directory);
  if (place.config !== undefined) return loadFile(place.config, options.fresh);
  if (place.procfile !== undefined) return loadProcfile(place.procfile);
  throw new DeployError({
    code: "config.missing",
    message: `No configuration: looked for ${CONFIG_NAMES.join(", ")} in ${listed(place.searched)}, and for a Procfile in ${options.directory}.`,
    hint: "Run `deploy init` to write one.",
    details: { searched: place.searched, names: CONFIG_NAMES },
  });
}

async function loadFile(file: string, fresh = false): Promise<ConfigFile> {
  const text = await readFile(file, "utf8");
  const json = extname(file) === ".json";
  const value = json ? parseJson(text, file) : await evaluate(file, { fresh });
  const { app, notes } = validateApp(value, { file, text });
  return { app, file, directory: dirname(file), notes: notes.map(formatNote) };
}

function listed(directories: readonly string[]): string {
  const [first = "", ...others] = directories;
  if (others.length === 0) return first;
  return `${first} and ${others.length} ${others.length === 1 ? "directory" : "directories"} above it (up to ${others.at(-1)})`;
}
