import type { Context } from "../context.js";
import type { Owned } from "../engine/resource.js";
import type { Access } from "./access.js";
import type { Addons } from "./addons.js";
import type { Containers } from "./containers.js";
import type { Costs } from "./costs.js";
import type { Images } from "./images.js";
import type { Importer } from "./importers.js";
import type { Lease } from "./lease.js";
import type { Logs } from "./logs.js";
import type { Scope } from "./scope.js";
import type { Secrets } from "./secrets.js";
import type { Servers } from "./servers.js";
import type { Certificates, Dns, Ingress } from "./traffic.js";

/** One credential of a provider: this table feeds errors, `init`, `doctor`, the docs and CI templates. */
export interface CredentialField {
  /** The environment variable it is read from. */
  readonly env: string;
  readonly label: string;
  readonly secret: boolean;
  readonly required: boolean;
  /** Where to get one. */
  readonly docs?: string;
}

/** Who a provider's credentials belong to: what the account guard compares. */
export interface Identity {
  /** The account, team or host, as the vendor writes it: what `account` in an environment must equal. */
  readonly account: string;
  /** For a person to read: `maria@example.org on host bench-2`. */
  readonly label: string;
}

/** One finding of `doctor`. */
export interface DoctorFinding {
  /** What was looked at: `Node`, `credentials of heroku`, `lock`. */
  readonly subject: string;
  readonly state: "ok" | "warning" | "failed";
  readonly message: string;
  readonly hint?: string;
}

/** What `owned` may leave out. */
export interface OwnedOptions {
  /** Logs are not wanted gone: leave them out where they are a thing of their own. Default false. */
  readonly keepLogs?: boolean;
}

/** What a vendor bears; the engine keeps to it over the whole run. */
export interface ProviderLimits {
  /** Calls at a time. Default 16. */
  readonly concurrency?: number;
  /** Token bucket: so many calls a second, with bursts of so many. Default: none. */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
}

/**
 * A package which implements one or more elements for one vendor: an object literal made by a factory function.
 *
 * `spec` stays 1 by only ever adding optional members. Every element is optional; the type of a factory's result
 * names those it has (`Provider & { dns: Dns }`), so that a wrong composition does not compile.
 */
export interface Provider {
  readonly spec: 1;
  /** Lower case, unique: the first part of every resource id. */
  readonly name: string;
  readonly credentials: Readonly<Record<string, CredentialField>>;
  readonly limits?: ProviderLimits;

  /** Whose credentials these are; needed where an environment declares its `account`. */
  identity?(context: Context): Promise<Identity>;
  /** Everything of ours in this scope that the vendor holds, found by tag or marker. */
  owned?(context: Context, scope: Scope, options?: OwnedOptions): Promise<readonly Owned[]>;
  /** What a person should know about this machine, account or host before anything is deployed to it. */
  doctor?(context: Context, scope: Scope): Promise<readonly DoctorFinding[]>;

  readonly servers?: Servers;
  readonly images?: Images;
  readonly containers?: Containers;
  readonly logs?: Logs;
  readonly secrets?: Secrets;
  readonly ingress?: Ingress;
  readonly dns?: Dns;
  readonly certificates?: Certificates;

  readonly addons?: Addons;
  readonly access?: Access;
  readonly costs?: Costs;
  readonly importers?: readonly Importer[];
  readonly lease?: Lease;
}
