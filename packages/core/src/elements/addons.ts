import type { ResolvedAddon } from "../app/resolved.js";
import type { Context } from "../context.js";
import type { In, Out } from "../engine/out.js";
import type { AnyResource } from "../engine/resource.js";
import type { Redacted } from "../redacted.js";
import type { Support } from "./capability.js";
import type { SecretReference } from "./containers.js";
import type { ElementPlan, Scope } from "./scope.js";

/** What a provider's add-ons can do; checked before any call. */
export interface AddonsCapabilities {
  /** By kind: `postgres`, `redis`. A kind that is absent is not offered. */
  readonly kinds: Readonly<Record<string, Support>>;
  readonly backup: Support;
  readonly restore: Support;
  readonly connect: Support;
}

/** An add-on in a plan. */
export interface AddonPlan extends ElementPlan {
  /** The config it injects, by variable name, such as `DATABASE_URL`. */
  readonly config: Readonly<Record<string, In<Redacted>>>;
  /**
   * Config which the vendor keeps as secrets of its own, by variable name, never in `config` as well: containers of the
   * same provider read it at its `location`, and nobody else has to see the value. With another target, core refuses.
   */
  readonly references?: Readonly<Record<string, In<SecretReference>>>;
  /** What a process has to wait for. */
  readonly ready: readonly AnyResource[];
}

/** An add-on as it is now. */
export interface AddonStatus {
  readonly name: string;
  readonly kind: string;
  readonly state: "running" | "starting" | "stopped" | "failed";
  /** `PostgreSQL 18.4, 12 MB`. */
  readonly description: string;
  /** The name that the vendor's own tools know it by, where that is another one. */
  readonly vendorName?: string;
  /** The vendor's name of its size, where it has one: what `plan` of the configuration takes. */
  readonly plan?: string;
}

/** A stored copy of an add-on's data. */
export interface Backup {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly bytes: number;
  /** The release it was taken before. */
  readonly release?: number;
}

/** A command of the user's machine which talks to the add-on: `psql` with its environment. */
export interface ConnectCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | Redacted>>;
}

/** Optional power: backing services which provide config. */
export interface Addons {
  readonly capabilities: AddonsCapabilities;
  /** The add-on as nodes of the plan, with the config that it injects. */
  addon(scope: Scope, addon: ResolvedAddon): AddonPlan;
  /** A backup before release `release`, as a gate of its release command; nothing to do when that one is there. */
  backupBefore?(scope: Scope, addon: ResolvedAddon, release: Out<number>): AnyResource;
  /** How each add-on of the environment is. */
  status(context: Context, scope: Scope): Promise<readonly AddonStatus[]>;
  /** Stored copies of an add-on's data. */
  backups?(context: Context, scope: Scope, name: string): Promise<readonly Backup[]>;
  /** Takes a backup now. */
  backup?(context: Context, scope: Scope, name: string): Promise<Backup>;
  /** Puts a backup in place of the present data; a restore that fails leaves the present data as it was. */
  restore?(context: Context, scope: Scope, name: string, backup: string): Promise<void>;
  /** What the user's machine has to run to talk to it; passwords travel in `env`. */
  connect?(context: Context, scope: Scope, name: string): Promise<ConnectCommand>;
}
