import type { RecordPropagation, ServerState } from "../elements/propagation.js";
import type {
  CertificateStatus,
  DnsRecordType,
  DomainFinding,
  DomainStatus,
  ObservedRecordSet,
  Route,
  ZoneCopy,
} from "../elements/traffic.js";
import type { PlanBlock, PlannedChange } from "../engine/plan.js";
import type { FieldChange } from "../engine/resource.js";

/** What a record says, as far as it is known. */
export interface RecordContent {
  readonly values: readonly string[];
  /** Seconds; absent: the vendor's default. */
  readonly ttl?: number;
  /** What only the vendor knows, such as `{ proxied: true }`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** One record that the environment needs, wherever it is. */
export interface DomainRecord {
  /** Id of its resource: what `--adopt` takes. */
  readonly id: string;
  /** Absent while it is not known yet: a validation record gets its name from the issuer. */
  readonly name?: string;
  readonly type?: DnsRecordType;
  /** `traffic` leads a host to the app, `proof` shows an issuer whose the host is. */
  readonly use: "traffic" | "proof";
  /** Absent while its values are not known yet. */
  readonly wanted?: RecordContent;
  /**
   * What the vendor has in its place: ours, somebody else's, nothing; `by hand` where no DNS provider is declared,
   * `unknown` where the vendor could not be read.
   */
  readonly held: "ours" | "foreign" | "missing" | "by hand" | "unknown";
  readonly present?: RecordContent;
  /** Whose it is, in one clause, where it is not ours. */
  readonly owner?: string;
  /** What the next deployment would change in it. */
  readonly changes: readonly FieldChange[];
  /** What the servers of its zone answer. */
  readonly answered?: RecordPropagation;
}

/** A certificate, and how long it is good for. */
export interface CertificateReport extends CertificateStatus {
  /** Whole days until it expires; negative once it has. */
  readonly daysLeft?: number;
}

/** A domain of the environment. */
export interface DomainReport {
  readonly host: string;
  readonly leadsTo: Route;
  /** The zone that the DNS provider holds it in; absent without one. */
  readonly zone?: string;
  readonly provider?: string;
  /** Those that lead it to the app, or should. */
  readonly records: readonly DomainRecord[];
  /** What the ingress says of it. */
  readonly ingress?: DomainStatus;
  readonly certificate?: CertificateReport;
  /** `changing`: right at the vendor, and not yet so at every name server. */
  readonly state: "ok" | "changing" | "wrong";
}

/** A zone of the environment's domains. */
export interface ZoneReport {
  readonly zone: string;
  readonly provider?: string;
  /** The servers that the vendor answers for it with, where it says so. */
  readonly wanted?: readonly string[];
  /** What the servers of the zone above it say. */
  readonly delegation?: readonly string[];
  /** What its own servers say. */
  readonly own?: readonly string[];
  readonly servers: readonly ServerState[];
}

/** The domains of an environment: as wanted, as held, as answered. */
export interface DomainsStatus {
  readonly app: string;
  readonly environment: string;
  /** No finding is a problem. */
  readonly ok: boolean;
  readonly domains: readonly DomainReport[];
  /** Records that prove hosts to an issuer. */
  readonly proofs: readonly DomainRecord[];
  readonly zones: readonly ZoneReport[];
  readonly certificates: readonly CertificateReport[];
  /** Problems first, each with what to do. */
  readonly findings: readonly DomainFinding[];
}

/** What came of connecting to a host. */
export interface HostProbe {
  readonly host: string;
  /** Which of its addresses answered. */
  readonly address?: string;
  /** The certificate that was shown; absent where no TLS connection came about. */
  readonly certificate?: {
    readonly issuer: string;
    /** Names it is good for. */
    readonly names: readonly string[];
    readonly matches: boolean;
    /** Signed by an authority that this machine trusts. */
    readonly trusted: boolean;
    /** ISO 8601, UTC. */
    readonly expires: string;
    readonly daysLeft: number;
  };
  /** What the app answered to `GET /` over HTTPS. */
  readonly https?: { readonly status: number; readonly location?: string };
  /** What was answered to `GET /` over HTTP. */
  readonly http?: { readonly status: number; readonly location?: string };
}

/** The domains of an environment, looked at from outside as well. */
export interface DomainsCheck extends DomainsStatus {
  readonly hosts: readonly HostProbe[];
}

/** What is checked, and how patiently. */
export interface DomainsCheckOptions {
  /** Only these hosts of the environment; default: all. */
  readonly hosts?: readonly string[];
  /** Milliseconds to wait until every name server agrees. Default 0. */
  readonly waitMs?: number;
  /** Whether hosts are connected to. Default true. */
  readonly connect?: boolean;
  /** Hears what is waited for, a sentence at a time; it is not told more than every two seconds. */
  readonly onProgress?: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

/** A record in the plan. */
export interface RecordDiff {
  readonly id: string;
  readonly label: string;
  readonly name?: string;
  readonly type?: string;
  readonly action: "create" | "update" | "adopt" | "delete" | "blocked" | "none";
  readonly before?: RecordContent;
  /** Absent for a deletion, and while its values are not known yet. */
  readonly after?: RecordContent;
}

/** A record that somebody has to make, since no DNS provider is declared. */
export interface ManualRecord {
  /** Absent while the issuer has not told it. */
  readonly name?: string;
  readonly type?: DnsRecordType;
  readonly values?: readonly string[];
  readonly use: "traffic" | "proof";
  /** As a zone file holds it, where everything is known: `www.example.org. 300 IN CNAME lb.example.net.` */
  readonly lines: readonly string[];
}

/** The part of the plan that is about names: records, certificates, routes. */
export interface DomainsDiff {
  readonly app: string;
  readonly environment: string;
  readonly records: readonly RecordDiff[];
  /** Changes to certificates and routes, and those of DNS that are no record: settings, a shorter life before a change. */
  readonly changes: readonly PlannedChange[];
  /** What keeps it from being done. */
  readonly blocks: readonly PlanBlock[];
  /** Records of others at the same names: they stay as they are. */
  readonly beside: readonly (ObservedRecordSet & { readonly zone: string; readonly owner: string })[];
  readonly byHand: readonly ManualRecord[];
  readonly notes: readonly string[];
  /** Whether anything would change. */
  readonly pending: boolean;
}

/** What putting a copy of a zone back changes, or has changed. */
export interface ZoneRestore {
  readonly zone: string;
  readonly provider: string;
  readonly copy: ZoneCopy;
  /** Absent where the vendor cannot show what a copy holds. */
  readonly records?: readonly ZoneRecordChange[];
}

/** One record set that differs between a zone and its copy. */
export interface ZoneRecordChange {
  readonly name: string;
  readonly type: DnsRecordType;
  /** Absent: it is not in the zone now. */
  readonly before?: RecordContent;
  /** Absent: it is not in the copy. */
  readonly after?: RecordContent;
}
