import { resolve } from "node:path";
import type { ConsoleOptions } from "@deploy/console";
import { parseSize } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { usageError } from "../usage-error.js";

/** What flags and environment say about the console; the configuration is not part of it. */
export type ConsoleSettings = Omit<ConsoleOptions, "load" | "defaultTarget" | "signal">;

const LEAST_BYTES = 1024 * 1024;
const MOST_DAYS = 3650;

/** Reads them. Throws `usage.bad-flag`, `usage.bad-number`, `usage.bad-variable`. */
export function consoleSettings({
  flags,
  directory,
  terminal: { env },
}: Pick<CommandContext, "flags" | "directory" | "terminal">): ConsoleSettings {
  const data = flags.text("data");
  const publicUrl = flags.text("public-url");
  const host = flags.text("host");
  const port = flags.count("port");
  const days = flags.count("retention-days");
  const size = flags.text("retention-size");
  if (port !== undefined && port > 65_535) {
    throw usageError("bad-flag", `--port must be 0 to 65535, not ${port}.`);
  }
  if (days !== undefined && (days === 0 || days > MOST_DAYS)) {
    throw usageError("bad-flag", `--retention-days must be 1 to ${MOST_DAYS}, not ${days}.`);
  }
  if (flags.has("open") && flags.has("no-open")) {
    throw usageError("bad-flag", "--open and --no-open cannot be given together.");
  }
  const github = githubOf(env);
  const oidc = oidcOf(env);
  return {
    ...(data === undefined ? {} : { directory: resolve(directory, data) }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(days === undefined ? {} : { retentionDays: days }),
    ...(size === undefined ? {} : { retentionBytes: sizeOf(size) }),
    ...(flags.has("insecure") ? { insecure: true } : {}),
    ...(flags.has("owner-link") ? { ownerLink: true } : {}),
    ...(github === undefined ? {} : { github }),
    ...(oidc === undefined ? {} : { oidc }),
    trustedProxies: flags.names("trusted-proxy"),
    shellApps: flags.names("shell"),
    env,
  };
}

function sizeOf(text: string): number {
  let bytes: number;
  try {
    bytes = parseSize(text);
  } catch {
    throw usageError(
      "bad-flag",
      `--retention-size must be a size, not "${text}".`,
      "Write it like 500 MB or 2 GB.",
    );
  }
  if (bytes < LEAST_BYTES) throw usageError("bad-flag", "--retention-size must be 1 MB or more.");
  return bytes;
}

type Variables = Readonly<Record<string, string | undefined>>;

function githubOf(env: Variables): ConsoleOptions["github"] {
  const prefix = "DEPLOY_CONSOLE_GITHUB";
  const found = together(env, [`${prefix}_CLIENT_ID`, `${prefix}_CLIENT_SECRET`]);
  if (found === undefined) return undefined;
  const [clientId = "", clientSecret = ""] = found;
  const organizations = listOf(env[`${prefix}_ORGANIZATIONS`]);
  return { clientId, clientSecret, ...(organizations.length === 0 ? {} : { organizations }) };
}

function oidcOf(env: Variables): ConsoleOptions["oidc"] {
  const prefix = "DEPLOY_CONSOLE_OIDC";
  const found = together(env, [`${prefix}_ISSUER`, `${prefix}_CLIENT_ID`, `${prefix}_CLIENT_SECRET`]);
  if (found === undefined) return undefined;
  const [issuer = "", clientId = "", clientSecret = ""] = found;
  const name = env[`${prefix}_NAME`];
  const emailDomains = listOf(env[`${prefix}_EMAIL_DOMAINS`]);
  if (!URL.canParse(issuer) || !/^https?:/.test(issuer)) {
    throw usageError(
      "bad-variable",
      `${prefix}_ISSUER must be an address, such as https://accounts.example.org.`,
    );
  }
  return {
    ...{ issuer, clientId, clientSecret },
    ...(name === undefined || name === "" ? {} : { name }),
    ...(emailDomains.length === 0 ? {} : { emailDomains }),
  };
}

/** The values of variables of which all have to be set, or none. */
function together(env: Variables, names: readonly string[]): readonly string[] | undefined {
  const missing = names.filter((name) => (env[name] ?? "") === "");
  if (missing.length === names.length) return undefined;
  if (missing.length > 0) {
    const set = names.filter((name) => !missing.includes(name));
    throw usageError(
      "bad-variable",
      `${set[0]} is set, and ${missing.join(" and ")} is not.`,
      "Set all of them, or none.",
    );
  }
  return names.map((name) => env[name] ?? "");
}

function listOf(value: string | undefined): readonly string[] {
  return (value ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}
