import type {
  ContainersStatus,
  DeployErrorData,
  ImageReference,
  Release,
  ReleaseOrigin,
  ResolvedAddon,
  ResolvedJob,
  ResolvedProcess,
  Route,
  SecretReference,
} from "@deploy/core";

/** Raised when a client and a supervisor of different versions can no longer talk; the supervisor is then replaced. */
export const protocolVersion = 1;

/** What the supervisor says of itself, and writes into its file for clients. */
export interface SupervisorFacts {
  readonly protocol: number;
  /** Digest of its program: another digest is another version. */
  readonly program: string;
  readonly pid: number;
  readonly startTime: string;
  /** Port of the public entry of the proxy, on 127.0.0.1. */
  readonly port: number;
  readonly since: string;
}

/** What a release is made of, as it is sent to the supervisor. */
export interface ReleaseRequest {
  readonly image: ImageReference;
  readonly config: Readonly<Record<string, string>>;
  /** Values that must not be stored in clear: they go into the secret store. */
  readonly sensitiveConfig: Readonly<Record<string, string>>;
  /** Stored versions to put back instead, on a rollback. */
  readonly storedSensitiveConfig: readonly SecretReference[];
  readonly secrets: readonly SecretReference[];
  readonly processes: readonly ResolvedProcess[];
  readonly jobs: readonly ResolvedJob[];
  readonly origin: ReleaseOrigin;
  /** The caller's PATH: where its interpreters are. */
  readonly path: string;
}

/** A release as the supervisor keeps it. */
export interface ReleaseRecord extends Release {
  /** Versions in the secret store of config that came as sensitive. */
  readonly sensitiveConfig: readonly SecretReference[];
  readonly processes: readonly ResolvedProcess[];
  readonly jobs: readonly ResolvedJob[];
  readonly path: string;
}

/** The last run of a release command for one image. */
export interface ReleaseCommandRecord {
  readonly image: string;
  readonly command: string | readonly string[];
  readonly release: number;
  readonly state: "running" | "succeeded" | "failed";
  readonly exitCode?: number;
  readonly at: string;
}

/** What a rollout has put into service, process by process. */
export interface ServingRecord {
  readonly release: number;
  /** Process name to number of instances. */
  readonly instances: Readonly<Record<string, number>>;
}

/** An add-on as the supervisor knows it. */
export interface AddonRecord {
  readonly name: string;
  readonly kind: string;
  readonly extensions: readonly string[];
  readonly version?: string;
  /** The release the newest backup was taken before; 0 when there is none. */
  readonly backedUpBefore: number;
}

/** Everything about one environment that is not a secret: the answer to nearly every read. */
export interface EnvironmentView {
  readonly app: string;
  readonly environment: string;
  readonly releases: readonly ReleaseRecord[];
  readonly serving?: ServingRecord;
  /** A rollout that is under way, from a run that was killed or another one. */
  readonly rollout?: { readonly release: number };
  readonly releaseCommand?: ReleaseCommandRecord;
  readonly routes: readonly Route[];
  readonly addons: readonly AddonRecord[];
  /** Stable loopback port by process that listens. */
  readonly ports: Readonly<Record<string, number>>;
  readonly status: ContainersStatus;
}

/** How to start a one-off command in the client's own terminal. */
export interface OneOffPlan {
  readonly id: string;
  readonly release: number;
  readonly directory: string;
  /** Secrets included: it goes over the private socket only. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One line of a long answer: NDJSON, the last one is a result or an error. */
export type StreamLine =
  | { readonly type: "progress"; readonly message: string }
  | { readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly type: "result"; readonly value: unknown }
  | { readonly type: "error"; readonly error: DeployErrorData };

/** An add-on to be there. */
export interface AddonRequest extends Pick<ResolvedAddon, "name" | "kind" | "extensions" | "version"> {}
