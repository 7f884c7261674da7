import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type WebSocket, WebSocketServer } from "ws";

/** How bad the way to the agent is. */
export interface SessionServerOptions {
  /** Part of all messages, in both directions, that is lost: 0 to 1. */
  readonly loss?: number;
  /** Messages come up to so much later, milliseconds, and so out of order. */
  readonly jitterMs?: number;
  /** Part of all messages to the client that come twice. */
  readonly doubles?: number;
  /** Asks for a key of KMS in its handshake. */
  readonly encrypted?: boolean;
  /** The connection is closed after so many messages of output. */
  readonly breakAfter?: number;
}

/** The agent's side of ECS Exec: sessions that run a command line on a real terminal. */
export interface SessionServer {
  /** As ExecuteCommand answers for this command line. */
  open(command: string): { readonly streamUrl: string; readonly token: string };
  /** Sizes of windows that were told, as `columns x rows`. */
  readonly sizes: readonly string[];
  /** Versions and errors that clients told in their handshakes. */
  readonly handshakes: readonly Record<string, unknown>[];
  /** Asks all clients to send nothing, or to go on. */
  publish(isAllowed: boolean): void;
  /** Messages that came more than once. */
  readonly resent: number;
  close(): Promise<void>;
}

interface Message {
  readonly type: string;
  readonly sequence: number;
  readonly id: string;
  readonly kind: number;
  readonly payload: Buffer;
}

const helper: string = fileURLToPath(new URL("./on-terminal.py", import.meta.url));

