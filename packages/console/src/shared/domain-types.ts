/**
 * What the routes of domains and certificates answer, as JSON; nothing here may import from node. Times are milliseconds since 1970.
 *
 * @module
 */

import type { Part } from "./part-types.js";

/** All domains of an environment in one line. */
export interface DomainsOverview {
  readonly state: DomainState;
  readonly hosts: readonly DomainOverview[];
  /** Sentences, problems only. */
  readonly problems: readonly string[];
}

/** `unknown`: nobody could be asked. */
export type DomainState = "ok" | "changing" | "wrong" | "unknown";

/** A domain in one line. */
export interface DomainOverview {
  readonly host: string;
  readonly state: DomainState;
  readonly certificate?: {
    readonly state: "issued" | "pending" | "failed";
    /** Whole days, negative once it has expired; absent: neither the vendor nor the host itself tells. */
    readonly daysLeft?: number;
  };
}

/** `GET …/domains`; `POST …/domains/check` answers the same, with what the hosts themselves answered. */
export interface EnvironmentDomains {
  readonly app: string;
  readonly environment: string;
  readonly domains: Part<DomainsView>;
}

/** `GET /api/domains`: of every app that the caller may see. */
export interface AllDomains {
  readonly now: number;
  readonly environments: readonly EnvironmentDomains[];
}

/** The domains of an environment. */
export interface DomainsView {
  readonly state: DomainState;
  readonly domains: readonly DomainView[];
  readonly zones: readonly ZoneView[];
  readonly certificates: readonly CertificateView[];
  /** Records that prove hosts to an issuer. */
  readonly proofs: readonly RecordView[];
  /** Problems first, each with what to do. */
  readonly findings: readonly FindingView[];
  /** What somebody has to enter by hand, as a zone file has it; empty where a DNS provider is declared. */
  readonly byHand: readonly string[];
  /** When the hosts were last connected to. */
  readonly checkedAt?: number;
}

/** A host: what is wanted, what is, what is wrong. */
export interface DomainView {
  readonly host: string;
  readonly leadsTo: { readonly process: string } | { readonly redirect: string };
  readonly state: DomainState;
  readonly zone?: string;
  /** The DNS provider's name; absent: records are made by hand. */
  readonly provider?: string;
  readonly records: readonly RecordView[];
  readonly certificate?: CertificateView;
  /** What the ingress says of it: where it has to lead, its certificate in the vendor's words, why it does not serve. */
  readonly ingress?: { readonly target?: string; readonly certificate?: string; readonly problem?: string };
  /** What came of connecting to it. */
  readonly probe?: ProbeView;
  readonly findings: readonly FindingView[];
}

/** A record as wanted, as held, as answered. */
export interface RecordView {
  readonly name?: string;
  readonly type?: string;
  readonly wanted?: readonly string[];
  readonly held: "ours" | "foreign" | "missing" | "by hand" | "unknown";
  readonly present?: readonly string[];
  /** Whose it is, where it is not ours. */
  readonly owner?: string;
  /** The next deployment would change it. */
  readonly changes: boolean;
  /** Name servers that agree, of those that can be reached. */
  readonly answered?: {
    readonly state: "everywhere" | "partly" | "nowhere" | "unknown";
    readonly agree: number;
    readonly of: number;
    readonly reason?: string;
  };
}

/** A certificate, and how long it is good for. */
export interface CertificateView {
  readonly hosts: readonly string[];
  readonly issuer: string;
  readonly state: "issued" | "pending" | "failed";
  readonly expires?: number;
  /** Whole days; negative once it has expired. */
  readonly daysLeft?: number;
  /** How it is renewed, in one clause. */
  readonly renewal?: string;
  readonly problem?: string;
  /** `vendor`: it says so; `host`: it is what the host shows to browsers. */
  readonly source: "vendor" | "host";
}

/** What a host answered. */
export interface ProbeView {
  readonly address?: string;
  readonly certificate?: {
    readonly issuer: string;
    readonly matches: boolean;
    readonly trusted: boolean;
    readonly expires: number;
    readonly daysLeft: number;
  };
  readonly https?: { readonly status: number; readonly location?: string };
  readonly http?: { readonly status: number; readonly location?: string };
}

/** A zone and its servers. */
export interface ZoneView {
  readonly zone: string;
  readonly provider?: string;
  readonly wanted?: readonly string[];
  readonly delegation?: readonly string[];
  readonly own?: readonly string[];
  readonly servers: readonly {
    readonly server: string;
    readonly state: "answers" | "lame" | "silent" | "unreachable";
    readonly reason?: string;
  }[];
}

/** What is wrong, or worth knowing, and what to do. */
export interface FindingView {
  /** The zone, or the host. */
  readonly name: string;
  readonly severity: "problem" | "note";
  readonly message: string;
  readonly hint?: string;
}
