import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./emulators.js";

/** The user of a registry that wants one, and a password of which {@link htpasswd} holds the hash. */
export const registryUser = { username: "robot", password: "pw-of-the-registry" } as const;
const htpasswd = "robot:$2b$04$hEEnEiYLeSjiKQ2J8.jYgOkM7bxHf81qMJiHhJZaqAKWz6wPeutAO\n";

const program = "/usr/bin/docker-registry";

/** What is missing to run a registry; undefined when nothing is. */
export function missingRegistry(): string | undefined {
  return existsSync(program) ? undefined : "no docker-registry (Debian: apt-get install docker-registry)";
}

/** A real registry (Docker's "distribution") that runs. */
export interface TestRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Starts one on a free port, empty; with `auth` it lets only {@link registryUser} in. */
export async function startRegistry(options: { readonly auth?: boolean } = {}): Promise<TestRegistry> {
  const directory = await mkdtemp(join(tmpdir(), "deploy-registry-"));
  const port = await freePort();
  await writeFile(join(directory, "htpasswd"), htpasswd);
  const auth = { htpasswd: { realm: "test", path: join(directory, "htpasswd") } };
  const configuration = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(directory, "data") }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "of-the-test" },
    ...(options.auth === true ? { auth } : {}),
  };
  // JSON is YAML.
  await writeFile(join(directory, "config.yml"), JSON.stringify(configuration));
  const child = spawn(program, ["serve", join(directory, "config.yml")], { stdio: "ignore" });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 200; tries += 1) {
    if (
      await fetch(`http://127.0.0.1:${port}/v2/`).then(
        () => true,
        () => false,
      )
    ) {
      return { host: `127.0.0.1:${port}`, stop };
    }
    await sleep(25);
  }
  await stop();
  throw new Error("docker-registry did not come up");
}
