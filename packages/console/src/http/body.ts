import type { IncomingMessage, ServerResponse } from "node:http";
import { DeployError } from "@deploy/core";

/** The most that a body may have where its route says nothing, bytes. */
export const DEFAULT_MAX_BODY: number = 64 * 1024;

/** How long the rest of a refused body is thrown away so that its sender can read the refusal, milliseconds. */
const LINGER = 250;

/** Refuses a body by what it says of its own length, before any of it was read. Throws `console.too-large`. */
export function checkDeclaredLength(request: Request, most: number): void {
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > most) throw tooLarge(most);
}

/**
 * The body as JSON, read no further than `most` bytes; nothing at all is `{}`.
 *
 * @throws `console.bad-request`, `console.too-large`
 */
export async function readJson(request: Request, most: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > most) throw tooLarge(most);
    chunks.push(value);
  }
  if (size === 0) return {};
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw bad("The body has to be JSON, with the content type application/json.");
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw bad("The body is no JSON.");
  }
}

/** Ends the connection behind an answer whose request is still being sent, rather than read it to its end. */
export function cutOffUnreadBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.once("finish", () => {
    const { socket } = incoming;
    const left =
      incoming.headers["transfer-encoding"] !== undefined ||
      Number(incoming.headers["content-length"] ?? 0) > DEFAULT_MAX_BODY;
    if (incoming.complete || !left || socket.destroyed) return;
    socket.end();
    incoming.resume();
    setTimeout(() => socket.destroy(), LINGER).unref();
  });
}

function tooLarge(most: number): DeployError {
  return new DeployError({
    code: "console.too-large",
    message: `The body has more than ${most} bytes.`,
    hint: "Send less at once.",
  });
}

function bad(message: string): DeployError {
  return new DeployError({ code: "console.bad-request", message, hint: "Correct the request." });
}
