import type { Context } from "../context.js";
import {
  type DnsMessage,
  decodeMessage,
  encodeQuestion,
  type QuestionType,
  typeNumber,
} from "./propagation-message.js";

/** A name server at one of its addresses. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** A question to one server. */
export interface Question {
  readonly name: string;
  readonly type: QuestionType;
  /** Whether the server may ask others. Default false. */
  readonly recursive?: boolean;
}

/**
 * What came of a question: a message, or why there is none. `silent`: nothing came in time; `unreachable`: this
 * machine has no way there (no IPv6, say); `broken`: it answers, and not in DNS, or turns the connection down.
 */
export type Reply =
  | { readonly message: DnsMessage }
  | { readonly failure: "silent" | "unreachable" | "broken"; readonly reason: string };

/** How patiently a server is asked. */
export interface Patience {
  /** Milliseconds for each try. Default 1,500: the way round the world and back takes less than a third of it. */
  readonly timeoutMs?: number;
  /** Default 2. */
  readonly tries?: number;
}

/** Of a message over TCP; its length field carries no more. */
const longestMessage = 65_535;

const noWay = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"]);

/**
 * Asks one server, over UDP, and over TCP where the answer does not fit.
 *
 * The answer has to come from that address, with the number and the question that were sent. Node's own resolver is
 * not used: it hides whether an answer is authoritative, and does not show a parent's delegation at all.
 *
 * @throws the signal's reason once it is aborted; nothing else.
 */
export async function ask(
  context: Pick<Context, "signal">,
  server: ServerAddress,
  question: Question,
  patience: Patience = {},
): Promise<Reply> {
  const { timeoutMs = 1_500, tries = 2 } = patience;
  let reply: Reply = { failure: "silent", reason: "" };
  for (let left = tries; left > 0; left -= 1) {
    context.signal.throwIfAborted();
    reply = await over(askUdp, context.signal, server, question, timeoutMs);
    if ("message" in reply && reply.message.truncated) {
      reply = await over(askTcp, context.signal, server, question, timeoutMs);
    }
    context.signal.throwIfAborted();
    if ("message" in reply || reply.failure === "unreachable") return reply;
  }
  return reply;
}

/** Starts a transport; what it answers with ends it, and so does the signal. */
type Transport = (
  server: ServerAddress,
  bytes: Uint8Array,
  on: { readonly message: (bytes: Uint8Array) => void; readonly error: (error: Error) => void },
) => () => void;

function over(
  transport: Transport,
  signal: AbortSignal,
  server: ServerAddress,
  question: Question,
  timeoutMs: number,
): Promise<Reply> {
  const { randomInt } = process.getBuiltinModule("node:crypto");
  const id = randomInt(0x1_0000);
  const { name, type, recursive = false } = question;
  return new Promise((resolve) => {
    const finish = (reply: Reply): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      close();
      resolve(reply);
    };
    const silent: Reply = { failure: "silent", reason: `no answer within ${timeoutMs / 1000} s` };
    const onAbort = (): void => finish(silent);
    const timer = setTimeout(() => finish(silent), timeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });
    const close = transport(server, encodeQuestion(id, { name, type, recursive }), {
      message: (bytes) => {
        const message = read(bytes);
        if (message === undefined) return finish({ failure: "broken", reason: "it answers, but not in DNS" });
        // Somebody else's answer, a late one or a forged one: the right one may still come.
        if (message.id !== id || !answers(message, question)) return;
        finish({ message });
      },
      error: (error) => finish(failure(error)),
    });
  });
}

function read(bytes: Uint8Array): DnsMessage | undefined {
  try {
    return decodeMessage(bytes);
  } catch {
    return undefined;
  }
}

/** Servers that refuse may leave the question out. */
function answers(message: DnsMessage, { name, type }: Question): boolean {
  if (!message.isResponse) return false;
  if (message.question === undefined) return message.code !== "NOERROR";
  return message.question.name === name.toLowerCase() && message.question.type === typeNumber(type);
}

function failure(error: Error): Reply {
  const code = String((error as NodeJS.ErrnoException).code ?? "");
  if (noWay.has(code)) return { failure: "unreachable", reason: `this machine does not reach it (${code})` };
  if (code === "ECONNREFUSED") return { failure: "broken", reason: "nothing listens there" };
  return {
    failure: "broken",
    reason: code === "" ? "the connection failed" : `the connection failed (${code})`,
  };
}

const askUdp: Transport = ({ address, port }, bytes, on) => {
  const { createSocket } = process.getBuiltinModule("node:dgram");
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  let open = true;
  socket.on("error", (error) => on.error(error));
  socket.on("message", (message) => on.message(message));
  // Connected, so that answers of others are not taken, and a port where nobody listens is known at once.
  socket.once("connect", () => socket.send(bytes));
  socket.connect(port, address);
  return () => {
    if (open) socket.close();
    open = false;
  };
};

const askTcp: Transport = ({ address, port }, bytes, on) => {
  const { connect } = process.getBuiltinModule("node:net");
  const socket = connect({ host: address, port });
  let received: Uint8Array = new Uint8Array();
  socket.on("error", (error) => on.error(error));
  socket.on("close", () => on.error(new Error("closed")));
  socket.on("connect", () => {
    const framed = new Uint8Array(2 + bytes.length);
    new DataView(framed.buffer).setUint16(0, bytes.length);
    framed.set(bytes, 2);
    socket.write(framed);
  });
  socket.on("data", (chunk: Uint8Array) => {
    received = Uint8Array.from([...received, ...chunk]);
    if (received.length < 2) return;
    const length = (received[0]! << 8) | received[1]!;
    if (received.length >= 2 + length) on.message(received.slice(2, 2 + length));
    else if (received.length > longestMessage + 2) on.error(new Error("too long"));
  });
  return () => {
    socket.removeAllListeners("close");
    socket.destroy();
  };
};
