import { spawn } from "node:child_process";
import { constants } from "node:os";
import { type ConnectCommand, DeployError, isRedacted, reveal } from "@deploy/core";
import { addonName } from "../addon-name.js";
import type { CommandContext } from "../context.js";

/** `deploy addons connect`: opens the add-on's own client in this terminal, and answers with its exit code. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const command = await deployer.addons.connect(addonName(deployer, context.words[0]));
  const takeBack = context.interruption.handOver();
  try {
    return await runClient(command);
  } finally {
    takeBack();
  }
}

function runClient({ argv, env }: ConnectCommand): Promise<number> {
  const [program = "", ...args] = argv;
  const secrets = Object.entries(env).map(([name, value]) => [
    name,
    isRedacted(value) ? String(reveal(value)) : value,
  ]);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: "inherit",
      env: { ...process.env, ...Object.fromEntries(secrets) },
    });
    child.on("error", (cause: NodeJS.ErrnoException) => reject(clientError(program, cause)));
    child.on("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

function clientError(program: string, cause: NodeJS.ErrnoException): DeployError {
  const missing = cause.code === "ENOENT";
  return new DeployError({
    code: missing ? "addons.no-client" : "addons.client-failed",
    message: missing
      ? `The program ${program} is not installed.`
      : `The program ${program} could not be started.`,
    hint: missing ? `Install ${program}, and try again.` : "--debug shows the cause.",
    cause,
  });
}
