import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { appFromProcfile, procfileCompanions } from "@deploy/core";
import { formatNote } from "./note.js";
import type { ConfigFile } from "./types.js";

/** The app of a directory that has a Procfile and no configuration, and what was inferred. Throws `config.bad-procfile`. */
export async function loadProcfile(file: string): Promise<ConfigFile> {
  const directory = dirname(file);
  const { app, inferred } = appFromProcfile({
    text: await readFile(file, "utf8"),
    file: "Procfile",
    directoryName: basename(directory),
    files: await readCompanions(directory),
  });
  return {
    app,
    directory,
    notes: [
      ...inferred,
      "No deploy.config.ts here: this is what the Procfile says. `deploy init` writes it down.",
    ].map((message) => formatNote({ message })),
  };
}

/** Contents of those files beside a Procfile that say something about the app. */
async function readCompanions(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of procfileCompanions) {
    try {
      files[name] = await readFile(join(directory, name), "utf8");
    } catch {
      // A companion that is not there, or cannot be read, says nothing.
    }
  }
  return files;
}
