import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** One call that went through a fault proxy. Neither headers nor bodies are kept: they hold credentials. */
export interface Call {
  /** Counts every call since the last reset, from 1. */
  readonly number: number;
  /** Counts the mutating calls since the last reset, from 1; absent when this one only reads. */
  readonly mutation?: number;
  /** Upper case. */
  readonly method: string;
  /** With its query, as the client sent it. */
  readonly path: string;
  /** The first 16 hex digits of the SHA-256 of the request's body; empty when there was none. */
  readonly bodyDigest: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the vendor answered; absent while it has not, and when the call never reached it. */
  readonly status?: number;
  /** Milliseconds until the vendor's answer had come whole. */
  readonly durationMs?: number;
  /** The fault that was done to it, by kind. */
  readonly fault?: string;
  /** The connection was turned into something else, such as a WebSocket. */
  readonly upgrade?: true;
}

/** What is known of a call when it has to be told whether it changes anything. */
export interface CallRequest {
  /** Upper case. */
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The beginning of the body, up to 1 MiB. */
  readonly body: Buffer;
}

const reading: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]);

/** Whether a call changes something, as far as its method tells; vendors that POST their reads need their own. */
export function isMutatingMethod(request: Pick<CallRequest, "method">): boolean {
  return !reading.has(request.method);
}

const idPattern = /^(?:\d+|[0-9a-f]{8,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/**
 * Method and path of a call, so that the same call of another run has the same label: the query is left out, and parts
 * that look like ids (digits, long hexadecimal numbers, UUIDs) become `*`.
 */
export function labelOf(call: Pick<Call, "method" | "path">): string {
  const path = (call.path.split("?")[0] ?? "/")
    .split("/")
    .map((part) => (idPattern.test(part) ? "*" : part))
    .join("/");
  return `${call.method} ${path}`;
}

/** Digests a body that comes in pieces. */
export interface BodyDigest {
  add(chunk: Buffer): void;
  /** As in {@link Call.bodyDigest}. */
  end(): string;
}

/** Starts the digest of a body. */
export function digestBody(): BodyDigest {
  const hash = createHash("sha256");
  let isEmpty = true;
  return {
    add(chunk) {
      isEmpty &&= chunk.length === 0;
      hash.update(chunk);
    },
    end: () => (isEmpty ? "" : hash.copy().digest("hex").slice(0, 16)),
  };
}
