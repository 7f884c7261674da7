import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { DeployError } from "@deploy/core";

/** Who is on the other side of a connection, and how they came. */
export interface Peer {
  /** Without a zone; IPv4 in its own form also where it came over IPv6. */
  readonly address: string;
  /** What a trusted proxy says the client spoke; undefined: there is no such proxy. */
  readonly protocol?: "http" | "https";
}

/**
 * Tells the client's address.
 *
 * `X-Forwarded-For` and `-Proto` are believed from the configured proxies only, and of the list only what they have
 * added: read from its end, up to the first address that is no proxy of ours.
 *
 * @throws `console.bad-option` for what is neither an address nor a network.
 */
export function createPeerReader(trusted: readonly string[]): (request: IncomingMessage) => Peer {
  const proxies = new BlockList();
  for (const place of trusted) addPlace(proxies, place);
  const isProxy = (address: string): boolean =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return (request) => {
    const direct = plain(request.socket.remoteAddress ?? "");
    if (!isProxy(direct)) return { address: direct };
    const forwarded = textOf(request.headers["x-forwarded-for"])
      .split(",")
      .map((part) => plain(part.trim()))
      .reverse();
    let address = direct;
    for (const next of forwarded) {
      if (isIP(next) === 0) break;
      address = next;
      if (!isProxy(next)) break;
    }
    const protocol = textOf(request.headers["x-forwarded-proto"]).split(",").at(-1)?.trim();
    return protocol === "http" || protocol === "https" ? { address, protocol } : { address };
  };
}

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, "");
  return address === "localhost" || address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

function addPlace(list: BlockList, place: string): void {
  const [address = "", bits] = place.split("/", 2);
  const family = isIP(address);
  const length = bits === undefined ? undefined : Number(bits);
  const most = family === 6 ? 128 : 32;
  const wrong = length !== undefined && (!/^\d{1,3}$/.test(bits ?? "") || length > most);
  if (family === 0 || wrong) {
    throw new DeployError({
      code: "console.bad-option",
      message: `A trusted proxy must be an address or a network, not "${place}".`,
      hint: "Write it like 10.0.0.7, 10.0.0.0/8 or fd00::/8.",
    });
  }
  const type = family === 6 ? "ipv6" : "ipv4";
  if (length === undefined) list.addAddress(address, type);
  else list.addSubnet(address, length, type);
}

function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : (header ?? []).join(",");
}
