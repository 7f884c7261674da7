/**
 * What the routes of apps, releases, processes, config and domains take and answer, as JSON; nothing here may import
 * from node. Times are milliseconds since 1970. Paths are below `/api/apps/:app/environments/:environment` unless they
 * say otherwise.
 *
 * @module
 */

import type { Role } from "./access-types.js";
import type { FeedState } from "./log-types.js";

/** Whether the provider can do something; `no` is the reason, for a person. */
export type Support = true | { readonly no: string; readonly link?: string };

/** A failure, for a person; no secret in it. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/**
 * One part of a picture, with its own age and its own failure: what could be had is shown although the rest could not.
 *
 * Never asked: neither `value` nor `trouble`. Failed after it was there: both, and `value` is the one of `at`.
 */
export interface Part<T> {
  readonly value?: T;
  /** When `value` was seen. */
  readonly at?: number;
  /** Why it could not be had at the last try. */
  readonly trouble?: Trouble;
  /** When it was last tried in vain. */
  readonly failedAt?: number;
  /** It is being asked for. */
  readonly refreshing: boolean;
  /** `value` is older than it should be: say so beside it. */
  readonly stale: boolean;
}

/** `GET /api/overview`. */
export interface Overview {
  /** The server's clock, which all times are of. */
  readonly now: number;
  /** By app, then environment. */
  readonly environments: readonly EnvironmentOverview[];
  /** Environments that are declared by a pattern, such as `review/*`, and cannot be listed. */
  readonly patterns: readonly { readonly app: string; readonly pattern: string; readonly reason: string }[];
  /** Configuration that could not be loaded; only for those with a role for every app (`*`). */
  readonly problems: readonly ConfigTrouble[];
}

/** A file that could not be loaded, or is at odds with another. */
export interface ConfigTrouble {
  /** File or directory. */
  readonly place: string;
  readonly message: string;
  readonly hint?: string;
}

/** One app in one environment, at a glance. */
export interface EnvironmentOverview {
  readonly app: string;
  readonly environment: string;
  /** Name of the provider that runs it. */
  readonly provider: string;
  /** Changes need the environment's name, typed. */
  readonly protected: boolean;
  readonly service: Part<ServiceOverview>;
  readonly lastDeploy: Part<DeployOverview | null>;
  readonly domains: Part<DomainsOverview>;
  readonly cost: Part<CostView>;
  /** How its log lines come. */
  readonly feed: FeedState;
  /** Of the newest run that was told to the console and is under way. */
  readonly run?: {
    readonly id: string;
    readonly operation: string;
    readonly by: string;
    readonly startedAt: number;
  };
}

/**
 * `empty`: nothing was deployed; `ok`: all that should run runs; `starting`: some are on their way, none has a problem;
 * `degraded`: some run, some have a problem or are missing; `down`: nothing of a process runs that should.
 */
export type Health = "empty" | "ok" | "starting" | "degraded" | "down";

/** What serves. */
export interface ServiceOverview {
  readonly health: Health;
  /** The number in service; absent: nothing is. */
  readonly release?: number;
  readonly urls: readonly string[];
  readonly processes: readonly ProcessOverview[];
  /** Add-ons and servers that are not as they should be, a sentence each. */
  readonly problems: readonly string[];
  /** Somebody deploys right now. */
  readonly lock?: LockView;
}

/** Who holds the deploy lock. */
export interface LockView {
  readonly by: string;
  readonly since: number;
  readonly operation: string;
}

/** A process in numbers. */
export interface ProcessOverview {
  readonly name: string;
  readonly desired: number;
  readonly running: number;
  /** What its instances have to say, each sentence once. */
  readonly problems: readonly string[];
}

/** The release that was made last, in service or not. */
export interface DeployOverview {
  readonly release: number;
  readonly state: ReleaseState;
  readonly at: number;
  readonly author: string;
  readonly commit?: string;
  readonly message?: string;
}

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

/** `POST …/refresh`: looks again now. Answers with {@link EnvironmentOverview} once every part was tried, or after 20 s. */
export interface RefreshRequest {
  /** Default: all. */
  readonly parts?: readonly OverviewPart[];
}

/** The name of a part. */
export type OverviewPart = "service" | "lastDeploy" | "domains" | "cost";

