import { spawn } from "node:child_process";
import { join } from "node:path";
import type { AppInput } from "@deploy/core";
import { command } from "./built.js";
import type { Workspace } from "./workspace.js";

/** What a run of the command answered. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Writes the configuration file of an app into its directory. */
export function writeConfig(space: Workspace, input: AppInput): string {
  const text = `import { defineApp } from "@deploy/core";\nexport default defineApp(${JSON.stringify(input)});\n`;
  return space.files(input.name, { "deploy.config.mjs": text });
}

/** Runs the command in the directory of an app, without a terminal. */
export function deploy(
  space: Workspace,
  app: string,
  words: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<Answer> {
  const { CI: _ci, FORCE_COLOR: _color, npm_command: _npm, ...env } = space.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...words], {
      cwd: join(space.root, "apps", app),
      env: { ...env, DEPLOY_PORT: String(space.port), ...options.env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.end(options.input ?? "");
  });
}
