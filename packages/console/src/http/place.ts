import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { DeployError } from "@deploy/core";
import type { ConsoleOptions } from "../options.js";
import { isLoopback } from "./address.js";

/** Where the console is found, and by which names it answers. */
export interface Place {
  /** What links are made with: `https://console.example.org`. */
  readonly origin: string;
  readonly https: boolean;
  /** Whether a request of this `Host` is meant for us: anything else may be a name that was bound to our address. */
  isOurs(host: string | undefined): boolean;
  /** Whether a browser that says this `Origin` shows a page of ours, sent from this `Host`. */
  isOwnOrigin(origin: string | undefined, host: string | undefined): boolean;
}

/**
 * Where it will be found; decided before anything listens.
 *
 * @throws `console.bad-option` for a public URL that is none, `console.insecure-address` for plain HTTP on an address
 * that others reach.
 */
export function checkPlace(options: Pick<ConsoleOptions, "host" | "publicUrl" | "insecure">): void {
  const host = options.host ?? "127.0.0.1";
  const url = publicUrlOf(options.publicUrl);
  if (isLoopback(host) || options.insecure === true || url?.protocol === "https:") return;
  throw new DeployError({
    code: "console.insecure-address",
    message: `The console would serve plain HTTP on ${host}: passwords and logs could be read on the way.`,
    hint: "Put a proxy with a certificate in front of it and give its address as the public URL (--public-url https://…). --insecure serves it all the same.",
  });
}

/** The place of a console that listens on `port`. */
export function placeOf(options: Pick<ConsoleOptions, "host" | "publicUrl">, port: number): Place {
  const host = options.host ?? "127.0.0.1";
  const url = publicUrlOf(options.publicUrl);
  const loopback = isLoopback(host);
  const origin = url?.origin ?? `http://${authority(reachable(host), port)}`;
  const hosts = new Set([new URL(origin).host]);
  // Whatever listens everywhere listens here, too.
  if (loopback || isEverywhere(host))
    for (const name of ["127.0.0.1", "localhost", "[::1]"]) hosts.add(new URL(`http://${name}:${port}`).host);
  // An address cannot be bound to another one, as a name can.
  const byAddress = !loopback && url === undefined;
  const isOurs = (asked: string | undefined): boolean => {
    if (asked === undefined) return false;
    const lower = asked.toLowerCase();
    if (hosts.has(lower)) return true;
    if (!byAddress) return false;
    const [, name = "", at] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(lower) ?? [];
    const known =
      isIP(name.replace(/^\[|\]$/g, "")) !== 0 || name === "localhost" || name === hostname().toLowerCase();
    return known && Number(at ?? 80) === port;
  };
  return {
    origin,
    https: origin.startsWith("https:"),
    isOurs,
    isOwnOrigin: (from, asked) => {
      if (from === origin) return true;
      return url === undefined && isOurs(asked) && from === `http://${asked?.toLowerCase()}`;
    },
  };
}

function publicUrlOf(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const web = url?.protocol === "https:" || url?.protocol === "http:";
  if (
    url !== undefined &&
    web &&
    url.pathname === "/" &&
    url.search === "" &&
    url.hash === "" &&
    url.username === ""
  ) {
    return url;
  }
  throw new DeployError({
    code: "console.bad-option",
    message: "The public URL must be a scheme and a host, without a path.",
    hint: "Write it like https://console.example.org.",
  });
}

/** Where this machine itself finds what listens on `host`. */
export function localUrl(host: string, port: number): string {
  return `http://${authority(isEverywhere(host) ? "127.0.0.1" : host, port)}`;
}

function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** An address that a browser can go to: the one for all of them is none. */
function reachable(host: string): string {
  if (!isEverywhere(host)) return host;
  const outward = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  return outward?.address ?? "127.0.0.1";
}

function authority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}
