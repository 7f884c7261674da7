import type { ClientRequest, IncomingMessage } from "node:http";
import type { Reach } from "./endpoint.js";
import type { Answer } from "./fault.js";
import type { PeekedBody } from "./request-body.js";

/** Headers that are about one connection, not about the call. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The headers of a message without those about its connection; repeated ones are lists. */
export function passedHeaders(rawHeaders: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    const key = name.toLowerCase();
    if (ofConnection.has(key)) continue;
    const known = headers[key];
    headers[key] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
  }
  return headers;
}

/** A call that is under way at the vendor. */
export interface Upstream {
  readonly sent: ClientRequest;
  /** Resolves once the whole request has left us. */
  readonly passedOn: Promise<void>;
  /** The answer's head; rejects when there will be none. */
  readonly answered: Promise<IncomingMessage>;
}

/** Passes a request on to the vendor, the body as it comes. */
export function passOn(reach: Reach, request: IncomingMessage, body: PeekedBody): Upstream {
  const headers = passedHeaders(request.rawHeaders);
  if (reach.host !== undefined) headers.host = reach.host;
  const sent = reach.request({
    ...reach.options,
    method: request.method ?? "GET",
    path: `${reach.prefix}${request.url ?? "/"}`,
    headers,
    // Connections are not shared between calls, so that what is done to one disturbs no other.
    agent: false,
  });
  const passedOn = new Promise<void>((resolve, reject) => {
    sent.once("finish", resolve).once("error", reject);
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve).once("error", reject);
  });
  // Each of the two may be of no interest to the one who asked; its failure is then none of ours either.
  passedOn.catch(() => {});
  answered.catch(() => {});
  if (body.hasMore) {
    if (body.start.length > 0) sent.write(body.start);
    request.on("data", (chunk: Buffer) => body.digest.add(chunk));
    request.pipe(sent);
  } else sent.end(body.start);
  return { sent, passedOn, answered };
}

/** The whole of an answer; rejects when the vendor breaks off. */
export async function readAnswer(message: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return {
    status: message.statusCode ?? 502,
    headers: passedHeaders(message.rawHeaders),
    body: Buffer.concat(chunks),
  };
}
