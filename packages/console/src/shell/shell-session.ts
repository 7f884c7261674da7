import { type Deployer, toDeployError } from "@deploy/core";
import type { WebSocket } from "ws";
import type { ShellCommand, ShellMessage } from "../shared/run-types.js";
import { createKeyQueue } from "./key-queue.js";
import { createGreetingReader, resizeCommand, shellCommand } from "./shell-command.js";

/** How long a shell may be open, in milliseconds; tests make it short. */
export interface ShellLimits {
  /** Without a key. Default ten minutes. */
  readonly idleMs: number;
  /** In all. Default eight hours. */
  readonly totalMs: number;
}

/** The usual limits. */
export const SHELL_LIMITS: ShellLimits = { idleMs: 10 * 60_000, totalMs: 8 * 3600_000 };

/** What a shell is opened with. */
export interface ShellOptions {
  readonly deployer: Pick<Deployer, "exec">;
  /** `web.1`; one of the app's own, found before. Of a fresh copy: what it is called. */
  readonly instance: string;
  /** Begins it in a fresh copy of the release, where the provider lets nobody into an instance that serves. */
  readonly freshCopy?: Deployer["run"];
  readonly socket: WebSocket;
  /** Aborted when the right to it ends or the client goes; the reason's message says which. */
  readonly signal: AbortSignal;
  readonly limits: ShellLimits;
  /** Called right before it is opened; what it throws keeps it closed. */
  onOpen(): Promise<void>;
}

/** How a shell ended. */
export type ShellEnd = Omit<Extract<ShellMessage, { readonly type: "ended" }>, "type">;

/** The first message has to come within this, milliseconds. */
const helloMs = 5_000;
/** Output that the browser has not drawn yet: the instance waits behind it, bytes. */
const mostUndrawn = 524_288;
const reasons = ["revoked", "signed-out", "shutdown"] as const;

/**
 * Runs a shell inside an instance, or in a fresh copy, for one socket, until it exits, is idle for too long, or the right to it ends.
 *
 * @returns how it ended; undefined: it was never opened, or the client has left.
 */
