/**
 * What the routes of config and secrets answer, as JSON; nothing here may import from node. Times are milliseconds since 1970.
 *
 * @module
 */

import type { Part, Support } from "./part-types.js";

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