/** Starts the double on a free port of 127.0.0.1. Written from the protocol's facts, apart from the client under test. */
export async function startSessionServer(options: SessionServerOptions = {}): Promise<SessionServer> {
  const { loss = 0, jitterMs = 0, doubles = 0 } = options;
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const commands = new Map<string, string>();
  const sizes: string[] = [];
  const handshakes: Record<string, unknown>[] = [];
  const children = new Set<ChildProcess>();
  const publishers = new Set<(isAllowed: boolean) => void>();
  let resent = 0;

  server.on("connection", (socket, request) => {
    const token = new URL(request.url ?? "/", "http://localhost").searchParams.get("session") ?? "";
    const command = commands.get(token);
    let child: ChildProcess | undefined;
    let opened = false;
    let nextIn = 0;
    let nextOut = 0;
    const early = new Map<number, Message>();
    const pending = new Map<number, Buffer>();
    let outputs = 0;

    const deliver = (bytes: Buffer): void => {
      if (Math.random() < loss) return;
      const send = (): void => {
        if (socket.readyState === socket.OPEN) socket.send(bytes);
      };
      if (jitterMs === 0) send();
      else setTimeout(send, Math.random() * jitterMs);
    };
    const say = (kind: number, payload: Buffer | string): void => {
      const bytes = write("output_stream_data", nextOut, kind, Buffer.from(payload));
      pending.set(nextOut, bytes);
      nextOut += 1;
      deliver(bytes);
      if (Math.random() < doubles) deliver(bytes);
    };
    const resend = setInterval(() => {
      for (const bytes of pending.values()) deliver(bytes);
    }, 150);
    const end = (): void => {
      if (pending.size > 0 && socket.readyState === socket.OPEN) {
        setTimeout(end, 20);
        return;
      }
      socket.send(write("channel_closed", 0, 0, Buffer.from(JSON.stringify({ Output: "Session ended." }))));
      socket.close(1000);
    };
    publishers.add((isAllowed) =>
      socket.send(write(isAllowed ? "start_publication" : "pause_publication", 0, 0, Buffer.alloc(0))),
    );

    const start = (): void => {
      say(7, JSON.stringify({ HandshakeTimeToComplete: 1, CustomerMessage: "" }));
      child = spawn("python3", [helper, command ?? "exit 1"], { stdio: ["pipe", "pipe", "inherit", "pipe"] });
      children.add(child);
      child.stdout?.on("data", (data: Buffer) => {
        for (let at = 0; at < data.length; at += 1024) {
          outputs += 1;
          if (outputs === options.breakAfter) {
            socket.terminate();
            return;
          }
          say(1, data.subarray(at, at + 1024));
        }
      });
      for (const stream of child.stdio) stream?.on("error", () => undefined);
      child.on("close", () => {
        if (child !== undefined) children.delete(child);
        end();
      });
    };
    const handle = ({ kind, payload }: Message): void => {
      if (kind === 6) {
        handshakes.push(JSON.parse(payload.toString()));
        if (options.encrypted !== true) start();
      } else if (kind === 1) child?.stdin?.write(payload);
      else if (kind === 3) {
        const { cols, rows } = JSON.parse(payload.toString()) as { cols: number; rows: number };
        sizes.push(`${cols} x ${rows}`);
        (child?.stdio[3] as Writable | undefined)?.write(`${rows} ${cols}\n`);
      } else if (kind === 10 && payload.readUInt32BE(0) === 2) child?.kill("SIGHUP");
    };
    socket.on("message", (data, isBinary) => {
      if (!isBinary) {
        const { TokenValue, MessageSchemaVersion } = JSON.parse(String(data)) as Record<string, string>;
        opened = TokenValue === token && MessageSchemaVersion === "1.0" && command !== undefined;
        if (!opened) {
          socket.close(1008);
          return;
        }
        const actions = [
          { ActionType: "SessionType", ActionParameters: { SessionType: "InteractiveCommands" } },
          ...(options.encrypted === true
            ? [{ ActionType: "KMSEncryption", ActionParameters: { KMSKeyId: "key" } }]
            : []),
        ];
        say(5, JSON.stringify({ AgentVersion: "3.3.0.0", RequestedClientActions: actions }));
        return;
      }
      if (!opened || Math.random() < loss) return;
      const message = read(data as Buffer);
      if (message.type === "acknowledge") {
        const { AcknowledgedMessageSequenceNumber } = JSON.parse(message.payload.toString()) as Record<
          string,
          number
        >;
        pending.delete(AcknowledgedMessageSequenceNumber ?? -1);
        return;
      }
      const answer = {
        AcknowledgedMessageType: message.type,
        AcknowledgedMessageId: message.id,
        AcknowledgedMessageSequenceNumber: message.sequence,
        IsSequentialMessage: true,
      };
      deliver(write("acknowledge", 0, 0, Buffer.from(JSON.stringify(answer))));
      if (message.sequence < nextIn) {
        resent += 1;
        return;
      }
      early.set(message.sequence, message);
      for (let next = early.get(nextIn); next !== undefined; next = early.get(nextIn)) {
        early.delete(nextIn);
        nextIn += 1;
        handle(next);
      }
    });
    socket.on("close", () => {
      clearInterval(resend);
      child?.kill("SIGKILL");
    });
  });

  return {
    open(command) {
      const token = randomUUID();
      commands.set(token, command);
      return { streamUrl: `ws://127.0.0.1:${port}/v1/data-channel?session=${token}`, token };
    },
    sizes,
    handshakes,
    publish: (isAllowed) => {
      for (const tell of publishers) tell(isAllowed);
    },
    get resent() {
      return resent;
    },
    async close() {
      for (const child of children) child.kill("SIGKILL");
      for (const client of server.clients as Set<WebSocket>) client.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

function read(bytes: Buffer): Message {
  if (bytes.readUInt32BE(0) !== 116) throw new Error("header length");
  const length = bytes.readUInt32BE(116);
  const payload = bytes.subarray(120);
  if (payload.length !== length) throw new Error("payload length");
  if (length > 1024) throw new Error("input of more than 1024 bytes");
  const hash = createHash("sha256").update(payload).digest("hex");
  if (bytes.toString("hex", 80, 112) !== hash) throw new Error("digest");
  const hex = bytes.toString("hex", 72, 80) + bytes.toString("hex", 64, 72);
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  const type = bytes.toString("ascii", 4, 36).trimEnd();
  return { type, sequence: Number(bytes.readBigInt64BE(48)), id, kind: bytes.readUInt32BE(112), payload };
}

function write(type: string, sequence: number, kind: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(120);
  head.writeUInt32BE(116, 0);
  head.write(type.padEnd(32), 4, "ascii");
  head.writeUInt32BE(1, 36);
  head.writeBigUInt64BE(BigInt(Date.now()), 40);
  head.writeBigInt64BE(BigInt(sequence), 48);
  head.writeBigUInt64BE(sequence === 0 ? 1n : 0n, 56);
  const id = randomUUID().replaceAll("-", "");
  head.write(id.slice(16), 64, "hex");
  head.write(id.slice(0, 16), 72, "hex");
  createHash("sha256").update(payload).digest().copy(head, 80);
  head.writeUInt32BE(kind, 112);
  head.writeUInt32BE(payload.length, 116);
  return Buffer.concat([head, payload]);
}
