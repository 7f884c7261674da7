import { connect } from "node:net";
import { DeployError } from "@deploy/core";

/** Where a Redis listens: a port of 127.0.0.1, or a unix socket. */
export interface RedisTarget {
  readonly port?: number;
  readonly socket?: string;
  readonly password: string;
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

/** Reads one RESP2 answer of the kinds our commands give; `undefined` while it is not whole. */
function decode(
  text: Buffer,
): { readonly value: string; readonly error: boolean; readonly rest: Buffer } | undefined {
  const end = text.indexOf("\r\n");
  if (end < 0) return undefined;
  const head = text.toString("utf8", 1, end);
  if (text[0] !== 0x24) return { value: head, error: text[0] === 0x2d, rest: text.subarray(end + 2) };
  const length = Math.max(Number(head), -2);
  const stop = end + 2 + length + 2;
  if (text.length < stop) return undefined;
  return { value: text.toString("utf8", end + 2, stop - 2), error: false, rest: text.subarray(stop) };
}

/**
 * Runs one command on a connection of its own, and returns the answer as text.
 *
 * Errors: `addons.redis-refused` with what Redis said, `addons.connection-lost`.
 */
export async function redisCommand(
  target: RedisTarget,
  command: readonly [string, ...string[]],
  signal?: AbortSignal,
): Promise<string> {
  signal?.throwIfAborted();
  const socket =
    target.socket === undefined
      ? connect({ host: "127.0.0.1", port: target.port ?? 0 })
      : connect({ path: target.socket });
  const onAbort = (): void => void socket.destroy();
  signal?.addEventListener("abort", onAbort, { once: true });
  socket.setTimeout(30_000, () => socket.destroy(new Error("no answer within 30 s")));
  socket.write(encode(["AUTH", target.password]) + encode(command));
  let pending: Buffer = Buffer.alloc(0);
  let answers = 0;
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      pending = Buffer.concat([pending, chunk]);
      for (let answer = decode(pending); answer !== undefined; answer = decode(pending)) {
        pending = answer.rest;
        answers += 1;
        if (answer.error) {
          throw new DeployError({
            code: "addons.redis-refused",
            message: `Redis refused ${answers === 1 ? "AUTH" : command[0]}: ${answer.value}`,
            hint: "Look into the add-on's server.log.",
          });
        }
        if (answers === 2) return answer.value;
      }
    }
    throw new Error("the server closed the connection");
  } catch (thrown) {
    signal?.throwIfAborted();
    if (DeployError.is(thrown)) throw thrown;
    throw new DeployError({
      code: "addons.connection-lost",
      message: `The connection to Redis failed: ${thrown instanceof Error ? thrown.message : thrown}`,
      retryable: true,
      cause: thrown,
    });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

/** One field of `INFO`, such as `redis_version`; empty when there is none. */
export async function redisInfo(target: RedisTarget, field: string, signal?: AbortSignal): Promise<string> {
  const info = await redisCommand(target, ["INFO"], signal);
  const line = info.split("\r\n").find((candidate) => candidate.startsWith(`${field}:`));
  return line?.slice(field.length + 1) ?? "";
}
