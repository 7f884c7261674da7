import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built program; the tests that need it are skipped where it is not built. */
export const PROGRAM: string = fileURLToPath(new URL("../dist/deploy.cjs", import.meta.url));

/** Whether the program and the core it needs are built. */
export const isBuilt: boolean =
  existsSync(PROGRAM) && existsSync(fileURLToPath(new URL("../../core/dist/index.js", import.meta.url)));

/** What a run of the program answered. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new directory that holds the fixture app with its fake provider; outside the repository, without node_modules. */
export function fixture(): { readonly directory: string; state(): Record<string, unknown>; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "deploy-cli-"));
  cpSync(fileURLToPath(new URL("./fixtures", import.meta.url)), directory, { recursive: true });
  return {
    directory,
    state: () => JSON.parse(readFileSync(join(directory, "state.json"), "utf8")) as Record<string, unknown>,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Runs the program without a terminal. */
export function deploy(
  words: readonly string[],
  options: {
    readonly directory: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string;
  },
): Promise<Answer> {
  const { CI: _ci, NO_COLOR: _noColor, FORCE_COLOR: _forceColor, npm_command: _npm, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      cwd: options.directory,
      env: { ...env, ...options.env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.end(options.input ?? "");
  });
}
