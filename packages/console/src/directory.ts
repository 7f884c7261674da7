import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { DeployError } from "@deploy/core";

/** What a console that runs leaves in its data directory, for the `deploy` command on the same machine. */
export interface ConsoleFile {
  /** Where it answers on this machine. */
  readonly url: string;
  /** Publishes runs, and does nothing else. */
  readonly token: string;
  readonly pid: number;
}

const FILE = "console.json";

/** Where a console stores everything when it is told nothing: `~/.local/share/deploy/console`, `$XDG_DATA_HOME` honoured. */
export function defaultDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const data = env.XDG_DATA_HOME;
  // Relative paths are to be ignored there (XDG base directory specification).
  return join(
    data?.startsWith("/") ? data : join(env.HOME ?? homedir(), ".local", "share"),
    "deploy",
    "console",
  );
}

/** Makes the data directory, for its owner only. Throws `console.bad-directory`. */
export function makeDirectory(path: string): string {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    return directory;
  } catch (cause) {
    throw new DeployError({
      code: "console.bad-directory",
      message: `The data directory ${directory} cannot be made (${(cause as NodeJS.ErrnoException).code ?? "unknown"}).`,
      hint: "Choose one that you may write: --data <directory>.",
      cause,
    });
  }
}

/** Says where the console is; 0600. Answers with how to take it back. */
export function writeConsoleFile(directory: string, content: ConsoleFile): () => void {
  const file = join(directory, FILE);
  const next = `${file}.${process.pid}`;
  rmSync(next, { force: true });
  writeFileSync(next, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: "wx" });
  renameSync(next, file);
  return () => {
    try {
      if ((JSON.parse(readFileSync(file, "utf8")) as ConsoleFile).token === content.token) rmSync(file);
    } catch {
      // Gone already, or another's.
    }
  };
}
