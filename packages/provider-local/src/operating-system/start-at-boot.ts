import { execFile } from "node:child_process";
import { lstat, mkdir, readFile, unlink } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { DeployError } from "@deploy/core";
import { writeFileAtomic } from "./atomic-file.js";
import { type BootProgram, launchdText, systemdUnit, systemdUnitText } from "./boot-unit.js";
import { withDiskErrors } from "./disk-errors.js";

/** The answer of a program that was run. */
export interface CommandResult {
  /** `undefined` when the program could not be started. */
  readonly exitCode: number | undefined;
  readonly output: string;
}

/** Where and how {@link createStartAtBoot} works; everything has a default. */
export interface StartAtBootOptions {
  /** Default the present system. */
  readonly platform?: NodeJS.Platform;
  /** The user's home directory. */
  readonly userHome?: string;
  /** Default `$XDG_CONFIG_HOME`, else `~/.config`. */
  readonly configHome?: string;
  /** Runs a program given as argv. */
  readonly run?: (argv: readonly string[]) => Promise<CommandResult>;
}

/** What is there now, for a plan. */
export interface StartAtBootState {
  /** The unit's file. */
  readonly path: string;
  /** `absent`; `present` as wanted; `different` from what the program asked for would write; `unsupported` system. */
  readonly file: "absent" | "present" | "different" | "unsupported";
  /** Whether the system will start it; `undefined` when the system cannot be asked. */
  readonly enabled: boolean | undefined;
}

/** What a change did, and what is left for a human. */
export interface StartAtBootChange {
  readonly changed: boolean;
  /** Commands to run by hand, as argv, because this program could not. Empty when all is done. */
  readonly toRun: readonly (readonly string[])[];
}

/** Starting the supervisor with the machine. */
export interface StartAtBoot {
  /** Looks only. */
  read(program: BootProgram): Promise<StartAtBootState>;
  /** Writes the unit and enables it; doing it again changes nothing. */
  enable(program: BootProgram): Promise<StartAtBootChange>;
  /** Disables and removes the unit; doing it again changes nothing. A running supervisor is left running. */
  disable(): Promise<StartAtBootChange>;
}

/**
 * Manages the systemd user unit (Linux) or launchd agent (macOS) which starts the supervisor.
 *
 * A user unit starts at login, and at boot only for a user who lingers: `enable` asks for lingering, and names the
 * command when that is refused. Errors: `servers.start-at-boot-unsupported`, `servers.state-read-only`,
 * `servers.disk-full`.
 */
export function createStartAtBoot(options: StartAtBootOptions = {}): StartAtBoot {
  const platform = options.platform ?? process.platform;
  const userHome = options.userHome ?? homedir();
  const configHome = options.configHome ?? (process.env.XDG_CONFIG_HOME || join(userHome, ".config"));
  const run = options.run ?? runProgram;
  const linux = platform === "linux";
  const supported = linux || platform === "darwin";
  const path = linux
    ? join(configHome, "systemd", "user", systemdUnit)
    : join(userHome, "Library", "LaunchAgents", "deploy.supervisor.plist");
  const textOf = (program: BootProgram): string => (linux ? systemdUnitText(program) : launchdText(program));

  const isEnabled = async (): Promise<boolean | undefined> => {
    const { exitCode, output } = await run(["systemctl", "--user", "is-enabled", systemdUnit]);
    if (output.trim() === "enabled") return true;
    // Without a session bus, or without systemd at all, there is an error instead of one of these words.
    return exitCode !== undefined && /^(disabled|not-found|masked|static)$/.test(output.trim())
      ? false
      : undefined;
  };

  /** Runs the commands in turn; from the first which fails on, they are left for a human. */
  const runAll = async (
    commands: readonly (readonly string[])[],
  ): Promise<readonly (readonly string[])[]> => {
    for (const [index, argv] of commands.entries()) {
      if ((await run(argv)).exitCode !== 0) return commands.slice(index);
    }
    return [];
  };

  return {
    async read(program) {
      if (!supported) return { path, file: "unsupported", enabled: undefined };
      const text = await readIfThere(path);
      const file = text === undefined ? "absent" : text === textOf(program) ? "present" : "different";
      // launchd takes up whatever lies in the directory at the next login.
      return { path, file, enabled: linux ? await isEnabled() : file !== "absent" };
    },

    async enable(program) {
      requireSupported(supported, platform);
      requireAbsolute(program);
      const text = textOf(program);
      const written = (await readIfThere(path)) !== text;
      if (written) {
        await withDiskErrors({ path }, () => mkdir(dirname(path), { recursive: true }).then(() => undefined));
        await writeFileAtomic(path, text, { mode: 0o644 });
      }
      if (!linux) return { changed: written, toRun: [] };
      const enabled = await isEnabled();
      const linger: readonly string[] = ["loginctl", "enable-linger", userInfo().username];
      const reload: readonly string[] = ["systemctl", "--user", "daemon-reload"];
      const toRun = [
        ...(await runAll([
          ...(written ? [reload] : []),
          ...(enabled === true ? [] : [["systemctl", "--user", "enable", systemdUnit]]),
        ])),
        ...((await lingers(userInfo().username)) ? [] : await runAll([linger])),
      ];
      return { changed: written || enabled !== true, toRun };
    },

    async disable() {
      if (!supported || (await readIfThere(path)) === undefined) return { changed: false, toRun: [] };
      const toRun = linux ? [...(await runAll([["systemctl", "--user", "disable", systemdUnit]]))] : [];
      await withDiskErrors({ path, doing: "remove" }, () => unlink(path));
      if (linux && toRun.length === 0)
        toRun.push(...(await runAll([["systemctl", "--user", "daemon-reload"]])));
      return { changed: true, toRun };
    },
  };
}

function requireSupported(supported: boolean, platform: string): void {
  if (supported) return;
  throw new DeployError({
    code: "servers.start-at-boot-unsupported",
    message: `Starting at boot is not supported on ${platform}.`,
    hint: "Start the supervisor from your own start-up scripts.",
  });
}

function requireAbsolute(program: BootProgram): void {
  const executable = program.argv[0] ?? "";
  if (isAbsolute(executable)) return;
  throw new DeployError({
    code: "servers.start-at-boot-unsupported",
    message: `The program to start at boot must be an absolute path, not "${executable}".`,
    hint: "Pass process.execPath as the first argument.",
  });
}

/** logind keeps the users who linger as empty files, so that no bus is needed to ask. */
function lingers(user: string): Promise<boolean> {
  return lstat(join("/var/lib/systemd/linger", user)).then(
    () => true,
    () => false,
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function runProgram(argv: readonly string[]): Promise<CommandResult> {
  const [file = "", ...rest] = argv;
  return new Promise((resolve) => {
    execFile(file, rest, { timeout: 15_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
      resolve({ exitCode: code, output: stdout || stderr });
    });
  });
}
