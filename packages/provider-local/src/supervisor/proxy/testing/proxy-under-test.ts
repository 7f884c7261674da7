import { createProxy } from "../index.js";
import type { ProxyEvent, ProxyLimits, ReverseProxy, UpstreamTarget } from "../types.js";

/** A proxy under test: `app.test` leads to the service `web`. */
export interface ProxyUnderTest {
  readonly proxy: ReverseProxy;
  readonly port: number;
  readonly events: ProxyEvent[];
  /** Replaces the upstreams of `web`; a port stands for itself with the id `u<port>`. */
  setUpstreams(...ports: number[]): void;
}

/** The upstream that a test means by a port. */
export function upstreamAt(port: number): UpstreamTarget {
  return { id: `u${port}`, host: "127.0.0.1", port };
}

/** Starts a proxy with its entry on a free port. */
export async function startProxy(
  upstreamPorts: readonly number[],
  limits: Partial<ProxyLimits> = {},
): Promise<ProxyUnderTest> {
  const events: ProxyEvent[] = [];
  const proxy = createProxy({ limits, onEvent: (event) => events.push(event) });
  const setUpstreams = (...ports: number[]): void =>
    proxy.setService("web", {
      app: "shop",
      environment: "production",
      process: "web",
      upstreams: ports.map(upstreamAt),
      unavailable: "the release command is still running",
    });
  setUpstreams(...upstreamPorts);
  proxy.setRoutes({ "app.test": { service: "web" }, "www.app.test": { redirect: "app.test" } });
  const { port } = await proxy.listen({ port: 0 });
  return { proxy, port, events, setUpstreams };
}
