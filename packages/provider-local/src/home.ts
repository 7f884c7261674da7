import { createHash } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { DeployError } from "@deploy/core";

/** Where the local provider keeps everything: one directory per user, mode 0700. */
export interface Home {
  readonly directory: string;
  /** The supervisor's single-instance lock. */
  readonly lockFile: string;
  /** Facts about the running supervisor, for clients. */
  readonly supervisorFile: string;
  /** The supervisor's own output. */
  readonly supervisorLog: string;
  readonly socket: string;
  readonly leases: string;
  readonly secrets: string;
  readonly logs: string;
  /** What the supervisor knows of each environment. */
  readonly environments: string;
  /** Copies of the supervisor's program, by digest. */
  readonly programs: string;
}

/** A unix socket's path may hold 104 bytes on macOS and 108 on Linux, the final zero included. */
const socketPathLimit = 100;

/**
 * The home of the local provider: `DEPLOY_HOME`, else `$XDG_STATE_HOME/deploy`, else `~/.local/state/deploy`.
 *
 * Nothing is made by asking for it.
 */
export function findHome(env: Readonly<Record<string, string | undefined>>): Home {
  const directory =
    env.DEPLOY_HOME || join(env.XDG_STATE_HOME || join(env.HOME || homedir(), ".local", "state"), "deploy");
  const near = join(directory, "supervisor.sock");
  const far = join(
    tmpdir(),
    `deploy-${userInfo().uid}`,
    `${createHash("sha256").update(directory).digest("hex").slice(0, 16)}.sock`,
  );
  return {
    directory,
    lockFile: join(directory, "supervisor.lock"),
    supervisorFile: join(directory, "supervisor.json"),
    supervisorLog: join(directory, "supervisor.log"),
    socket: Buffer.byteLength(near) <= socketPathLimit ? near : far,
    leases: join(directory, "leases"),
    secrets: join(directory, "secrets"),
    logs: join(directory, "logs"),
    environments: join(directory, "environments"),
    programs: join(directory, "programs"),
  };
}

/**
 * Makes the home, or checks that it is ours alone.
 *
 * @throws `servers.state-read-only`, `servers.unsafe-home` when others may write into it.
 */
export function ensureHome(home: Home): void {
  try {
    mkdirSync(home.directory, { recursive: true, mode: 0o700 });
    if (!home.socket.startsWith(home.directory)) {
      mkdirSync(join(home.socket, ".."), { recursive: true, mode: 0o700 });
      checkOwner(join(home.socket, ".."));
    }
  } catch (thrown) {
    if (DeployError.is(thrown)) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code;
    throw new DeployError({
      code: code === "ENOSPC" ? "servers.disk-full" : "servers.state-read-only",
      message: `Cannot make the state directory ${home.directory} (${code}).`,
      hint: "Make it writable, or set DEPLOY_HOME to a directory which is.",
      cause: thrown,
    });
  }
  checkOwner(home.directory);
}

function checkOwner(directory: string): void {
  const stat = statSync(directory);
  if (stat.uid !== userInfo().uid || (stat.mode & 0o022) !== 0) {
    throw new DeployError({
      code: "servers.unsafe-home",
      message: `Others may write into ${directory}; the local provider keeps secrets there.`,
      hint: `Run: chmod 700 ${directory}`,
    });
  }
}

/** A file name for an environment: `review/12` becomes `review--12`. */
export function environmentFileName(environment: string): string {
  return environment.replaceAll("/", "--");
}
