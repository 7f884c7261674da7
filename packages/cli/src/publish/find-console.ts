import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A console that is told of runs. */
export interface KnownConsole {
  /** `https://console.example.org`, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** It runs on this machine and was not asked for: that it does not know an app is nothing to tell. */
  readonly found: boolean;
}

/** What is known: a console, nothing, or why the one that was asked for cannot be used. */
export type ConsoleLookup = KnownConsole | { readonly problem: string } | undefined;

/**
 * The console that runs are told to: the one of `DEPLOY_CONSOLE_URL` with `DEPLOY_CONSOLE_TOKEN`, else one that runs on
 * this machine and has left its address in its data directory.
 *
 * A token goes over HTTPS only, or to this machine itself. `DEPLOY_CONSOLE_URL=` (empty) turns it off.
 */
export function findConsole(env: Readonly<Record<string, string | undefined>>): ConsoleLookup {
  const { DEPLOY_CONSOLE_URL: address, DEPLOY_CONSOLE_TOKEN: token = "" } = env;
  if (address === "") return undefined;
  if (address !== undefined) {
    if (token === "") return { problem: "DEPLOY_CONSOLE_URL is set, and DEPLOY_CONSOLE_TOKEN is not" };
    const url = usable(address);
    return url === undefined
      ? { problem: "DEPLOY_CONSOLE_URL has to be an https address" }
      : { url, token, found: false };
  }
  return consoleHere(env);
}

function consoleHere(env: Readonly<Record<string, string | undefined>>): KnownConsole | undefined {
  const data = env.XDG_DATA_HOME?.startsWith("/")
    ? env.XDG_DATA_HOME
    : join(env.HOME ?? homedir(), ".local", "share");
  try {
    const file: unknown = JSON.parse(readFileSync(join(data, "deploy", "console", "console.json"), "utf8"));
    if (typeof file !== "object" || file === null) return undefined;
    const { url, token, pid } = file as Readonly<Record<string, unknown>>;
    if (typeof url !== "string" || typeof token !== "string" || typeof pid !== "number") return undefined;
    // One that was killed has left its file behind, and another program may have its port by now.
    process.kill(pid, 0);
    const address = usable(url);
    return address === undefined ? undefined : { url: address, token, found: true };
  } catch {
    return undefined;
  }
}

function usable(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, hostname, origin } = new URL(address);
  const isHere =
    hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
  return protocol === "https:" || (protocol === "http:" && isHere) ? origin : undefined;
}
