import type { IncomingMessage } from "node:http";
import { type BodyDigest, digestBody } from "./call.js";

/** How much of a body is looked at before the call is passed on, in bytes. */
const peekBytes = 1024 * 1024;
/** How long a client may take over its body before the call is passed on without the rest, in milliseconds. */
const peekMs = 200;

/** The beginning of a request's body. */
export interface PeekedBody {
  /** What has come of it. */
  readonly start: Buffer;
  /** The rest is still in the request's stream. */
  readonly hasMore: boolean;
  /** Of `start`; whoever reads the rest adds it. */
  readonly digest: BodyDigest;
}

/**
 * Reads a body to its end, to its first MiB, or for 200 ms: a call is classified and digested by its body, and yet a
 * client that talks and listens at the same time must not wait for itself.
 */
export function peekBody(request: IncomingMessage): Promise<PeekedBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const digest = digestBody();
    let size = 0;
    const finish = (hasMore: boolean): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", reject).off("close", onClose);
      if (hasMore) request.pause();
      resolve({ start: Buffer.concat(chunks), hasMore, digest });
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      digest.add(chunk);
      size += chunk.length;
      if (size >= peekBytes) finish(true);
    };
    const onEnd = (): void => finish(false);
    const onClose = (): void => reject(new Error("the client left in the middle of its request"));
    const timer = setTimeout(() => finish(true), peekMs);
    request.on("data", onData).once("end", onEnd).once("error", reject).once("close", onClose);
  });
}
