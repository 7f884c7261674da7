import type { ResolvedJob, ResolvedProcess } from "../app/resolved.js";
import type { Command } from "../app/types.js";
import type { Context } from "../context.js";
import type { In, Out } from "../engine/out.js";
import type { AnyResource } from "../engine/resource.js";
import type { Redacted } from "../redacted.js";
import type { Support } from "./capability.js";
import type { ImageReference, PullCredentials } from "./images.js";
import type { ElementPlan, Scope } from "./scope.js";

/** A secret as a release pins it: by name and version, never by value. */
export interface SecretReference {
  readonly name: string;
  /** The version, as the secrets element counts; where it cannot count, a keyed fingerprint. */
  readonly version: string;
  /** How the container element names it when both are of one vendor, such as an ARN. */
  readonly location?: string;
}

/** Who made a release, of what. */
export interface ReleaseOrigin {
  readonly author: string;
  /** Commit the source was at; absent outside version control. */
  readonly commit?: string;
  /** The tree had changes that were not committed. */
  readonly dirty?: boolean;
  /** First line of the commit, or what the caller said. */
  readonly message?: string;
  /** The number of the release this one repeats, when it is a rollback. */
  readonly repeats?: number;
  /** `staging release 12`, when it was promoted. */
  readonly promotedFrom?: string;
}

/** What is to be put into service. */
export interface ReleaseSpec {
  readonly image: In<ImageReference>;
  /** How to pull it, where its registry lets only those in whom it knows. */
  readonly pull?: PullCredentials;
  /** What every process finds in its environment, add-on config included; secret values travel as `Redacted`. */
  readonly config: Readonly<Record<string, In<string | Redacted>>>;
  readonly secrets: readonly In<SecretReference>[];
  /**
   * Config that came as `Redacted` with the release that is repeated: names and versions only, whose values the
   * provider holds and puts back by itself. Given on a rollback, never together with the same name in `config`.
   */
  readonly sensitiveConfig?: readonly SecretReference[];
  readonly processes: readonly ResolvedProcess[];
  readonly jobs: readonly ResolvedJob[];
  /** Must succeed before new processes take traffic; absent on a rollback. */
  readonly releaseCommand?: { readonly command: Command; readonly timeoutMs: number };
  /** Run the release command even if it has succeeded for this image before. */
  readonly rerunReleaseCommand?: boolean;
  readonly origin: ReleaseOrigin;
  /** What must be there before the release command, given the late number of the release: backups. */
  readonly beforeReleaseCommand: (release: Out<number>) => readonly AnyResource[];
  /** What must be there before any process starts: add-ons, log groups. */
  readonly after: readonly AnyResource[];
}

/** A rollout in a plan. */
export interface RolloutPlan extends ElementPlan {
  readonly release: Out<number>;
  /** Done once every process serves: what DNS and routes wait for. */
  readonly serving: readonly AnyResource[];
}

/** A release as the vendor holds it; never edited. */
export interface Release {
  /** 1, 2, 3 …, the vendor's own sequence where it has one. */
  readonly number: number;
  readonly state: "pending" | "active" | "superseded" | "failed";
  readonly image: ImageReference;
  /** Plain config; values that came as `Redacted` appear as names in `secretNames` only. */
  readonly config: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretReference[];
  readonly origin: ReleaseOrigin;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** What the vendor itself says that it is, where it says so: `Deploy 1a2b3c4d`. */
  readonly description?: string;
  /** Why it failed, when it did. */
  readonly failure?: string;
}

/** One copy of a process. */
export interface InstanceStatus {
  /** `web.1`. */
  readonly name: string;
  readonly state: "starting" | "running" | "draining" | "stopping" | "crashed" | "crash-loop" | "stopped";
  readonly release: number;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly restarts: number;
  /** Bytes in use, where the vendor says. */
  readonly memory?: number;
  /** Percent of one CPU, where the vendor says. */
  readonly cpu?: number;
  /** What went wrong last: exit code, signal, health answer. */
  readonly problem?: string;
}

