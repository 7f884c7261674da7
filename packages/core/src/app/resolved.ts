import type { Access } from "../elements/access.js";
import type { Provider } from "../elements/provider.js";
import type { Command, Target } from "./types.js";

/** How the app is built, defaults filled in. */
export interface ResolvedBuild {
  /** Relative to the configuration file's directory. */
  readonly context: string;
  readonly dockerfile?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly stage?: string;
  readonly command?: Command;
}

/** A health check, times in milliseconds. */
export interface ResolvedHealth {
  /** Absent: an open port is enough. */
  readonly path?: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly startWithinMs: number;
}

/** A process, defaults filled in; sizes in bytes, times in milliseconds. */
export interface ResolvedProcess {
  readonly name: string;
  readonly command: Command;
  readonly health: ResolvedHealth;
  /** Absent: leave what is running, 1 at first. */
  readonly instances?: number;
  readonly memory?: number;
  readonly cpu?: number;
  /** It listens on `PORT`: `web`, everything internal, with a port, a health path or a domain of any environment. */
  readonly listens: boolean;
  readonly internal: boolean;
  readonly port?: number;
  readonly volumes: Readonly<Record<string, string>>;
  readonly drainMs: number;
  readonly stopWithinMs: number;
  readonly config: Readonly<Record<string, string>>;
}

/** A job, defaults filled in. */
export interface ResolvedJob {
  readonly name: string;
  readonly command: Command;
  readonly schedule: string;
  readonly timeZone: string;
  readonly timeoutMs: number;
  readonly memory?: number;
}

/** An add-on, defaults filled in. */
export interface ResolvedAddon {
  readonly name: string;
  readonly kind: string;
  readonly plan?: string;
  readonly version?: string;
  readonly extensions: readonly string[];
  /** The variable that holds its URL. */
  readonly as: string;
  readonly backup: boolean;
}

/** A domain, resolved. */
export type ResolvedDomain =
  | { readonly host: string; readonly process: string }
  | { readonly host: string; readonly redirect: string };

/** Which provider answers for which element. */
export interface ResolvedProviders {
  readonly target: Target;
  readonly images: Provider;
  readonly logs: Provider;
  readonly secrets: Provider;
  readonly ingress: Provider;
  readonly dns?: Provider;
  readonly certificates?: Provider;
  readonly addons: Provider;
  /** Holds grants beside the target. */
  readonly access?: Provider & { readonly access: Access };
  readonly retired: readonly Provider[];
}

/** One environment of an app, everything filled in and checked: what a plan is made from. */
export interface ResolvedEnvironment {
  readonly app: string;
  readonly name: string;
  readonly account?: string;
  readonly protected: boolean;
  readonly providers: ResolvedProviders;
  readonly build: ResolvedBuild;
  readonly processes: readonly ResolvedProcess[];
  readonly release?: { readonly command: Command; readonly timeoutMs: number };
  readonly jobs: readonly ResolvedJob[];
  readonly config: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly addons: readonly ResolvedAddon[];
  readonly domains: readonly ResolvedDomain[];
}
