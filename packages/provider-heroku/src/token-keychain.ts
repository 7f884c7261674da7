import { execFile } from "node:child_process";
import type { Context } from "@deploy/core";
import type { HerokuToken } from "./token.js";

/** The service under which the Heroku CLI keeps its token (credential-manager-core of @heroku-cli/command 13.2). */
const service = "heroku-cli";

/** Milliseconds for the keychain to answer: it may ask its user first. */
const patience = 60_000;

/** The call that reads a keychain, by platform. Windows' vault has no command that shows a password. */
const readers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["security", "find-generic-password", "-s", service, "-w"],
  linux: ["secret-tool", "lookup", "service", service],
};

/** The token that `heroku login` put into the keychain of this machine; undefined where there is none. */
export async function readKeychain(
  env: Context["env"],
  signal: AbortSignal,
  platform: string = process.platform,
): Promise<HerokuToken | undefined> {
  const command = readers[platform];
  // The CLI's own switch: with it, it does not use the keychain.
  if (command === undefined || env.HEROKU_NETRC_WRITE?.toLowerCase() === "true") return undefined;
  const [program, ...args] = command;
  const output = await new Promise<string | undefined>((resolve) => {
    const options = { env: childEnvironment(env), signal, timeout: patience, encoding: "utf8" } as const;
    execFile(program, args, options, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
  signal.throwIfAborted();
  const token = output?.trim();
  return token ? { token, source: "the Heroku CLI's keychain" } : undefined;
}

/** What a keychain program needs to find its user's session, and nothing else. */
function childEnvironment(env: Context["env"]): NodeJS.ProcessEnv {
  const names = [
    "PATH",
    "HOME",
    "USER",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
  ];
  const entries = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return Object.fromEntries(entries);
}
