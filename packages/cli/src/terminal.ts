/** The two streams, what they can show, and whether somebody sits in front of them. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  /** A question may be asked: stdin and stderr are terminals, no CI, no `--no-input`. */
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One stream. */
export interface Output {
  /** Resolves once the text was taken; back-pressure comes from here. */
  write(text: string): Promise<void>;
  readonly isTerminal: boolean;
  /** Colours may be used. */
  readonly colour: boolean;
  /** Lines may be drawn over: a terminal that is not dumb, and no CI. */
  readonly animated: boolean;
  /** Width in cells now; 80 where there is no terminal. */
  columns(): number;
  /** Height in cells now. */
  rows(): number;
  /** Calls back whenever the size changes, until the answer is called. */
  onResize(callback: () => void): () => void;
}

const MINIMUM_COLUMNS = 40;

/** The terminal of this process. */
export function processTerminal(options: { readonly noInput: boolean }): Terminal {
  const { env, stdin, stdout, stderr } = process;
  const ci = isContinuousIntegration(env);
  return {
    stdout: outputOf(stdout, ci),
    stderr: outputOf(stderr, ci),
    interactive: Boolean(stdin.isTTY && stderr.isTTY) && !ci && !options.noInput,
    env,
  };
}

/** Whether a robot is at work. */
function isContinuousIntegration(env: Terminal["env"]): boolean {
  return env.CI !== undefined && env.CI !== "" && env.CI !== "false" && env.CI !== "0";
}

/** Whether colours are wanted: `FORCE_COLOR` before `NO_COLOR` before `TERM=dumb` before what the stream is. */
export function wantsColour(env: Terminal["env"], isTerminal: boolean): boolean {
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  return isTerminal && env.TERM !== "dumb";
}

function outputOf(stream: NodeJS.WriteStream, ci: boolean): Output {
  const isTerminal = Boolean(stream.isTTY);
  // A reader that has left (`deploy logs | head`) is no failure.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    throw error;
  });
  return {
    write: (text) =>
      new Promise((resolve) => {
        stream.write(text, () => resolve());
      }),
    isTerminal,
    colour: wantsColour(process.env, isTerminal),
    animated: isTerminal && !ci && process.env.TERM !== "dumb",
    columns: () => Math.max(MINIMUM_COLUMNS, sizeOf(stream)[0]),
    rows: () => sizeOf(stream)[1],
    onResize: (callback) => {
      stream.on("resize", callback);
      return () => stream.off("resize", callback);
    },
  };
}

/** Asks the terminal itself: what Node remembers is behind until the signal of a resize has been handled. */
function sizeOf(stream: NodeJS.WriteStream): readonly [columns: number, rows: number] {
  const [columns, rows] = stream.isTTY ? stream.getWindowSize() : [0, 0];
  return [columns || 80, rows || 24];
}