export async function runShell(options: ShellOptions): Promise<ShellEnd | undefined> {
  const { deployer, instance, socket, limits, onOpen } = options;
  const ending = new AbortController();
  let end: ShellEnd | undefined;
  const stop = (how: ShellEnd): void => {
    end ??= how;
    ending.abort();
  };
  const onAbort = (): void => {
    const said = options.signal.reason instanceof Error ? options.signal.reason.message : "";
    const reason = reasons.find((one) => one === said);
    ending.abort();
    // The client has left: there is nobody to tell.
    if (reason === undefined) return;
    end ??= { reason };
    // The socket is closed right behind this: now or never.
    say(socket, { type: "ended", ...end });
  };
  options.signal.addEventListener("abort", onAbort, { once: true });
  if (options.signal.aborted) return undefined;

  const keys = createKeyQueue(() => socket.resume());
  const total = setTimeout(() => stop({ reason: "too-long" }), limits.totalMs);
  let idle = setTimeout(() => stop({ reason: "idle" }), limits.idleMs);
  let undrawn = 0;
  let drawn: () => void = () => undefined;
  let size: { readonly columns: number; readonly rows: number } | undefined;
  let resize: (columns: number, rows: number) => void = () => undefined;
  let hello: (size: { readonly columns: number; readonly rows: number } | undefined) => void = () =>
    undefined;
  const greeted = new Promise<typeof size>((resolve) => {
    hello = resolve;
  });

  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (isBinary) {
      clearTimeout(idle);
      idle = setTimeout(() => stop({ reason: "idle" }), limits.idleMs);
      if (size !== undefined && !keys.put(data)) socket.pause();
      return;
    }
    const command = parseCommand(data.toString("utf8"));
    if (command?.type === "open") {
      size ??= command;
      hello(size);
    } else if (command?.type === "resize") resize(command.columns, command.rows);
    else if (command?.type === "drawn") {
      undrawn = Math.max(0, undrawn - command.bytes);
      drawn();
    }
  });
  const late = setTimeout(() => hello(undefined), helloMs);
  ending.signal.addEventListener("abort", () => {
    hello(undefined);
    drawn();
    keys.end();
  });

  try {
    const first = await greeted;
    if (first === undefined || ending.signal.aborted) return undefined;
    await onOpen();
    const request = {
      command: shellCommand(first.columns, first.rows),
      stdio: "capture" as const,
      input: keys,
      env: { TERM: "xterm-256color" },
      signal: ending.signal,
    };
    const session = await (options.freshCopy?.(request) ?? deployer.exec({ ...request, instance }));
    session.exitCode.catch(() => undefined);
    const reader = createGreetingReader();
    const show = async (): Promise<void> => {
      for await (const { data } of session.output) {
        if (ending.signal.aborted) return;
        const isNew = reader.greeting === undefined;
        const part = reader.push(data);
        const { greeting } = reader;
        if (isNew && greeting !== undefined) {
          say(socket, { type: "opened", instance, mode: greeting.mode });
          // A copy of its own takes no second command: its window keeps the size that it began with.
          const reachable = options.freshCopy === undefined;
          if (reachable && greeting.mode === "terminal" && greeting.terminal !== undefined) {
            resize = createResizer(deployer, instance, greeting.terminal, ending.signal);
          }
        }
        if (part.byteLength === 0 || socket.readyState !== socket.OPEN) continue;
        undrawn += part.byteLength;
        socket.send(part, { binary: true }, () => drawn());
        // What the client says of itself is not all that counts: it may say so, and take nothing.
        const waits = (): boolean => Math.max(undrawn, socket.bufferedAmount) > mostUndrawn;
        while (waits() && !ending.signal.aborted) {
          await new Promise<void>((resolve) => {
            drawn = resolve;
          });
        }
      }
    };
    const stopped = new Promise<void>((resolve) => {
      ending.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    // Output that still comes from what is being killed is waited for by nobody.
    const showing = show();
    showing.catch(() => undefined);
    await Promise.race([showing, stopped]);
    if (!ending.signal.aborted) stop({ reason: "exited", exitCode: await session.exitCode });
  } catch (thrown) {
    if (ending.signal.aborted) return end;
    const { message, hint } = toDeployError(thrown, "console.shell-failed");
    stop({ reason: "failed", message, ...(hint === undefined ? {} : { hint }) });
  } finally {
    clearTimeout(total);
    clearTimeout(idle);
    clearTimeout(late);
    options.signal.removeEventListener("abort", onAbort);
    ending.abort();
    if (!options.signal.aborted) {
      if (end !== undefined) say(socket, { type: "ended", ...end });
      socket.close(1000, "ended");
    }
  }
  return end;
}

/** A change of size is told by another command in the instance: the last of several that come together. */
function createResizer(
  deployer: Pick<Deployer, "exec">,
  instance: string,
  terminal: string,
  signal: AbortSignal,
): (columns: number, rows: number) => void {
  let timer: NodeJS.Timeout | undefined;
  const tell = async (columns: number, rows: number): Promise<void> => {
    const command = resizeCommand(terminal, columns, rows);
    const { output, exitCode } = await deployer.exec({ command, stdio: "capture", instance, signal });
    exitCode.catch(() => undefined);
    for await (const _ of output);
  };
  return (columns, rows) => {
    clearTimeout(timer);
    // An instance without `stty` keeps the size that it began with.
    timer = setTimeout(() => void tell(columns, rows).catch(() => undefined), 200);
  };
}

function parseCommand(text: string): ShellCommand | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { type, columns, rows, bytes } = value as Readonly<Record<string, unknown>>;
  if (type === "drawn" && typeof bytes === "number" && bytes > 0) return { type, bytes };
  if ((type === "open" || type === "resize") && isSize(columns) && isSize(rows))
    return { type, columns, rows };
  return undefined;
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 1_000;
}

function say(socket: WebSocket, message: ShellMessage): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}
