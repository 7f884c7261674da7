import type { ResolvedEnvironment } from "../app/resolved.js";
import type { App, Command, Target } from "../app/types.js";
import type { Clock } from "../context.js";
import type { Grant, Handover, Role } from "../elements/access.js";
import type { AddonStatus, Backup, ConnectCommand } from "../elements/addons.js";
import type { Support } from "../elements/capability.js";
import type { ContainersStatus, Release, RunSession } from "../elements/containers.js";
import type { CostEstimate } from "../elements/costs.js";
import type { LeaseHolder } from "../elements/lease.js";
import type { LogLine, LogQuery } from "../elements/logs.js";
import type { CredentialField, DoctorFinding, Identity } from "../elements/provider.js";
import type { SecretEntry } from "../elements/secrets.js";
import type { ServerStatus } from "../elements/servers.js";
import type { DomainStatus, ZoneCopy } from "../elements/traffic.js";
import type { Operation } from "../engine/events.js";
import type { Plan } from "../engine/plan.js";
import type { Redacted } from "../redacted.js";
import type {
  DomainsCheck,
  DomainsCheckOptions,
  DomainsDiff,
  DomainsStatus,
  ZoneRestore,
} from "./domains-types.js";

/** How a deployer is made. */
export interface DeployerOptions {
  /** Name of the environment. Default `local`. */
  readonly environment?: string;
  /** Target of environments that declare none: the embedded default. Without it they are refused. */
  readonly defaultTarget?: Target;
  /** Directory of the configuration file. Default: the working directory. */
  readonly directory?: string;
  /** The configuration file, for errors with file and line. */
  readonly file?: string;
  /** Cancels everything that this deployer does. */
  readonly signal?: AbortSignal;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

/** What limits a plan. */
export interface PlanOptions {
  /** Ids of resources to take over although we did not make them. */
  readonly adopt?: readonly string[];
  /** Goes over the deletion threshold (30 % of a collection of ten or more). Default false. */
  readonly force?: boolean;
  /** Names of what may lose its data: `db`, `SECRET_KEY`, an id, or the label. */
  readonly deleteData?: readonly string[];
  /** Values of declared secrets to store with this run. */
  readonly secrets?: Readonly<Record<string, Redacted>>;
  /** Runs the release command even though it has succeeded for this image. */
  readonly rerunReleaseCommand?: boolean;
  readonly signal?: AbortSignal;
}

/** What an `up` may be told. */
export interface UpOptions extends PlanOptions {
  /** Applies this plan and nothing else; refused (`plan.stale`) when the world has moved since. */
  readonly plan?: Plan;
  /** The confirmation that a protected environment needs: its name. */
  readonly confirm?: string;
  /** Deploys a tree with changes that are not committed to a protected environment. */
  readonly allowDirty?: boolean;
  /** What the release is about. Default: the first line of the commit. */
  readonly message?: string;
  /** Milliseconds to wait for the deploy lock. Default 0: refuse at once. */
  readonly lockWaitMs?: number;
}

/** What came of an `up`, a rollback or a promotion. */
export interface UpResult {
  readonly plan: Plan;
  /** The release in service. */
  readonly release?: number;
  /** Where it answers. */
  readonly urls: readonly string[];
  readonly seconds: number;
}

/** What a `down` may be told. */
export interface DownOptions {
  /** The app's name, typed. */
  readonly confirm: string;
  /** Names of what may lose its data; everything else that holds data is kept. */
  readonly deleteData?: readonly string[];
  /** Keeps the logs where the provider can. Default false. */
  readonly keepLogs?: boolean;
  readonly signal?: AbortSignal;
}

/** What came of a `down`. */
export interface DownResult {
  readonly removed: readonly string[];
  /** What stays because it holds data that was not named, or is shared. */
  readonly kept: readonly { readonly label: string; readonly reason: string }[];
  /** What was found by looking again afterwards, beyond `kept`; empty when it is clean. */
  readonly left: readonly string[];
  readonly seconds: number;
}

/** The state of an environment. */
export interface EnvironmentStatus extends ContainersStatus {
  readonly app: string;
  readonly environment: string;
  readonly urls: readonly string[];
  readonly servers: readonly ServerStatus[];
  readonly addons: readonly AddonStatus[];
  /** Absent where nothing is public, or the ingress has nothing to say of its host names. */
  readonly domains?: readonly DomainStatus[];
  readonly lock?: LeaseHolder;
}

/** What came of a grant. */
export interface GrantResult {
  readonly plan: Plan;
  readonly grant: Grant;
  /** Names of the providers that hold the grant. */
  readonly heldBy: readonly string[];
  /** Providers that hold nobody to this role, and why. */
  readonly skipped: readonly { readonly provider: string; readonly reason: string }[];
  /** To be given to the person by hand: shown this one time, to whoever granted. */
  readonly handovers: readonly (Handover & { readonly provider: string })[];
}

/** A grant, and where it is held. */
export interface HeldGrant extends Grant {
  /** Name of the provider. */
  readonly provider: string;
}

/** What an environment costs in a month, vendor by vendor. */
export interface EnvironmentCost {
  readonly estimates: readonly (CostEstimate & { readonly provider: string })[];
  /** Providers of the environment that have no price list, by name: what they cost is not in the estimates. */
  readonly unknown: readonly string[];
}

/** A one-off command. */
export interface RunOptions {
  readonly command: Command;
  readonly process?: string;
  readonly stdio?: "inherit" | "capture";
  readonly input?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the command. */
  readonly signal?: AbortSignal;
}

/** Everything the CLI can do with one environment of one app, from a script. */
export interface Deployer {
  readonly app: App;
  readonly environment: ResolvedEnvironment;

