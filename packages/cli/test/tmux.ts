import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A program in a real terminal. */
export interface TerminalSession {
  /** What the screen and its history show, without colours. */
  screen(): string;
  /** What the screen shows now, without its history. */
  visible(): string;
  /** As {@link screen}, with colour codes. */
  colours(): string;
  /** Types; names such as `Enter` and `C-c` are keys. */
  type(...keys: readonly string[]): void;
  resize(columns: number, rows: number): void;
  /** Whether the cursor is shown. */
  cursor(): boolean;
  waitFor(pattern: RegExp, milliseconds?: number): Promise<string>;
  /** Waits for the end of the program and answers with its exit code. */
  exitCode(milliseconds?: number): Promise<number>;
  close(): void;
}

/** Whether tmux is there. */
export function hasTmux(): boolean {
  try {
    execFileSync("tmux", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Runs the program, writes its exit code down, and keeps the terminal open: tmux forgets the code of some programs. */
const WRAPPER = 'trap : INT; status="$1"; shift; "$@"; echo "$?" > "$status"; exec sleep 600';

/** Starts `argv` in a terminal of its own, of 80 columns and 24 rows. */
export function startTerminal(
  argv: readonly string[],
  options: {
    readonly directory: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly columns?: number;
  },
): TerminalSession {
  const socket = `deploy-test-${randomUUID()}`;
  const tmux = (...words: readonly string[]): string =>
    execFileSync("tmux", ["-L", socket, "-f", "/dev/null", ...words], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const status = join(tmpdir(), `${socket}.status`);
  const env = { CI: "", NO_COLOR: "", npm_command: "", LANG: "C.UTF-8", ...options.env };
  const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  tmux(
    ...[
      "new-session",
      "-d",
      "-x",
      String(options.columns ?? 80),
      "-y",
      "24",
      "-c",
      options.directory,
      ...variables,
    ],
    ...["sh", "-c", WRAPPER, "sh", status, ...argv],
  );
  const show = (format: string): string => tmux("display-message", "-p", format).trim();
  const session: TerminalSession = {
    screen: () => tmux("capture-pane", "-p", "-S", "-500").trimEnd(),
    visible: () => tmux("capture-pane", "-p").trimEnd(),
    colours: () => tmux("capture-pane", "-p", "-e", "-S", "-500").trimEnd(),
    type: (...keys) => void tmux("send-keys", ...keys),
    resize: (columns, rows) => void tmux("resize-window", "-x", String(columns), "-y", String(rows)),
    cursor: () => show("#{cursor_flag}") === "1",
    waitFor: async (pattern, milliseconds = 15_000) => {
      for (const until = Date.now() + milliseconds; ; await sleep(50)) {
        const screen = session.screen();
        if (pattern.test(screen)) return screen;
        if (Date.now() > until) throw new Error(`${pattern} did not show up in:\n${screen}`);
      }
    },
    exitCode: async (milliseconds = 15_000) => {
      for (const until = Date.now() + milliseconds; ; await sleep(50)) {
        const code = readStatus(status);
        if (code !== undefined) return code;
        if (Date.now() > until) throw new Error(`still running:\n${session.screen()}`);
      }
    },
    close: () => {
      tmux("kill-server");
      rmSync(status, { force: true });
    },
  };
  return session;
}

function readStatus(file: string): number | undefined {
  try {
    const text = readFileSync(file, "utf8");
    return text.endsWith("\n") ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
