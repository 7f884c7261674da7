import { spawn } from "node:child_process";

/** How a client is started. */
export interface ClientOptions {
  readonly cwd?: string;
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What is written to its standard input, which then ends. Default: nothing. */
  readonly input?: string;
  /** Kills it (SIGKILL) when aborted, and it alone: what it has started itself lives on, as it would after a crash. */
  readonly killed?: AbortSignal;
}

/** How a client has ended. */
export interface ClientEnd {
  /** Its exit code; null when a signal ended it. */
  readonly code: number | null;
  /** What it printed, both streams, the last 64 KiB. */
  readonly output: string;
}

const keptOutput = 64 * 1024;

/**
 * Runs a program and its arguments as a client, without a shell, and resolves with its end.
 *
 * @throws what the system says when the program cannot be started.
 */
export function runClient(
  argv: readonly [string, ...string[]],
  options: ClientOptions = {},
): Promise<ClientEnd> {
  const [program, ...args] = argv;
  const { cwd, env = process.env, input = "", killed } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    const keep = (text: string): void => {
      output = (output + text).slice(-keptOutput);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const kill = (): void => void child.kill("SIGKILL");
    if (killed?.aborted) kill();
    killed?.addEventListener("abort", kill, { once: true });
    child.once("error", reject);
    // Not "close": what the client leaves running may hold its pipes open for ever.
    child.once("exit", (code) => {
      killed?.removeEventListener("abort", kill);
      setTimeout(() => resolve({ code, output }), 20);
    });
  });
}
