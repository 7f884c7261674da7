import { DeployError } from "@deploy/core";
import { Client, type Dispatcher, Pool } from "undici";
import { connectorTo } from "./connect.js";
import type { DrainOptions, DrainResult, ProxyLimits, UpstreamTarget } from "./types.js";

/** A request or tunnel which holds an upstream. */
export interface InFlight {
  /** Ends it now, because its upstream is about to stop. Must call {@link release}. */
  cut(): void;
}

/** One instance which answers, with its connections. */
export interface Upstream {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly pool: Dispatcher;
  readonly inFlight: Set<InFlight>;
  /** True while it takes new requests. */
  inService: boolean;
  /** Until when (ms since the epoch) others are preferred, because connecting failed. 0 when all is well. */
  suspectUntil: number;
  /** Called when the last request in flight has ended. */
  readonly whenIdle: Set<() => void>;
}

const suspectMs = 1_000;

function connectionOptions(host: string, port: number, limits: ProxyLimits): Pool.Options {
  return {
    connect: connectorTo(host, port, limits.connectMs),
    pipelining: 1,
    // App servers close idle connections after 2 s (gunicorn) to 5 s (Node, uvicorn). Closing first means that no
    // request is ever written into a connection which its server is just closing.
    keepAliveTimeout: limits.upstreamIdleMs,
    keepAliveMaxTimeout: limits.upstreamIdleMs,
    keepAliveTimeoutThreshold: 1_000,
    headersTimeout: limits.responseHeaderMs,
    // A quiet event stream is not a fault; the client, or a drain, ends it.
    bodyTimeout: 0,
    maxHeaderSize: limits.headerBytes,
  };
}

function originOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Prepares the connections to one instance; none is opened before the first request. */
export function createUpstream(target: UpstreamTarget, limits: ProxyLimits): Upstream {
  const { id, host, port } = target;
  return {
    id,
    host,
    port,
    pool: new Pool(originOf(host, port), connectionOptions(host, port, limits)),
    inFlight: new Set(),
    inService: true,
    suspectUntil: 0,
    whenIdle: new Set(),
  };
}

/** A dispatcher with one connection of its own, never used before. Its user destroys it. */
export function freshConnection(upstream: Upstream, limits: ProxyLimits): Dispatcher {
  const { host, port } = upstream;
  return new Client(originOf(host, port), connectionOptions(host, port, limits));
}

/** Notes that `upstream` refused a connection: for a second, the others are asked first. */
export function suspect(upstream: Upstream): void {
  upstream.suspectUntil = Date.now() + suspectMs;
}

/** Takes `holder` off the upstream and wakes who waits for it to be idle. */
export function release(upstream: Upstream, holder: InFlight): void {
  upstream.inFlight.delete(holder);
  if (!upstream.inService && upstream.inFlight.size === 0) {
    for (const wake of [...upstream.whenIdle]) wake();
  }
}

/** Takes an upstream out of service and waits until nothing is in flight on it, cutting at the limit. */
export function drainUpstream(upstream: Upstream, { limitMs, signal }: DrainOptions): Promise<DrainResult> {
  upstream.inService = false;
  const before = upstream.inFlight.size;
  if (before === 0) return Promise.resolve({ finished: 0, cut: 0 });
  return new Promise((resolve, reject) => {
    let cut = 0;
    const stop = (): void => {
      clearTimeout(timer);
      upstream.whenIdle.delete(idle);
      signal?.removeEventListener("abort", cancel);
    };
    const idle = (): void => {
      stop();
      resolve({ finished: before - cut, cut });
    };
    const cancel = (): void => {
      stop();
      reject(new DeployError({ code: "run.cancelled", message: `Draining ${upstream.id} was cancelled.` }));
    };
    const timer = setTimeout(() => {
      const remaining = [...upstream.inFlight];
      cut = remaining.length;
      for (const holder of remaining) holder.cut();
      // Nobody is woken when the upstream was put back into service meanwhile.
      if (upstream.whenIdle.has(idle)) idle();
    }, limitMs);
    upstream.whenIdle.add(idle);
    if (signal?.aborted) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
  });
}

/**
 * Chooses the upstream for a request: in service, not in `tried`, fewest in flight; `start` breaks ties, so that
 * counting it up gives a round robin. One that just refused a connection is only chosen when there is no other.
 */
export function pickUpstream(
  upstreams: readonly Upstream[],
  start: number,
  tried: readonly Upstream[] | undefined,
): Upstream | undefined {
  const count = upstreams.length;
  let best: Upstream | undefined;
  let bestLoad = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset < count; offset += 1) {
    const upstream = upstreams[(start + offset) % count] as Upstream;
    if (!upstream.inService || tried?.includes(upstream) === true) continue;
    let load = upstream.inFlight.size;
    if (upstream.suspectUntil !== 0) {
      if (Date.now() < upstream.suspectUntil) load += 1_000_000;
      else upstream.suspectUntil = 0;
    }
    if (load < bestLoad) {
      best = upstream;
      bestLoad = load;
    }
  }
  return best;
}
