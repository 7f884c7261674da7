/** A host record as Namecheap keeps it. */
export interface Host {
  readonly id: number;
  /** `@` for the root. */
  readonly name: string;
  readonly type: string;
  readonly address: string;
  readonly mxPref: number;
  readonly ttl: number;
}

/** A domain of the account. */
export interface Domain {
  readonly name: string;
  emailType: string;
  /** Whether it is delegated to Namecheap's own name servers. */
  ourDns: boolean;
  hosts: readonly Host[];
}

/** A host record as a test gives it. */
export interface HostInput {
  readonly name: string;
  readonly type: string;
  readonly address: string;
  readonly mxPref?: number;
  readonly ttl?: number;
}

/** A domain as a test gives it. */
export interface DomainInput {
  readonly name: string;
  /** Default `NONE`. */
  readonly emailType?: string;
  /** Default true. */
  readonly ourDns?: boolean;
  /** Default: the records of a parked domain. */
  readonly hosts?: readonly HostInput[];
}

/** What Namecheap answers for as long as a domain has no records of its own. */
export function parkingHosts(domain: string): readonly HostInput[] {
  return [
    { name: "www", type: "CNAME", address: "parkingpage.namecheap.com" },
    { name: "@", type: "URL", address: `http://www.${domain}/` },
  ];
}

let lastId = 877_000;

/** With an id of its own and the form it has on the wire: a dot behind host names. */
export function hostOf({ name, type, address, mxPref = 10, ttl = 1799 }: HostInput): Host {
  lastId += 1;
  const isTarget = ["CNAME", "ALIAS", "MX", "NS"].includes(type);
  return {
    id: lastId,
    name: name.toLowerCase(),
    type,
    address: isTarget && !address.endsWith(".") ? `${address}.` : address,
    mxPref,
    ttl,
  };
}
