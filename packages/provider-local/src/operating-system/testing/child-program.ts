import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

const core = fileURLToPath(new URL("../../../../core/src/index.ts", import.meta.url));

/**
 * Compiles a TypeScript program of a test into one file which plain `node` can run; returns its path.
 *
 * For tests in which real processes race or are killed. `entry` is a file URL.
 */
export async function compileChildProgram(entry: string, outDirectory: string): Promise<string> {
  await build({
    entry: { child: fileURLToPath(entry) },
    outDir: outDirectory,
    format: "esm",
    outExtension: () => ({ js: ".mjs" }),
    target: "node20",
    dts: false,
    config: false,
    clean: false,
    silent: true,
    noExternal: [/.*/],
    esbuildOptions: (options) => {
      options.alias = { "@deploy/core": core };
    },
  });
  return join(outDirectory, "child.mjs");
}

/** Starts `node program …arguments` with a message channel. */
export function startChildProgram(program: string, programArguments: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, [program, ...programArguments], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}
