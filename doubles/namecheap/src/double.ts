import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createPowerDns, type PowerDns } from "@deploy/powerdns-double";
import { commands, hostsAnswer, type World } from "./commands.js";
import { serve } from "./served.js";
import { type Domain, type DomainInput, type HostInput, hostOf, parkingHosts } from "./state.js";
import { Refused, refusal } from "./xml.js";

/** What happens to a call instead of, or beside, its answer. */
export type Fault =
  /** HTTP with this status, before anything is done. */
  | { readonly kind: "status"; readonly status: number; readonly body?: string }
  /** HTTP 200 with an error in it, before anything is done. */
  | { readonly kind: "error"; readonly number: number; readonly message: string }
  /** The connection ends before anything is done, or after. */
  | { readonly kind: "reset" | "lost" }
  /** Somebody else does something before the call is done, or between that and the answer. */
  | { readonly kind: "before" | "after"; readonly act: () => Promise<void> | void }
  /** `getHosts` answers with the first so many host records only. */
  | { readonly kind: "hosts"; readonly most: number };

/** A call that came. */
export interface RecordedCall {
  readonly method: string;
  /** Path and query as they came: where a key must not be. */
  readonly path: string;
  /** In lower case, without `namecheap.`: `domains.dns.sethosts`. */
  readonly command: string;
  readonly params: ReadonlyMap<string, string>;
}

/** How the double is made. */
export interface DoubleOptions {
  readonly domains?: readonly DomainInput[];
  /** Default `someone`. */
  readonly apiUser?: string;
  /** Default `a-key`. */
  readonly apiKey?: string;
  /** The address the calls come from, as Namecheap sees it. Default `203.0.113.5`. */
  readonly requestIp?: string;
  /** Addresses that may call. Default: `requestIp` only. */
  readonly allowed?: readonly string[];
  /** Calls in any minute before HTTP 405. Default 20. */
  readonly perMinute?: number;
}

