import { DeployError } from "@deploy/core";
import type { DrainOptions, DrainResult, ProxyLimits, ServiceSettings, ServiceStats } from "./types.js";
import { createUpstream, drainUpstream, type Upstream } from "./upstreams.js";

/** One process of one app, and what answers for it. */
export interface Service {
  readonly id: string;
  /** Absent until the service is first set. */
  settings: ServiceSettings | undefined;
  upstreams: readonly Upstream[];
  /** Where the round robin goes on. */
  next: number;
  inFlight: number;
  total: number;
  /** Answers by the first digit of their status. */
  readonly byClass: number[];
}

/** Counts an answer with `status` which is about to be sent. */
export function countAnswer(service: Service, status: number): void {
  const digit = Math.trunc(status / 100);
  service.byClass[digit] = (service.byClass[digit] ?? 0) + 1;
}

function createService(id: string): Service {
  return {
    id,
    settings: undefined,
    upstreams: [],
    next: 0,
    inFlight: 0,
    total: 0,
    byClass: [0, 0, 0, 0, 0, 0],
  };
}

interface Owned {
  readonly upstream: Upstream;
  readonly service: string;
}

/** All services of a proxy with their upstreams, those on their way out included. */
export interface ServiceTable {
  /** The service with this id; unset when nobody has set it yet. */
  get(id: string): Service;
  set(id: string, settings: ServiceSettings): void;
  remove(id: string): void;
  drain(upstream: string, options: DrainOptions): Promise<DrainResult & { readonly service: string }>;
  /** Every upstream that is in service or has something in flight. */
  upstreams(): readonly Upstream[];
  stats(): ReadonlyMap<string, ServiceStats>;
}

/** Creates an empty table. */
export function createServiceTable(limits: ProxyLimits): ServiceTable {
  const services = new Map<string, Service>();
  const owned = new Map<string, Owned>();
  const alive = new Set<Upstream>();

  function get(id: string): Service {
    let service = services.get(id);
    if (service === undefined) {
      service = createService(id);
      services.set(id, service);
    }
    return service;
  }

  /** Forgets an upstream as soon as nothing is in flight on it. */
  function retire(upstream: Upstream): void {
    upstream.inService = false;
    const forget = (): void => {
      upstream.whenIdle.delete(forget);
      // A drain that was cancelled, or the same upstream set again, may have put it back.
      if (upstream.inService) return;
      if (owned.get(upstream.id)?.upstream === upstream) owned.delete(upstream.id);
      alive.delete(upstream);
      void upstream.pool.destroy();
    };
    if (upstream.inFlight.size === 0) forget();
    else upstream.whenIdle.add(forget);
  }

  function replace(service: Service, next: readonly Upstream[]): void {
    const previous = service.upstreams;
    service.upstreams = next;
    for (const upstream of previous) if (!next.includes(upstream)) retire(upstream);
  }

  return {
    get,
    set(id, settings) {
      for (const target of settings.upstreams) {
        const owner = owned.get(target.id)?.service;
        if (owner === undefined || owner === id) continue;
        throw new DeployError({
          code: "proxy.upstream-taken",
          message: `Upstream ${target.id} belongs to service ${owner} and cannot serve ${id} as well.`,
        });
      }
      const service = get(id);
      const next = settings.upstreams.map((target) => {
        const known = owned.get(target.id)?.upstream;
        if (known !== undefined && known.host === target.host && known.port === target.port) {
          known.inService = true;
          return known;
        }
        const upstream = createUpstream(target, limits);
        owned.set(target.id, { upstream, service: id });
        alive.add(upstream);
        return upstream;
      });
      service.settings = settings;
      replace(service, next);
    },
    remove(id) {
      const service = services.get(id);
      if (service === undefined) return;
      replace(service, []);
      service.settings = undefined;
      services.delete(id);
    },
    async drain(upstreamId, options) {
      const entry = owned.get(upstreamId);
      if (entry === undefined) return { finished: 0, cut: 0, service: "" };
      const result = await drainUpstream(entry.upstream, options);
      const service = services.get(entry.service);
      if (service?.upstreams.includes(entry.upstream)) {
        replace(
          service,
          service.upstreams.filter((upstream) => upstream !== entry.upstream),
        );
      }
      return { ...result, service: entry.service };
    },
    upstreams: () => [...alive],
    stats() {
      const all = new Map<string, ServiceStats>();
      for (const service of services.values()) {
        if (service.settings === undefined) continue;
        const [, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0] = service.byClass;
        all.set(service.id, {
          inFlight: service.inFlight,
          total: service.total,
          byStatus: { "1xx": s1, "2xx": s2, "3xx": s3, "4xx": s4, "5xx": s5 },
          upstreams: [...owned.values()]
            .filter((entry) => entry.service === service.id)
            .map(({ upstream }) => ({
              id: upstream.id,
              inFlight: upstream.inFlight.size,
              draining: !upstream.inService,
            })),
        });
      }
      return all;
    },
  };
}
