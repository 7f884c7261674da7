import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { DeployError, toDeployError } from "@deploy/core";
import type { StreamLine } from "../protocol.js";
import type { Reporter } from "./machinery.js";

/** A request that was understood as far as method, path and JSON body. */
export interface ApiRequest {
  readonly method: string;
  /** Path parts, decoded: `/environments/shop/review%2F12` is `["environments", "shop", "review/12"]`. */
  readonly path: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
  readonly reporter: Reporter;
}

/** Answers a request, or undefined when there is no such thing. */
export type ApiHandler = (request: ApiRequest) => Promise<unknown>;

/** A body larger than this is refused, in bytes: the largest is a release with its config. */
const largestBody = 4 * 1024 * 1024;

/**
 * Serves the supervisor's interface on a unix socket that only its user can open.
 *
 * Every answer is NDJSON: progress and output as they come, then one result or error.
 */
export async function serveApi(socket: string, handle: ApiHandler): Promise<Server> {
  const server = createServer((request, response) => void answer(request, response, handle));
  server.keepAliveTimeout = 1000;
  server.requestTimeout = 0;
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  chmodSync(socket, 0o600);
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, handle: ApiHandler): Promise<void> {
  const write = (line: StreamLine): void => {
    if (!response.writableEnded && !response.destroyed) response.write(`${JSON.stringify(line)}\n`);
  };
  response.on("error", () => {});
  response.setHeader("content-type", "application/x-ndjson");
  try {
    const body = await readBody(request);
    response.flushHeaders();
    const path = (request.url ?? "/").split("/").filter(Boolean).map(decodeURIComponent);
    const reporter: Reporter = {
      progress: (message) => write({ type: "progress", message }),
      output: (text, stream) => write({ type: "output", stream, text }),
    };
    const value = await handle({ method: request.method ?? "GET", path, body, reporter });
    write({ type: "result", value: value ?? null });
  } catch (thrown) {
    write({ type: "error", error: toDeployError(thrown, "servers.supervisor-failed").toJSON() });
  }
  response.end();
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > largestBody) throw badRequest("The request is too large.");
    chunks.push(chunk as Buffer);
  }
  if (size === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through: what cannot be parsed is as bad as what is no object.
  }
  throw badRequest("The request is not a JSON object.");
}

/** A request that this supervisor does not understand: the client is of another version. */
export function badRequest(message: string): DeployError {
  return new DeployError({
    code: "servers.bad-request",
    message,
    hint: "Run deploy up once: it brings the supervisor to the version of this command.",
  });
}