/** The account at Namecheap. */
export interface NamecheapDouble {
  /** Instead of `https://api.namecheap.com/xml.response`. */
  readonly url: string;
  /** For a context's `env`. */
  readonly env: Readonly<Record<string, string>>;
  /** The name servers of all zones. */
  readonly dns: PowerDns;
  readonly calls: RecordedCall[];
  /** A domain as it stands. */
  domain(name: string): Domain;
  addDomain(input: DomainInput): Promise<void>;
  /** Adds, or takes away, a host record as somebody does by hand. */
  plant(domain: string, host: HostInput): Promise<void>;
  uproot(domain: string, name: string, type: string): Promise<void>;
  /** What happens to the next calls of a command, one after the other: `domains.dns.gethosts`. */
  next(command: string, ...faults: readonly Fault[]): void;
  /** Forgets calls, faults, and how many calls came in the last minute. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts the double with a PowerDNS of its own; throws where there is none. */
export async function createNamecheapDouble(options: DoubleOptions = {}): Promise<NamecheapDouble> {
  const { apiUser = "someone", apiKey = "a-key", requestIp = "203.0.113.5", perMinute = 20 } = options;
  const allowed = options.allowed ?? [requestIp];
  const dns = await createPowerDns();
  const world: World = { domains: new Map(), dns, apiUser };
  const calls: RecordedCall[] = [];
  const faults = new Map<string, Fault[]>();
  let recent: number[] = [];

  const domain = (name: string): Domain => {
    const found = world.domains.get(name);
    if (found === undefined) throw new Error(`no domain ${name}`);
    return found;
  };
  const replace = async (name: string, hosts: Domain["hosts"]): Promise<void> => {
    const found = domain(name);
    await serve(dns, name, found.hosts, hosts);
    found.hosts = hosts;
  };
  const addDomain = async ({
    name,
    emailType = "NONE",
    ourDns = true,
    hosts,
  }: DomainInput): Promise<void> => {
    await dns.createZone(name);
    world.domains.set(name, { name, emailType, ourDns, hosts: [] });
    await replace(name, (hosts ?? parkingHosts(name)).map(hostOf));
  };

  const answerTo = async (call: RecordedCall, fault: Fault | undefined): Promise<string> => {
    const { params } = call;
    const full = `namecheap.${call.command}`;
    try {
      if (!params.has("Command")) throw new Refused(1010104, "Parameter Command is missing");
      if (!params.has("ApiUser")) throw new Refused(1010101, "Parameter APIUser is missing");
      if (!params.has("ApiKey")) throw new Refused(1010102, "Parameter APIKey is missing");
      if (!params.has("ClientIp")) throw new Refused(1010105, "Parameter ClientIP is missing");
      if (params.get("ApiUser") !== apiUser || params.get("ApiKey") !== apiKey) {
        throw new Refused(1011102, "API Key is invalid or API access has not been enabled");
      }
      if (!allowed.includes(requestIp)) throw new Refused(1011150, `Invalid request IP: ${requestIp}`);
      if (fault?.kind === "error") throw new Refused(fault.number, fault.message);
      const command = commands[full];
      if (command === undefined) throw new Refused(1010104, "Command is not valid");
      if (fault?.kind === "hosts") {
        const found = domain(`${params.get("SLD")}.${params.get("TLD")}`);
        return hostsAnswer(found, found.hosts.slice(0, fault.most));
      }
      return await command(world, params);
    } catch (error) {
      if (error instanceof Refused) return refusal(full, error.number, error.message);
      throw error;
    }
  };

  const server = createServer((request, response) => {
    void (async () => {
      const params = await paramsOf(request);
      const command = (params.get("Command") ?? "").toLowerCase().replace(/^namecheap\./, "");
      const call = { method: request.method ?? "GET", path: request.url ?? "/", command, params };
      calls.push(call);
      const send = (status: number, body: string, type = "text/xml; charset=utf-8"): void => {
        response.writeHead(status, { "content-type": type }).end(body);
      };
      const now = Date.now();
      recent = [...recent.filter((at) => now - at < 60_000), now];
      if (recent.length > perMinute) return send(405, "<h1>Method Not Allowed</h1>", "text/html");
      // "Use HTTP POST when setting more than 10 hostnames".
      if (call.method === "GET" && params.has("HostName11"))
        return send(404, "<h1>Not Found</h1>", "text/html");
      const fault = faults.get(command)?.shift();
      if (fault?.kind === "reset") return void request.socket.destroy();
      if (fault?.kind === "status") return send(fault.status, fault.body ?? "<h1>Error</h1>", "text/html");
      if (fault?.kind === "before") await fault.act();
      const body = await answerTo(call, fault);
      if (fault?.kind === "after") await fault.act();
      if (fault?.kind === "lost") return void request.socket.destroy();
      send(200, body);
    })().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  for (const input of options.domains ?? []) await addDomain(input);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/xml.response`;

  return {
    url,
    env: {
      NAMECHEAP_API_USER: apiUser,
      NAMECHEAP_API_KEY: apiKey,
      NAMECHEAP_CLIENT_IP: requestIp,
      NAMECHEAP_API_URL: url,
    },
    dns,
    calls,
    domain,
    addDomain,
    plant: (name, host) => replace(name, [...domain(name).hosts, hostOf(host)]),
    uproot: (name, host, type) =>
      replace(
        name,
        domain(name).hosts.filter((one) => one.name !== host || one.type !== type),
      ),
    next(command, ...more) {
      faults.set(command, [...(faults.get(command) ?? []), ...more]);
    },
    reset() {
      calls.length = 0;
      faults.clear();
      recent = [];
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await dns.stop();
    },
  };
}

async function paramsOf(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const query = new URL(request.url ?? "/", "http://double").searchParams;
  return new Map([...query, ...new URLSearchParams(Buffer.concat(chunks).toString())]);
}