/** One process of the app. */
export interface ProcessStatus {
  readonly name: string;
  readonly desired: number;
  readonly instances: readonly InstanceStatus[];
  /** What an instance gets, by the vendor's own name, where it has such names: `Standard-1X`. */
  readonly size?: string;
  /** The address other processes use, where there is one. */
  readonly address?: string;
}

/** One scheduled task. */
export interface JobStatus {
  readonly name: string;
  readonly schedule: string;
  readonly nextRun?: string;
  readonly lastRun?: { readonly at: string; readonly exitCode: number | null; readonly seconds: number };
}

/** What is in service. */
export interface ContainersStatus {
  readonly release?: number;
  readonly processes: readonly ProcessStatus[];
  readonly jobs: readonly JobStatus[];
}

/** A one-off command. */
export interface RunRequest {
  readonly command: Command;
  /** `run` starts a fresh copy; `exec` goes into an instance that serves. */
  readonly mode: "run" | "exec";
  /** `exec`: which one. Default: the first instance of the first process. */
  readonly instance?: string;
  /** Whose memory, volumes and settings the copy has. Default `web`, else the first process. */
  readonly process?: string;
  /**
   * `inherit` hands over this process's own terminal or pipes, signals and window size included; `capture` gives
   * the output as data.
   */
  readonly stdio: "inherit" | "capture";
  /** What a captured command reads; default: nothing. */
  readonly input?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Extra environment of this command alone. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A one-off command that runs. */
export interface RunSession {
  /** Output as it comes; empty when the terminal was handed over. */
  readonly output: AsyncIterable<{ readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }>;
  /** The true exit code; 128 + signal number when it was killed. Rejects when it cannot be known. */
  readonly exitCode: Promise<number>;
}

/** What a provider's containers can do; checked before any call. */
export interface ContainersCapabilities {
  readonly releaseCommand: Support;
  readonly jobs: Support;
  readonly run: Support;
  readonly exec: Support;
  readonly scale: Support;
  readonly volumes: Support;
  /** Processes find each other by an address in the environment. */
  readonly internalAddresses: Support;
  /** Processes can be given secrets that another provider keeps. Absent: only those of their own provider. */
  readonly otherSecretStores?: Support;
  /** Image, config and secrets are put into service together, and come back together. */
  readonly atomicRelease: Support;
  readonly rollback: Support;
  /** A redeploy drops no request. */
  readonly zeroDowntime: Support;
}

/** Element three: the processes, their releases, and what is done with them. */
export interface Containers {
  readonly capabilities: ContainersCapabilities;
  /** From a spec to nodes of the plan: the release, the release command's gate, the processes, the jobs. */
  rollout(scope: Scope, spec: ReleaseSpec): RolloutPlan;
  /**
   * Where process `process` will be found by its fellows, known at plan time or late.
   *
   * Only asked where `internalAddresses` is a yes.
   */
  address?(scope: Scope, process: ResolvedProcess): In<string>;
  /** What is in service now; nothing is no error. */
  status(context: Context, scope: Scope): Promise<ContainersStatus>;
  /** Newest first. */
  releases(context: Context, scope: Scope): Promise<readonly Release[]>;
  /** What a rollback to `number` puts into service: the stored spec, as far as the vendor holds it. */
  releaseSpec(context: Context, scope: Scope, number: number): Promise<StoredRelease>;
  /** Starts a one-off command; the session ends when it does, or with the signal. */
  run(context: Context, scope: Scope, request: RunRequest): Promise<RunSession>;
  /** Changes instances without a release; process name to number. */
  scale(context: Context, scope: Scope, instances: Readonly<Record<string, number>>): Promise<void>;
  /** Replaces instances one after the other, without downtime where the provider can. */
  restart(context: Context, scope: Scope, process?: string): Promise<void>;
}

/** A release in a form that can be put into service again. */
export interface StoredRelease {
  readonly release: Release;
  readonly processes: readonly ResolvedProcess[];
  readonly jobs: readonly ResolvedJob[];
  /** Names of config that came as `Redacted`; the provider holds the values and puts them back by itself. */
  readonly sensitiveConfig: readonly SecretReference[];
}
