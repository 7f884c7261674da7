/**
 * What the overview takes and answers, and what an app costs, as JSON; nothing here may import from node. Times are milliseconds since 1970.
 *
 * @module
 */

import type { DomainsOverview } from "./domain-types.js";
import type { FeedState } from "./log-types.js";
import type { Part } from "./part-types.js";
import type { ReleaseState } from "./release-types.js";

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

/** `POST …/refresh`: looks again now. Answers with {@link EnvironmentOverview} once every part was tried, or after 20 s. */
export interface RefreshRequest {
  /** Default: all. */
  readonly parts?: readonly OverviewPart[];
}

/** The name of a part. */
export type OverviewPart = "service" | "lastDeploy" | "domains" | "cost";

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
