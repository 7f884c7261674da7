import { spawn } from "node:child_process";

/** How a program has ended. */
export interface ProgramEnd {
  /** Exit code; 124 after the time limit, 127 when it could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run. */
export interface ProgramOptions {
  readonly cwd?: string;
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What it reads on standard input. Default: nothing. */
  readonly input?: string | Buffer;
  /** Milliseconds after which it is killed. Default 60,000. */
  readonly timeoutMs?: number;
}

/** Runs a program without a shell and answers with its end; an exit code is no error. */
export function run(argv: readonly [string, ...string[]], options: ProgramOptions = {}): Promise<ProgramEnd> {
  const { cwd, env = process.env, input, timeoutMs = 60_000 } = options;
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    const finish = (code: number): void => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.once("error", (error) => {
      stderr += `${program} cannot be started: ${error.message}`;
      finish(127);
    });
    child.once("close", (code) => {
      if (isLate) stderr += `\n${program} was stopped after ${timeoutMs / 1000} s`;
      finish(isLate ? 124 : (code ?? 1));
    });
  });
}
