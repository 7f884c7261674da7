import type { Route } from "./types.js";

/**
 * Turns the value of a Host header into the name that routes are kept under: lower case, without port, without the
 * trailing dot of a fully qualified name. The brackets of an IPv6 address stay.
 */
export function normalizeHost(host: string): string {
  let end = host.length;
  const colon = host.lastIndexOf(":");
  // A colon inside the brackets of an IPv6 address does not introduce a port.
  if (colon > host.lastIndexOf("]")) end = colon;
  if (host.charCodeAt(end - 1) === 46) end -= 1;
  return host.slice(0, end).toLowerCase();
}

/** The port which a client named in its Host header, with the colon; empty when it named none. */
export function portSuffix(host: string): string {
  return /:\d{1,5}$/.exec(host)?.[0] ?? "";
}

/** All routes of the public entry at one moment. */
export interface RouteTable {
  /** The route for a Host header as it was received. */
  find(host: string): Route | undefined;
  /** Known hostnames, sorted. */
  readonly hostnames: readonly string[];
}

/** How many spellings of Host headers a table remembers: clients choose them, so they must not fill the memory. */
const rememberedSpellings = 1_000;

/** Builds the table for a set of routes. It is never changed: a new set is a new table. */
export function createRouteTable(routes: Readonly<Record<string, Route>>): RouteTable {
  const byName = new Map<string, Route>();
  for (const [hostname, route] of Object.entries(routes)) byName.set(normalizeHost(hostname), route);
  const bySpelling = new Map<string, Route>();
  return {
    hostnames: [...byName.keys()].sort(),
    find(host) {
      const remembered = bySpelling.get(host);
      if (remembered !== undefined) return remembered;
      const route = byName.get(normalizeHost(host));
      if (route !== undefined && bySpelling.size < rememberedSpellings) bySpelling.set(host, route);
      return route;
    },
  };
}