  /** What `up` would change; touches nothing. */
  plan(options?: PlanOptions): Promise<Plan>;
  /** Puts the app into service; the same again changes nothing. */
  up(options?: UpOptions): Operation<UpResult>;
  /** Puts an earlier release into service again, as a new number. Default: the one before the present. */
  rollback(options?: UpOptions & { readonly to?: number }): Operation<UpResult>;
  /** Releases the image that is in service in the other environment, with the config of this one. */
  promoteFrom(source: Deployer, options?: UpOptions): Operation<UpResult>;
  /** Removes the environment, and proves it by looking. */
  down(options: DownOptions): Operation<DownResult>;

  /** What is in service now, its add-ons, servers and lock included. */
  status(): Promise<EnvironmentStatus>;
  /** Newest first. */
  releases(): Promise<readonly Release[]>;
  /** Lines of all processes, oldest first; leaving the loop ends the stream, and so does the signal while it waits. */
  logs(query?: LogQuery & { readonly signal?: AbortSignal }): AsyncIterable<LogLine>;
  /** Runs a command in a fresh copy of the release in service. */
  run(options: RunOptions): Promise<RunSession>;
  /** Runs a command inside an instance that serves. */
  exec(options: RunOptions & { readonly instance?: string }): Promise<RunSession>;
  /** Changes the number of instances without a release; process name to number. */
  scale(instances: Readonly<Record<string, number>>): Operation<void>;
  /** Replaces the instances, one after the other; default: of all processes. */
  restart(process?: string): Operation<void>;
  /** Takes the deploy lock away from whoever holds it; answers with who that was. */
  breakLock(): Promise<LeaseHolder | undefined>;
  /** What the environment costs in a month at list prices, as it is declared; nothing has to be there yet. */
  cost(): Promise<EnvironmentCost>;
  /** Looks at everything that a deployment needs, and changes nothing; a failure is a finding. */
  doctor(): Promise<readonly DoctorFinding[]>;
  /** Whose credentials are used, by provider. */
  identity(): Promise<Readonly<Record<string, Identity>>>;
  /** What each provider reads from the environment, by provider. */
  credentials(): Readonly<Record<string, Readonly<Record<string, CredentialField>>>>;

  readonly secrets: {
    /** Names and versions, never values; declared ones that are not set are not in it. */
    list(): Promise<readonly (SecretEntry & { readonly declared: boolean })[]>;
    /** Stores a new version; the same value keeps the present version. `inForce` says when processes see it. */
    set(name: string, value: Redacted): Promise<SecretEntry>;
    /** Forgets a secret; unknown names are fine. */
    unset(name: string): Promise<void>;
    /** The value. Throws `secrets.missing`. */
    reveal(name: string): Promise<Redacted>;
  };
  readonly addons: {
    /** How each add-on is. */
    status(): Promise<readonly AddonStatus[]>;
    /** Stored copies of an add-on's data. */
    backups(name: string): Promise<readonly Backup[]>;
    /** Takes a backup now. */
    backup(name: string): Promise<Backup>;
    /** Puts a backup in place of the present data. */
    restore(name: string, backup: string): Promise<void>;
    /** A command of this machine that talks to the add-on. */
    connect(name: string): Promise<ConnectCommand>;
  };
  readonly access: {
    /** Who may do what with this app, whoever granted it: at the target, then at the provider of `access`. */
    who(): Promise<readonly HeldGrant[]>;
    /**
     * Gives a person a role, everywhere that holds anybody to it; one they have already is left as it is, another one is
     * changed. Throws `access.unsupported` where nobody can hold them to it.
     */
    grant(grant: Grant, options?: Pick<PlanOptions, "adopt" | "signal">): Operation<GrantResult>;
    /**
     * Takes a person off this app; with `everywhere` off every app that the credentials reach. Answers with the apps as
     * the target names them, then those of the provider of `access`, as `<app> (<provider>)`.
     */
    revoke(person: string, options?: { readonly everywhere?: boolean }): Promise<readonly string[]>;
    /** Whether the target, or the provider of `access`, can hold somebody to a role. */
    supports(role: Role): Support;
  };
  readonly domains: {
    /** Each domain as wanted, as its vendors hold it, and as its name servers answer. */
    status(): Promise<DomainsStatus>;
    /** The part of the plan that is about names: records, certificates, routes. Touches nothing. */
    diff(options?: PlanOptions): Promise<DomainsDiff>;
    /** Asks every name server, looks for who may issue certificates, and connects as a browser would. */
    check(options?: DomainsCheckOptions): Promise<DomainsCheck>;
    /** Copies of a zone, newest first, where the DNS vendor makes them before each write. Throws `dns.unsupported`. */
    copies(zone: string): Promise<readonly ZoneCopy[]>;
    /** What putting a copy back would change; default: the newest. Touches nothing. */
    compareCopy(zone: string, copy?: string): Promise<ZoneRestore>;
    /** Puts a copy back, records of others included; `confirm` is the zone's name. Answers with what has changed. */
    restore(
      zone: string,
      options: { readonly copy?: string; readonly confirm: string },
    ): Promise<ZoneRestore>;
  };
}