/** As the vendor says. */
export type ReleaseState = "pending" | "active" | "superseded" | "failed";

/** `GET …/releases`, newest first. */
export interface ReleaseList {
  readonly releases: readonly ReleaseView[];
  /** Whether an earlier one can be put back. */
  readonly rollback: Support;
  /** The number that a rollback without a number goes to; absent: there is none. */
  readonly rollbackTo?: number;
}

/** A release without any value. */
export interface ReleaseView {
  readonly number: number;
  readonly state: ReleaseState;
  readonly at: number;
  readonly author: string;
  readonly commit?: string;
  /** Made from a tree with changes that were not committed. */
  readonly dirty?: boolean;
  readonly message?: string;
  /** It is a rollback to this one. */
  readonly repeats?: number;
  /** `staging release 12`. */
  readonly promotedFrom?: string;
  /** In the vendor's words. */
  readonly description?: string;
  /** Why it failed. */
  readonly failure?: string;
  readonly image: string;
  /** Against the one that served before it; absent for the first. */
  readonly diff?: ReleaseDiff;
}

/** `GET …/releases/:number`. */
export interface ReleaseDetail extends ReleaseView {
  /** Names of plain config, in order. */
  readonly config: readonly string[];
  readonly secrets: readonly { readonly name: string; readonly version: string }[];
  /** Where the image is. */
  readonly location: string;
}

/** What a release changed: names only, never a value. */
export interface ReleaseDiff {
  /** The number it is compared with. */
  readonly from: number;
  /** Digests; absent: the same image. */
  readonly image?: { readonly before: string; readonly after: string };
  readonly config: NameChanges;
  /** A secret has changed when its version has. */
  readonly secrets: NameChanges;
  /** Commits of the two; absent when they are the same, or not known. */
  readonly commits?: {
    readonly from: string;
    readonly to: string;
    /** First lines, newest first, at most 50; absent where the console has no copy of the repository. */
    readonly list?: readonly { readonly commit: string; readonly subject: string; readonly author: string }[];
    /** There are more than are listed. */
    readonly more?: boolean;
  };
}

/** Names that came, went, or have another value. */
export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** `POST …/rollback`. */
export interface RollbackRequest {
  /** Default: the one that served before. */
  readonly to?: number;
  /** The environment's name, typed; needed where it is protected. */
  readonly confirm?: string;
}

/** `POST …/scale`. */
export interface ScaleRequest {
  /** Process to number of instances, 0 to 1000. */
  readonly instances: Readonly<Record<string, number>>;
  readonly confirm?: string;
}

/** `POST …/restart`. */
export interface RestartRequest {
  /** Default: all. */
  readonly process?: string;
  readonly confirm?: string;
}

/** What rollback, scale and restart answer with status 202: the run goes on and can be watched as any other. */
export interface OperationStarted {
  readonly runId: string;
}

/** `GET …/processes`. */
export interface ProcessList {
  readonly release?: number;
  readonly health: Health;
  readonly processes: readonly ProcessView[];
  readonly scale: Support;
  /** Whether a shell opens inside an instance; where it does not, it opens in a fresh copy. */
  readonly exec: Support;
  readonly lock?: LockView;
}

/** A process with its instances. */
export interface ProcessView extends ProcessOverview {
  readonly health: Health;
  /** What the app declares; what a scaling sets is set back to it by the next deployment. Absent: scaling stays. */
  readonly declared?: number;
  /** The vendor's name of what an instance gets. */
  readonly size?: string;
  readonly instances: readonly InstanceView[];
}

/** One copy of a process. */
export interface InstanceView {
  /** `web.1`. */
  readonly name: string;
  readonly state: "starting" | "running" | "draining" | "stopping" | "crashed" | "crash-loop" | "stopped";
  readonly release: number;
  readonly since: number;
  readonly restarts: number;
  /** Bytes in use. */
  readonly memory?: number;
  /** Percent of one CPU. */
  readonly cpu?: number;
  readonly problem?: string;
}

/** `GET …/jobs`. */
export interface JobList {
  readonly jobs: readonly JobView[];
}

