import type { Context } from "../context.js";
import type { In, Out } from "../engine/out.js";
import type { AnyResource } from "../engine/resource.js";
import type { Support } from "./capability.js";
import type { ElementPlan, Scope } from "./scope.js";

/** What a host name leads to. */
export type Route =
  | { readonly host: string; readonly process: string }
  | { readonly host: string; readonly redirect: string };

/** What a DNS record has to say so that a host name leads to an ingress. The kind is known at plan time. */
export type Endpoint =
  | {
      readonly kind: "hostname";
      readonly host: In<string>;
      /**
       * What a certain DNS provider may use instead of a CNAME, by that provider's name: an alias zone, say. It
       * reaches that provider as `extra.aliasZone` of a record of type ALIAS.
       */
      readonly alias?: Readonly<Record<string, In<string>>>;
    }
  | { readonly kind: "address"; readonly ipv4: In<string>; readonly ipv6?: In<string> }
  /** The name resolves to the ingress by itself: no record is needed. */
  | { readonly kind: "none" };

/** What an ingress can do; checked before any call. */
export interface IngressCapabilities {
  readonly customHosts: Support;
  readonly redirects: Support;
  readonly wildcards: Support;
  readonly webSockets: Support;
  /** Kinds of certificate it can terminate with, in order of preference; empty: plain HTTP only. */
  readonly certificateKinds: readonly string[];
}

/** The routes of an environment in a plan. */
export interface IngressPlan extends ElementPlan {
  /** One per host of the routes. */
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  /** The URL which answers even without any domain. */
  readonly url: Out<string>;
}

/** A host name as it is at the vendor. */
export interface DomainStatus {
  readonly host: string;
  /** Where its DNS record has to lead; absent while the vendor has not decided it. */
  readonly target?: string;
  /** The state of its certificate in the vendor's own words, where there is one: `cert issued`. */
  readonly certificate?: string;
  /** Why it does not serve, or has no certificate, as the vendor says. */
  readonly problem?: string;
}

/** Element six, first part: from host names to processes. */
export interface Ingress {
  readonly capabilities: IngressCapabilities;
  /** All routes of the environment at once; `after` holds what must serve before they are switched; it is empty when that stands. */
  routes(
    scope: Scope,
    routes: readonly Route[],
    options: { readonly certificate?: Certificate; readonly after: readonly AnyResource[] },
  ): IngressPlan;
  /** How each host name is now, without those which are the vendor's own. Absent: the vendor has nothing to say. */
  status?(context: Context, scope: Scope): Promise<readonly DomainStatus[]>;
}

/** Types of record that core can plan. */
export type DnsRecordType = "A" | "AAAA" | "CNAME" | "TXT" | "CAA" | "MX" | "NS" | "SRV" | "ALIAS";

/** All records of one name and type. */
export interface DnsRecordSet {
  /** Fully qualified, lower case, without the last dot. */
  readonly name: string;
  readonly type: DnsRecordType;
  readonly values: readonly string[];
  /** Seconds; absent: the vendor's default. */
  readonly ttl?: number;
  /** What only one vendor knows, passed through: `{ proxied: true }`. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** What it is for: it is planned with it and no vendor holds it. Default `traffic`. A proof is never proxied or flattened. */
  readonly use?: "traffic" | "proof";
}

/** A record set as the vendor holds it. */
export interface ObservedRecordSet extends DnsRecordSet {
  /** The marker that was written with it (a comment, a TXT registry entry); absent: not ours. */
  readonly marker?: string;
}

/** One step of a batch; `marker` is to be written with the record, at most 100 characters. */
export type DnsRecordChange =
  | { readonly action: "create"; readonly record: DnsRecordSet; readonly marker: string }
  | {
      readonly action: "update";
      readonly record: DnsRecordSet;
      readonly before: ObservedRecordSet;
      readonly marker: string;
    }
  | { readonly action: "delete"; readonly before: ObservedRecordSet };

/** What a DNS provider can do; checked before any call. */
export interface DnsCapabilities {
  /** How the root of a zone can lead to a host name: as a CNAME that is flattened, by a record type, or not. */
  readonly apex: "flatten" | "alias" | { readonly no: string; readonly link?: string };
  readonly types: readonly DnsRecordType[];
  readonly wildcards: Support;
  /** A redirect of a whole host can be served by this vendor. */
  readonly redirects: Support;
  /** Seconds a record can be told to live. Absent: any time. */
  readonly ttl?: { readonly least: number; readonly most: number };
}

/** What is not as it should be at a DNS vendor, or what somebody should know. */
export interface DomainFinding {
  /** The zone, or the host it is about. */
  readonly name: string;
  readonly severity: "problem" | "note";
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
}

