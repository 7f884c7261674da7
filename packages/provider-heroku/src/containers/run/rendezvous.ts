import { readFile } from "node:fs/promises";
import type { TLSSocket } from "node:tls";
import { type Context, DeployError } from "@deploy/core";

/** A connection to a one-off dyno: raw bytes both ways. */
export interface Rendezvous {
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes may be followed by more. */
  write(data: Uint8Array): Promise<void>;
  close(): void;
}

/** Ends the input of the command, as a terminal does it: Heroku's protocol has no other way. */
export const endOfInput: Uint8Array = Uint8Array.of(4);

const connectTimeoutMs = 20_000;
/** Heroku closes a connection after an hour without a byte (heroku/cli, rendezvous of util). */
const idleMs = 60 * 60_000;

/**
 * Meets a one-off dyno at its `attach_url`, `rendezvous://host:port/secret`.
 *
 * TLS; the secret in a line; the first answer is a banner which is dropped; then bytes. Further authorities are read
 * from the file in `SSL_CERT_FILE`.
 *
 * @throws `containers.rendezvous-blocked` when the port cannot be reached, which many firewalls see to (heroku/cli#631);
 * `containers.rendezvous-refused`. No message has the address: whoever has it may talk to the dyno.
 */
export async function meet(context: Context, attachUrl: string): Promise<Rendezvous> {
  const url = new URL(attachUrl);
  if (url.protocol !== "rendezvous:") throw privateSpace();
  // A URL of a scheme that nobody knows keeps its port only where one is given.
  const { hostname, port } = new URL(attachUrl.replace(/^rendezvous:/, "https:"));
  const socket = await dial(context, hostname, port === "" ? 5000 : Number(port));
  socket.setTimeout(idleMs, () => socket.destroy());
  const onAbort = (): void => void socket.destroy();
  context.signal.addEventListener("abort", onAbort, { once: true });
  socket.once("close", () => context.signal.removeEventListener("abort", onAbort));
  socket.write(`${url.pathname.slice(1)}\r\n`);
  return {
    output: withoutBanner(socket),
    write: (data) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed || socket.writableEnded) return resolve();
        socket.write(data, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => socket.destroy(),
  };
}

async function dial(context: Context, host: string, port: number): Promise<TLSSocket> {
  context.signal.throwIfAborted();
  const { connect, rootCertificates } = await import("node:tls");
  const more = context.env.SSL_CERT_FILE;
  const ca =
    more === undefined || more === "" ? undefined : [...rootCertificates, await readFile(more, "utf8")];
  return new Promise((resolve, reject) => {
    const options = { host, port, ...(ca === undefined ? {} : { ca }) };
    const socket = connect(/^[\d.]+$/.test(host) ? options : { ...options, servername: host });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      context.signal.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(blocked(port, "ETIMEDOUT")), connectTimeoutMs);
    const onAbort = (): void => fail(context.signal.reason as Error);
    context.signal.addEventListener("abort", onAbort, { once: true });
    const onError = (error: NodeJS.ErrnoException): void => fail(blocked(port, error.code));
    socket.once("error", onError);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      context.signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      resolve(socket);
    });
  });
}

async function* withoutBanner(socket: TLSSocket): AsyncGenerator<Uint8Array> {
  // `rendezvous` and a line end, before anything of the command.
  let banner: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of socket as AsyncIterable<Buffer>) {
    if (banner === undefined) {
      yield piece;
      continue;
    }
    banner = Buffer.concat([banner, piece]);
    const end = banner.indexOf("\n");
    if (end < 0) continue;
    const line = banner.subarray(0, end).toString().trim();
    if (line !== "rendezvous") throw refused(line);
    const rest: Buffer = banner.subarray(end + 1);
    banner = undefined;
    if (rest.length > 0) yield rest;
  }
}

function blocked(port: number, reason: string | undefined): DeployError {
  return new DeployError({
    code: "containers.rendezvous-blocked",
    message: `The dyno runs, but its connection on port ${port} cannot be reached (${reason ?? "no reason given"}); it was stopped.`,
    hint: `Let this machine connect to port ${port} of Heroku, which many networks block; or start it detached with \`heroku run:detached\`, and read its output with \`deploy logs --process run\`.`,
    details: reason === undefined ? { port } : { port, reason },
  });
}

function refused(line: string): DeployError {
  return new DeployError({
    code: "containers.rendezvous-refused",
    message: `Heroku did not let us meet the dyno: ${line.replace(/[^\x20-\x7e]/g, "").slice(0, 100)}.`,
    hint: "Run the same again.",
    retryable: true,
  });
}

function privateSpace(): DeployError {
  return new DeployError({
    code: "containers.unsupported",
    message:
      "One-off dynos of a Private Space are met by SSH with an uploaded key, which this provider does not do.",
    hint: "Use `heroku run` for this app.",
  });
}