/** A scheduled task. */
export interface JobView {
  readonly name: string;
  /** Cron, five fields. */
  readonly schedule: string;
  /** IANA name; absent: it is not declared any longer. */
  readonly timeZone?: string;
  /** `not there`: declared, and the release in service has it not; `not declared`: the other way round. */
  readonly state: "scheduled" | "not there" | "not declared";
  readonly nextRun?: number;
  readonly lastRun?: {
    readonly at: number;
    /** Null: it runs, or its end is not known. */
    readonly exitCode: number | null;
    readonly seconds: number;
  };
}

/** `GET …/config`: names, never values. */
export interface ConfigView {
  /** The release that `inService` is about; absent: nothing is in service. */
  readonly release?: number;
  readonly variables: readonly VariableView[];
  readonly secrets: Part<readonly SecretView[]>;
  /** Whether values of secrets can be read back. */
  readonly reveal: Support;
  readonly addons: readonly AddonView[];
}

/** A variable that is no secret. */
export interface VariableView {
  readonly name: string;
  /** `app`: declared for all processes; `process`: for the ones in `processes`; `addon`: an add-on provides it; `deploy`: where a fellow process is; `release`: no longer declared. */
  readonly from: "app" | "process" | "addon" | "deploy" | "release";
  readonly processes?: readonly string[];
  readonly addon?: string;
  /** Whether the release in service has it, where the vendor says; absent: not known. */
  readonly inService?: boolean;
}

/** A secret without its value. */
export interface SecretView {
  readonly name: string;
  /** The app says it needs it. */
  readonly declared: boolean;
  readonly set: boolean;
  readonly version?: string;
  readonly setAt?: number;
  readonly setBy?: string;
  /** The version that the release in service has; another than `version`: the next release brings it. */
  readonly versionInService?: string;
}

/** An add-on. */
export interface AddonView {
  readonly name: string;
  readonly kind: string;
  /** The variable that holds its URL. */
  readonly variable: string;
  readonly state?: "running" | "starting" | "stopped" | "failed";
  /** `PostgreSQL 18.4, 12 MB`. */
  readonly description?: string;
}

/** `POST …/secrets/:name/reveal`: for operators, written to the audit log, never stored by anybody on the way. */
export interface RevealedSecret {
  readonly name: string;
  readonly value: string;
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

/** `GET …/cost`: at list prices, for a month of 730 hours. */
export interface CostView {
  /** One for each currency. */
  readonly totals: readonly { readonly currency: string; readonly monthly: number }[];
  readonly estimates: readonly {
    readonly provider: string;
    readonly currency: string;
    readonly monthly: number;
    readonly items: readonly {
      readonly label: string;
      readonly quantity: number;
      readonly monthly: number;
    }[];
    readonly notCounted: readonly string[];
    /** ISO 8601, the date of the price list. */
    readonly pricesOf: string;
    readonly source: string;
  }[];
  /** Providers without a price list. */
  readonly unknown: readonly string[];
}

/**
 * `GET …/vendor-access`: who is let in here, beside who is at the provider. For managers.
 *
 * `POST …/vendor-access/apply` with {@link VendorAccessApply} does what is missing, again if it must.
 */
export interface VendorAccessView {
  readonly app: string;
  readonly environment: string;
  readonly provider: string;
  /** Which roles the provider can hold somebody to; all no: it has no permissions of its own. */
  readonly supports: Readonly<Record<Role, Support>>;
  /** By person; only those here, where the provider cannot be asked. */
  readonly people: Part<readonly VendorAccessRow[]>;
}

/** One person, here and there. */
export interface VendorAccessRow {
  /** E-mail, or the vendor's name of somebody who is not known here. */
  readonly person: string;
  readonly here?: Role;
  readonly there?: Role;
  /**
   * `only here`: not (yet) granted there; `only there`: granted behind the console's back, or before it;
   * `unsupported`: the provider knows no such role; `unknown`: it could not be asked.
   */
  readonly state: "same" | "only here" | "only there" | "other role" | "unsupported" | "unknown";
  /** Why the last try to bring it in line failed. */
  readonly trouble?: Trouble;
  readonly triedAt?: number;
}

/** What is to be brought in line at the provider. */
export interface VendorAccessApply {
  /** As in a row. */
  readonly person: string;
  /** `grant`: give there what is here; `revoke`: take there what is not here. */
  readonly action: "grant" | "revoke";
}
