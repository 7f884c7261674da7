import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { AddonRequest } from "../types.js";

/** Bundles the module, so that a plain node can run it as the daemon does; returns the file. */
export async function bundleDaemon(directory: string): Promise<string> {
  const outfile = join(directory, "databases.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../index.ts", import.meta.url))],
    alias: { "@deploy/core": fileURLToPath(new URL("../../../../../core/src/index.ts", import.meta.url)) },
    outfile,
    ...{ bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "error" },
  });
  return outfile;
}

/** Starts a daemon that ensures one add-on, prints its answer, and lives on until it is killed. */
export function startDaemon(bundle: string, home: string, request: AddonRequest): ChildProcess {
  const source = `
    const { createDatabases } = await import(process.argv[1]);
    const databases = createDatabases({ home: process.argv[2], env: process.env, log: () => {} });
    const { pid, port } = await databases.ensure(JSON.parse(process.argv[3]));
    console.log(JSON.stringify({ pid, port }));
    setInterval(() => {}, 1000);`;
  return spawn(
    process.execPath,
    ["--input-type=module", "-e", source, bundle, home, JSON.stringify(request)],
    // A group of its own, so that all of it can be killed as a lost session would.
    { detached: true, stdio: ["ignore", "pipe", "inherit"] },
  );
}
