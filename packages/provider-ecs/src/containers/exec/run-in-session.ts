import { randomBytes } from "node:crypto";
import { type Clock, type Command, DeployError, type RunSession } from "@deploy/core";
import { createMarkReader, execScript } from "./script.js";
import type { Session } from "./session.js";

/** The caller's terminal or pipes; what a test stands in for. */
export interface Terminal {
  readonly input: NodeJS.ReadStream | NodeJS.ReadableStream;
  readonly output: NodeJS.WriteStream | NodeJS.WritableStream;
}

/** A command for a container that runs. */
export interface SessionRequest {
  readonly command: Command;
  readonly stdio: "inherit" | "capture";
  readonly input?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/** Bytes of input in one line of base64: the shell that reads it takes lines of some kilobytes at most. */
const inputPiece = 720;

/** Whether these are a person's screen and keyboard. */
export function isTerminal(terminal: Terminal): boolean {
  return (
    "isTTY" in terminal.input &&
    terminal.input.isTTY === true &&
    "isTTY" in terminal.output &&
    terminal.output.isTTY === true
  );
}

/**
 * Runs a command by way of a session: `open` starts it with the line that it is given.
 *
 * A person's terminal is handed over, size and Ctrl-C included; pipes get bytes as they are. The exit code comes by a
 * mark at the end of the output; where it is missing the exit code cannot be known, and is not invented.
 */
export async function runInSession(
  request: SessionRequest,
  open: (line: string) => Promise<Session>,
): Promise<RunSession> {
  const nonce = randomBytes(12).toString("hex");
  const hasTerminal = request.stdio === "inherit" && isTerminal(request.terminal);
  const mode = hasTerminal ? "inherit" : "capture";
  const input =
    request.input ??
    (request.stdio === "inherit" ? (request.terminal.input as AsyncIterable<Uint8Array>) : undefined);
  const withInput = !hasTerminal && input !== undefined;
  // What a program gives piece by piece may be what somebody types; a file or a pipe of ours is not.
  const live = request.stdio === "capture" && !(input instanceof Uint8Array);
  const session = await open(
    execScript({
      ...{ command: request.command, nonce, mode, env: request.env },
      withInput: withInput && (live ? "live" : true),
    }),
  );
  const release = hasTerminal ? handOver(session, request.terminal) : () => undefined;
  if (withInput) void feed(session, input, nonce, live).catch(() => undefined);
  const reader = createMarkReader(nonce, mode);

  const shown = async function* (): AsyncGenerator<Uint8Array> {
    for await (const data of session.output) {
      const part = reader.push(data);
      if (part.byteLength > 0) yield part;
      if (reader.exitCode !== undefined) break;
    }
    const rest = reader.exitCode === undefined ? reader.rest() : new Uint8Array();
    if (rest.byteLength > 0) yield rest;
  };
  const ended = async (): Promise<number> => {
    if (reader.exitCode === undefined) {
      const reason = await session.closed;
      throw unknownExitCode(reason);
    }
    session.end();
    return reader.exitCode;
  };

  if (request.stdio === "inherit") {
    const exitCode = (async () => {
      try {
        for await (const part of shown()) await writeOut(request.terminal.output, part);
        return await ended();
      } finally {
        release();
      }
    })();
    // Who awaits it later is told; nobody has to be listening yet.
    exitCode.catch(() => undefined);
    return { output: nothing(), exitCode };
  }
  let settle: { resolve(code: number): void; reject(error: unknown): void } | undefined;
  const exitCode = new Promise<number>((resolve, reject) => {
    settle = { resolve, reject };
  });
  exitCode.catch(() => undefined);
  const pieces = createBuffer();
  void (async () => {
    for await (const part of shown()) await pieces.put(part);
    return ended();
  })().then(
    (code) => {
      pieces.end();
      settle?.resolve(code);
    },
    (error: unknown) => {
      pieces.end();
      settle?.reject(error);
    },
  );
  const output = (async function* () {
    for await (const data of pieces) yield { stream: "stdout" as const, data };
  })();
  return { output, exitCode };
}

/** Keeps what nobody has read yet, up to a bound: a caller may wait for the exit code first. */
function createBuffer(): AsyncIterable<Uint8Array> & { put(data: Uint8Array): Promise<void>; end(): void } {
  const queue: Uint8Array[] = [];
  let size = 0;
  let isOver = false;
  let wakeReader: () => void = () => undefined;
  let wakeWriter: () => void = () => undefined;
  return {
    async put(data) {
      queue.push(data);
      size += data.byteLength;
      wakeReader();
      while (size > bufferLimit) {
        await new Promise<void>((resolve) => {
          wakeWriter = resolve;
        });
      }
    },
    end() {
      isOver = true;
      wakeReader();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = queue.shift();
        if (next !== undefined) {
          size -= next.byteLength;
          wakeWriter();
          yield next;
        } else if (isOver) return;
        else {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
      }
    },
  };
}

const bufferLimit = 4_194_304;

/** Connects a terminal: keys as they are, Ctrl-C included, and the size of the window; answers with how to undo it. */
function handOver(session: Session, terminal: Terminal): () => void {
  const { input, output } = terminal as { input: NodeJS.ReadStream; output: NodeJS.WriteStream };
  const onKey = (data: Buffer): void => {
    input.pause();
    void session.channel.write(data).then(() => input.resume());
  };
  const onResize = (): void => session.channel.resize(output.columns, output.rows);
  input.setRawMode(true);
  input.on("data", onKey);
  input.resume();
  output.on("resize", onResize);
  onResize();
  return () => {
    output.off("resize", onResize);
    input.off("data", onKey);
    input.setRawMode(false);
    input.pause();
  };
}

async function feed(
  session: Session,
  input: Uint8Array | AsyncIterable<Uint8Array>,
  nonce: string,
  live: boolean,
): Promise<void> {
  const write = (line: string): Promise<void> => session.channel.write(Buffer.from(`${line}\n`));
  const pieces = input instanceof Uint8Array ? [input] : input;
  // Base64 of pieces whose length is a multiple of three can be joined.
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= inputPiece) {
      await write(rest.subarray(0, inputPiece).toString("base64"));
      rest = rest.subarray(inputPiece);
    }
    if (!live || rest.length === 0) continue;
    await write(rest.toString("base64"));
    rest = Buffer.alloc(0);
  }
  if (rest.length > 0) await write(rest.toString("base64"));
  await write(nonce);
}

async function writeOut(output: NodeJS.WritableStream, data: Uint8Array): Promise<void> {
  if (!output.write(data)) await new Promise((resolve) => output.once("drain", resolve));
}

async function* nothing(): AsyncGenerator<never> {}

function unknownExitCode(reason: string): DeployError {
  const said = reason.trim().replace(/\.$/, "");
  return new DeployError({
    code: "containers.exit-code-unknown",
    message: `The session ended without telling the exit code${said === "" ? "" : `: ${said}`}.`,
    hint: "The container may have stopped meanwhile, or has no shell. Look at `deploy status`; `deploy run` tells an exit code in any case.",
  });
}
