import type { ChildProcess } from "node:child_process";

/** How a program has ended, and what it printed: `output` is both streams. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal?: NodeJS.Signals | null;
  readonly stdout: string;
  readonly output: string;
}

interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

export declare function start(
  argv: readonly string[],
  options?: ProgramOptions,
): { readonly child: ChildProcess; readonly done: Promise<ProgramEnd> };

export declare function run(argv: readonly string[], options?: ProgramOptions): Promise<ProgramEnd>;
