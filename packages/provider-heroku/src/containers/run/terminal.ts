import { endOfInput } from "./rendezvous.js";

/** Whether the terminal's own keys are handed over. */
export interface TerminalOptions {
  /** Every key goes to the dyno, Ctrl-C as byte 3: it has a terminal of its own. */
  readonly raw: boolean;
}

/**
 * Hands this process's own terminal, or its pipes, to a one-off dyno. Never rejects: the session says how it ended.
 *
 * The window's size was sent with the command. Heroku's connection has no way to say that it changed later.
 */
export async function attachTerminal(
  output: AsyncIterable<Uint8Array>,
  write: (data: Uint8Array) => Promise<void>,
  { raw }: TerminalOptions,
): Promise<void> {
  const { stdin, stdout } = process;
  const onData = (data: Buffer): void => {
    stdin.pause();
    void write(data).then(
      () => stdin.resume(),
      () => undefined,
    );
  };
  const onEnd = (): void => void write(endOfInput).catch(() => undefined);
  if (raw) stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.on("end", onEnd);
  stdin.resume();
  try {
    for await (const piece of output) {
      if (!stdout.write(piece)) await new Promise((resolve) => stdout.once("drain", resolve));
    }
  } catch {
    // What reading met is in the session's exit code.
  } finally {
    stdin.off("data", onData);
    stdin.off("end", onEnd);
    if (raw) stdin.setRawMode(false);
    stdin.pause();
  }
}
