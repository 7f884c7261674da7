import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Call, type CallRequest, isMutatingMethod } from "./call.js";
import { type Endpoint, reach, type UnixSocket } from "./endpoint.js";
import { carry } from "./exchange.js";
import { createFaultPlan, type Fault, type PlannedFault } from "./fault.js";
import { peekBody } from "./request-body.js";
import { passUpgrade } from "./upgrade.js";

/** How a fault proxy is made. */
export interface FaultProxyOptions {
  /** The vendor. A URL's path is put before every path; the `Host` header is the client's, and an `https:` URL's own. */
  readonly target: Endpoint;
  /** Where the client finds us. Default: a free port on 127.0.0.1. The socket's file must not exist. */
  readonly listen?: { readonly port: number } | UnixSocket;
  /** Whether a call changes something. Default: by method, see {@link isMutatingMethod}. */
  readonly isMutation?: (request: CallRequest) => boolean;
  /** Sees every call before it is passed on, and may answer with a fault for it; planned ones come first. */
  readonly onCall?: (call: Call, request: CallRequest) => Fault | undefined;
}

/** A proxy between a client and its vendor that numbers every call, and breaks those it is told to. */
export interface FaultProxy {
  /** What the client is given instead of the vendor's own endpoint. */
  readonly address: Endpoint;
  /** The calls since the last reset, in the order in which they came. */
  readonly calls: readonly Call[];
  /** Has a fault happen to a call that is still to come. */
  plan(planned: PlannedFault): void;
  /** Forgets calls and planned faults, and counts from 1 again. Calls under way go on. */
  reset(): void;
  /** Drops every connection and stops listening; the socket's file is gone afterwards. */
  close(): Promise<void>;
}

/** Starts a fault proxy. Nothing is sent to the vendor but what clients ask for. */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { target, listen = { port: 0 }, isMutation = isMutatingMethod, onCall } = options;
  const vendor = reach(target);
  const faults = createFaultPlan();
  const sockets = new Set<Socket>();
  let calls: Writable<Call>[] = [];
  let mutations = 0;

  const record = (request: CallRequest, more: Partial<Call>): Writable<Call> => {
    const { method, path } = request;
    const call: Writable<Call> = {
      number: calls.length + 1,
      method,
      path,
      bodyDigest: "",
      at: Date.now(),
      ...more,
    };
    if (isMutation(request)) {
      mutations += 1;
      call.mutation = mutations;
    }
    calls.push(call);
    return call;
  };
  const faultFor = (call: Writable<Call>, request: CallRequest): Fault | undefined => {
    const fault = faults.take(call) ?? onCall?.(call, request);
    if (fault !== undefined) call.fault = fault.kind;
    return fault;
  };

  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on("error", () => {});
    const body = await peekBody(request).catch(() => undefined);
    // Whoever leaves before its request is complete has not called.
    if (body === undefined) return;
    const seen = { ...summary(request), body: body.start };
    const call = record(seen, { bodyDigest: body.digest.end() });
    if (body.hasMore) request.once("end", () => (call.bodyDigest = body.digest.end()));
    await carry({
      call,
      request,
      body,
      response,
      reach: vendor,
      fault: faultFor(call, seen),
      onAnswer(status, isWhole) {
        call.status = status;
        if (isWhole) call.durationMs = Date.now() - call.at;
      },
    });
  };

  const server = createServer((request, response) => void onRequest(request, response));
  // A client must see no limit that its vendor does not have.
  Object.assign(server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 600_000, timeout: 0 });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const seen = { ...summary(request), body: Buffer.alloc(0) };
    const call = record(seen, { upgrade: true });
    void passUpgrade({ request, socket, head, reach: vendor, fault: faultFor(call, seen) });
  });
  await listening(server, listen);
  return {
    address: "socketPath" in listen ? listen : addressOf(server),
    get calls() {
      return calls;
    },
    plan: (planned) => faults.add(planned),
    reset() {
      calls = [];
      mutations = 0;
      faults.clear();
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function summary({ method, url, headers }: IncomingMessage): Omit<CallRequest, "body"> {
  return { method: (method ?? "GET").toUpperCase(), path: url ?? "/", headers };
}

function listening(server: Server, listen: { readonly port: number } | UnixSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const ready = (): void => {
      server.off("error", reject);
      resolve();
    };
    if ("socketPath" in listen) server.listen(listen.socketPath, ready);
    else server.listen(listen.port, "127.0.0.1", ready);
  });
}

function addressOf(server: Server): URL {
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
