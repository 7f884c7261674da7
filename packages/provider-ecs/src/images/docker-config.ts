import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type Context, type Redacted, reveal } from "@deploy/core";

/** Who pushes to a registry. */
export interface RegistryLogin {
  /** Host, with a port where it has one, as image names have it; `docker.io` for Docker Hub. */
  readonly host: string;
  readonly username: string;
  readonly password: Redacted;
}

/** What of the user's own configuration decides which engine is talked to, and how. */
const kept = ["currentContext", "proxies", "HttpHeaders"] as const;

/**
 * Runs `work` with a Docker configuration directory of its own, readable by this user only, that holds one login;
 * removed afterwards. The user's own logins, and whatever helper keeps them, are neither used nor changed.
 */
export async function withLogin<T>(
  context: Pick<Context, "env">,
  login: RegistryLogin,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const own = context.env.DOCKER_CONFIG ?? join(context.env.HOME ?? homedir(), ".docker");
  const directory = await mkdtemp(join(tmpdir(), "deploy-docker-"));
  try {
    const auth = Buffer.from(`${login.username}:${reveal(login.password)}`).toString("base64");
    // The name under which Docker itself keeps a login at Docker Hub.
    const host = login.host === "docker.io" ? "https://index.docker.io/v1/" : login.host;
    const config = { ...(await readKept(own)), auths: { [host]: { auth } } };
    await writeFile(join(directory, "config.json"), JSON.stringify(config), { mode: 0o600 });
    // The engine of a named context (Docker Desktop, colima, ssh) is described there.
    await symlink(join(own, "contexts"), join(directory, "contexts"));
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readKept(directory: string): Promise<Record<string, unknown>> {
  try {
    const config = JSON.parse(await readFile(join(directory, "config.json"), "utf8")) as Record<
      string,
      unknown
    >;
    return Object.fromEntries(kept.flatMap((key) => (config[key] === undefined ? [] : [[key, config[key]]])));
  } catch {
    // Without a configuration, or with one that Docker could not read either, its defaults hold.
    return {};
  }
}
