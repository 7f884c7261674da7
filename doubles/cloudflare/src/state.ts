/** What a zone is paid for. */
export type PlanName = "free" | "pro" | "business" | "enterprise";

/** One record as Cloudflare keeps it: a single value. Never changed in place. */
export interface CloudflareRecord {
  readonly id: string;
  /** Fully qualified, lower case, punycode. */
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly priority?: number;
  readonly proxied: boolean;
  /** Seconds; 1 is automatic. */
  readonly ttl: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly comment: string | null;
  readonly tags: readonly string[];
  readonly created_on: string;
  readonly modified_on: string;
  readonly comment_modified_on?: string;
}

/** A certificate pack, in the words of the API. */
export interface CertificatePack {
  readonly id: string;
  readonly type: "universal" | "advanced" | "total_tls";
  hosts: readonly string[];
  status: string;
  /** ISO 8601; absent while nothing is issued. */
  expires?: string;
  problem?: string;
}

/** A redirect rule, in the words of the API. Never changed in place. */
export interface RedirectRule {
  readonly id: string;
  readonly version: string;
  readonly action: "redirect";
  readonly action_parameters: {
    readonly from_value: {
      readonly target_url: { readonly expression?: string; readonly value?: string };
      readonly status_code?: number;
      readonly preserve_query_string?: boolean;
    };
  };
  readonly expression: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly ref: string;
  readonly last_updated: string;
}

/** The redirect rules of a zone, in their order. */
export interface Ruleset {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly rules: readonly RedirectRule[];
  readonly last_updated?: string;
}

/** A zone, to be read by tests, and changed where they need to. */
export interface CloudflareZone {
  readonly id: string;
  readonly name: string;
  readonly account: string;
  plan: PlanName;
  quota: number | null;
  status: "initializing" | "pending" | "active" | "moved";
  readonly nameServers: readonly string[];
  records: ReadonlyMap<string, CloudflareRecord>;
  ssl: "off" | "flexible" | "full" | "strict";
  automaticMode: "auto" | "custom";
  universalEnabled: boolean;
  packs: CertificatePack[];
  /** Undefined while nobody has made the ruleset of its redirects. */
  redirects: Ruleset | undefined;
  /** What changes the zone runs after what was begun before. */
  lane: Promise<unknown>;
}

/** A token. */
export interface CloudflareToken {
  readonly id: string;
  readonly value: string;
  permissions: readonly string[];
  zones: readonly string[] | undefined;
  status: "active" | "disabled" | "expired";
  readonly account: string;
}

/** Operations a batch may hold by plan: developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes. */
export function batchLimit(plan: PlanName): number {
  return plan === "free" ? 200 : 3500;
}

/** Characters a comment may hold by plan. */
export function commentLimit(plan: PlanName): number {
  return plan === "free" ? 100 : 500;
}