/** A zone as it was before a change, where a vendor replaces zones as a whole. */
export interface ZoneCopy {
  /** Names it among the copies of its zone. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly records: number;
}

/** TLS at the vendor's own edge, in front of an ingress. */
export interface EdgePlan extends ElementPlan {
  /** The hosts that the edge answers for with a certificate of its own. */
  readonly hosts: readonly string[];
}

/**
 * Element six, second part: names. A plugin lists records and applies a batch; core does the diff, ownership,
 * conflicts and thresholds.
 */
export interface Dns {
  readonly capabilities: DnsCapabilities;
  /**
   * The zones these credentials may change, by name, such as `example.org`; what core asks about one of them, it calls
   * by its name in lower case and in punycode.
   */
  zones(context: Context): Promise<readonly string[]>;
  /** Everything in the zone, paged through to the end. */
  list(context: Context, zone: string): Promise<readonly ObservedRecordSet[]>;
  /**
   * A redirect of a whole host, served at the vendor's edge: with its record, if it needs one.
   *
   * Only asked where `redirects` is a yes and the ingress cannot redirect. `after` holds what has to serve before.
   */
  redirect?(
    scope: Scope,
    host: string,
    target: string,
    options: { readonly after: readonly AnyResource[] },
  ): ElementPlan;
  /**
   * The record as this vendor will hold it, with its own options and defaults in it, so that a second plan is empty.
   * Pure: asked while planning, with those of the values that are known by then, and more than once: what it answered
   * comes back as it was. Throws `dns.unsupported-record` for what the vendor cannot hold.
   */
  prepare?(record: DnsRecordSet, zone: string): DnsRecordSet;
  /** The servers that the vendor answers for the zone with: what the domain has to be delegated to. */
  nameServers?(context: Context, zone: string): Promise<readonly string[]>;
  /** What this vendor alone can tell of a zone: modes, certificates at its edge, what it would not keep. */
  inspect?(context: Context, zone: string, hosts: readonly string[]): Promise<readonly DomainFinding[]>;
  /**
   * Gates and settings for hosts that are proxied; asked with the hosts that lead to the ingress, and whether that has
   * a certificate for them. Its resources come before the records of the hosts.
   */
  edge?(scope: Scope, hosts: readonly string[], origin: { readonly secure: boolean }): EdgePlan;
  /** The copies made before each write, newest first: where the vendor has no transaction. */
  copies?(context: Context, zone: string): Promise<readonly ZoneCopy[]>;
  /** The records of a copy, so that it can be seen what putting it back would change. Belongs to `copies`. */
  readCopy?(context: Context, zone: string, id: string): Promise<readonly ObservedRecordSet[]>;
  /** Puts a copy back: the records in it, foreign ones too; it is a write like others, copied before. */
  restore?(context: Context, zone: string, id: string): Promise<void>;
  /** Applies the batch in one call where the vendor can; each step must be safe to repeat after a lost answer. */
  apply(context: Context, zone: string, changes: readonly DnsRecordChange[]): Promise<void>;
}

/** A certificate in a plan. */
export interface Certificate extends ElementPlan {
  readonly kind: string;
  readonly reference: Out<string>;
  /** The gate that opens once it is issued; separate from the certificate, whose proof has to be published first. */
  readonly issued: AnyResource;
}

/** What a certificate provider can do; checked before any call. */
export interface CertificatesCapabilities {
  /** What an ingress must be able to terminate, such as `acm`, `pem`. */
  readonly kind: string;
  readonly wildcards: Support;
  readonly proof: "dns" | "http" | "none";
  /** What a CAA record has to name, any one of them, so that it may issue: `amazon.com`. Absent: not checked. */
  readonly caaIdentities?: readonly string[];
}

/** A certificate as its issuer has it. */
export interface CertificateStatus {
  readonly hosts: readonly string[];
  /** Who signed it, or will: `Amazon`, `Let's Encrypt`. */
  readonly issuer: string;
  readonly state: "issued" | "pending" | "failed";
  /** ISO 8601, UTC. */
  readonly expires?: string;
  /** How it is renewed, and how that goes, in one clause. */
  readonly renewal?: string;
  /** Why it is not issued, or will not be renewed, as the issuer says, and since when. */
  readonly problem?: string;
}

/** Element six, third part: proof that a host name is ours. */
export interface Certificates {
  readonly capabilities: CertificatesCapabilities;
  /**
   * `prove` publishes a validation record, early, at whichever DNS provider holds the zone; `key` is the same in every
   * run. Hosts that share one record (a wildcard and its parent) prove it once. Where the environment has no DNS
   * provider the record is made by hand: it counts as made, and `pending` of `issued` has to name it, with its type
   * and value. With the proof `http` the routes do not wait for `issued`, since it is they that serve the proof.
   */
  certificate(
    scope: Scope,
    hosts: readonly string[],
    prove: (key: string, host: string, record: In<DnsRecordSet>) => AnyResource,
  ): Certificate;
  /** The certificates of the environment as they are now. */
  status?(context: Context, scope: Scope): Promise<readonly CertificateStatus[]>;
}
