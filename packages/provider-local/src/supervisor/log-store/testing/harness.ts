import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LogLine, LogQuery } from "@deploy/core";
import { build } from "esbuild";
import { readLogs } from "../read.js";
import type { LogSource } from "../source.js";

/** An app's environment that the tests write to. */
export const scope = { app: "shop", environment: "review/12" } as const;

/** A folder for one test, and what the test did to clean up after itself. */
export interface Workbench {
  readonly directory: string;
  /** A source whose raw files are there and empty. */
  source(id: string, extra?: Partial<LogSource>): LogSource;
  print(source: LogSource, text: string | Uint8Array): void;
  read(query?: LogQuery): Promise<LogLine[]>;
  texts(query?: LogQuery): Promise<string[]>;
  remove(): void;
}

/** Makes a folder for one test. */
export function createWorkbench(): Workbench {
  const root = mkdtempSync(join(tmpdir(), "log-store-"));
  const directory = join(root, "logs");
  async function read(query: LogQuery = {}): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for await (const line of readLogs({ directory, ...scope, query })) lines.push(line);
    return lines;
  }
  return {
    directory,
    source: (id, extra = {}) => {
      const stdout = join(root, `${id}.stdout`);
      const stderr = join(root, `${id}.stderr`);
      for (const path of [stdout, stderr]) writeFileSync(path, "", { flag: "a" });
      return { ...scope, id, process: "web", instance: "web.1", release: 1, stdout, stderr, ...extra };
    },
    print: (source, text) => appendFileSync(source.stdout, text),
    read,
    texts: async (query) => (await read(query)).map((line) => line.text),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

const here = fileURLToPath(new URL(".", import.meta.url));

/** Bundles a script of the log store into one file, as the package's build does, and returns its path. */
export async function bundle(script: string, folder: string): Promise<string> {
  const outfile = join(folder, `${script.replaceAll(/[^a-z-]/g, "_")}.mjs`);
  await build({
    entryPoints: [join(here, script)],
    outfile,
    ...{ bundle: true, platform: "node", format: "esm", target: "node20" },
    alias: { "@deploy/core": join(here, "../../../../../core/src/index.ts") },
    logLevel: "error",
  });
  return outfile;
}

/** Waits until something holds, at most ten seconds. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("it never came to hold");
}
