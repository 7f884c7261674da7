import { Resolver } from "node:dns/promises";
import { askReferral } from "./referral.js";
import { type ServerProcess, startServer } from "./server-process.js";

/** All records of one name and type, as the server holds them. */
export interface ServedRecordSet {
  /** Fully qualified, lower case, without the last dot. */
  readonly name: string;
  /** Any type PowerDNS knows, `ALIAS` included. */
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  /** In the form of a zone file: `10 mail.example.org.`, `"quoted" "text"`; host names end with a dot. */
  readonly values: readonly string[];
  /** Free text kept with the set and not served. */
  readonly comment?: string;
}

/** One step of a patch: the set as it is to be, or, without values, that it is to be gone. */
export type RecordSetChange = Pick<ServedRecordSet, "name" | "type"> & Partial<ServedRecordSet>;

/** A PowerDNS server with zones of a test's own. */
export interface PowerDns {
  /** Where it answers questions, UDP and TCP. */
  readonly address: string;
  readonly port: number;
  /** Its HTTP API, for what is not here; it wants the header `X-API-Key`. */
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Makes a zone with SOA and NS; `nameServers` without the last dot. Default: `ns1` and `ns2.example.net`. */
  createZone(name: string, nameServers?: readonly string[]): Promise<void>;
  deleteZone(name: string): Promise<void>;
  /** Names without the last dot, sorted. */
  zones(): Promise<readonly string[]>;
  /** Everything in a zone, SOA and NS included. */
  list(zone: string): Promise<readonly ServedRecordSet[]>;
  /**
   * Applies all changes in one transaction, or none; throws {@link PowerDnsRefused} for what a zone must not hold.
   *
   * A set is replaced as a whole. Default TTL 300.
   */
  patch(zone: string, changes: readonly RecordSetChange[]): Promise<void>;
  /**
   * Asks the server over the network as a resolver does: UDP, and TCP where an answer is long.
   *
   * @returns the values in the form of {@link ServedRecordSet}, without last dots and TXT unquoted; sorted; empty for
   * no such name or no such type.
   */
  ask(
    name: string,
    type: "A" | "AAAA" | "CAA" | "CNAME" | "MX" | "NS" | "SRV" | "TXT",
  ): Promise<readonly string[]>;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

/** How a server is started. */
export interface PowerDnsOptions {
  /** Default `127.0.0.1`; on Linux the whole of 127.0.0.0/8 can be used. */
  readonly address?: string;
  /** Default: any free one. */
  readonly port?: number;
  /**
   * `address:port` of whom it asks for what an ALIAS leads to. Default: itself, so that an ALIAS to a name in another
   * of its zones is answered with that name's addresses.
   */
  readonly resolver?: string;
}

/** What PowerDNS did not take, in its own words. */
export class PowerDnsRefused extends Error {
  override readonly name = "PowerDnsRefused";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Starts a server without zones; it throws {@link import("./find.js").powerDnsMissing} where there is no PowerDNS. */
export async function createPowerDns(options: PowerDnsOptions = {}): Promise<PowerDns> {
  const server = await startServer({
    address: options.address ?? "127.0.0.1",
    port: options.port,
    resolver: options.resolver,
  });
  const api = client(server);
  return {
    address: server.address,
    port: server.port,
    apiUrl: server.apiUrl,
    apiKey: server.apiKey,
    stop: () => server.stop(),
    async createZone(name, nameServers = ["ns1.example.net", "ns2.example.net"]) {
      await api("POST", "zones?rrsets=false", {
        name: dotted(name),
        kind: "Native",
        nameservers: nameServers.map(dotted),
      });
    },
    async deleteZone(name) {
      await api("DELETE", zonePath(name));
    },
    async zones() {
      const zones = (await api("GET", "zones")) as readonly { readonly name: string }[];
      return zones.map(({ name }) => plain(name)).sort();
    },
    async list(zone) {
      const { rrsets } = (await api("GET", zonePath(zone))) as { readonly rrsets: readonly ApiRecordSet[] };
      return rrsets.map(fromApi);
    },
    async patch(zone, changes) {
      if (changes.length === 0) return;
      await api("PATCH", zonePath(zone), { rrsets: changes.map(toApi) });
    },
    ask: (name, type) => ask(server, name, type),
  };
}

interface ApiRecordSet {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly { readonly content: string; readonly disabled: boolean }[];
  readonly comments: readonly { readonly content: string }[];
}

function fromApi(set: ApiRecordSet): ServedRecordSet {
  const comment = set.comments[0]?.content;
  return {
    name: plain(set.name),
    type: set.type,
    ttl: set.ttl,
    values: set.records.map(({ content }) => content),
    ...(comment === undefined ? {} : { comment }),
  };
}

function toApi({ name, type, ttl, values, comment }: RecordSetChange): object {
  const place = { name: dotted(name), type };
  if (values === undefined || values.length === 0) return { ...place, changetype: "DELETE" };
  return {
    ...place,
    changetype: "REPLACE",
    ttl: ttl ?? 300,
    records: values.map((content) => ({ content, disabled: false })),
    comments: comment === undefined ? [] : [{ content: comment, account: "" }],
  };
}

type Api = (method: string, path: string, body?: object) => Promise<unknown>;

function client({ apiUrl, apiKey }: ServerProcess): Api {
  return async (method, path, body) => {
    const response = await fetch(`${apiUrl}/api/v1/servers/localhost/${path}`, {
      method,
      headers: { "X-API-Key": apiKey, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new PowerDnsRefused(response.status, reasonIn(text));
    return text === "" ? undefined : JSON.parse(text);
  };
}

function reasonIn(text: string): string {
  try {
    return String((JSON.parse(text) as { error?: unknown }).error ?? text);
  } catch {
    return text;
  }
}

const nothingThere: ReadonlySet<unknown> = new Set(["ENODATA", "ENOTFOUND"]);

async function ask(
  { address, port }: ServerProcess,
  name: string,
  type: Parameters<PowerDns["ask"]>[1],
): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 5000, tries: 2 });
  resolver.setServers([`${address}:${port}`]);
  try {
    return (await answersOf(resolver, name, type)).sort();
  } catch (error) {
    // Who is asked for a name that was given to others answers with those, not for them.
    if (nothingThere.has((error as { code?: unknown }).code)) {
      return type === "NS" ? (await askReferral({ address, port }, name)).sort() : [];
    }
    throw error;
  }
}

async function answersOf(
  resolver: Resolver,
  name: string,
  type: Parameters<PowerDns["ask"]>[1],
): Promise<string[]> {
  switch (type) {
    case "A":
      return resolver.resolve4(name);
    case "AAAA":
      return resolver.resolve6(name);
    case "CNAME":
      return resolver.resolveCname(name);
    case "NS":
      return resolver.resolveNs(name);
    case "TXT":
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(""));
    case "MX":
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`);
    case "SRV":
      return (await resolver.resolveSrv(name)).map((one) =>
        [one.priority, one.weight, one.port, one.name].join(" "),
      );
    case "CAA":
      return (await resolver.resolveCaa(name)).map(({ critical, ...rest }) =>
        Object.entries(rest)
          .map(([tag, value]) => `${critical} ${tag} ${value}`)
          .join(),
      );
  }
}

/** The form of a name in a path of the API. */
function zonePath(name: string): string {
  return `zones/${encodeURIComponent(dotted(name).replaceAll("/", "=2F"))}`;
}

function dotted(name: string): string {
  return name.endsWith(".") ? name : `${name}.`;
}

function plain(name: string): string {
  return name.replace(/\.$/, "");
}
