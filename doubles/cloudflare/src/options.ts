import { fileURLToPath } from "node:url";
import type { PowerDns } from "@deploy/powerdns-double";
import type { PlanName } from "./state.js";

/** A token the double knows. */
export interface TokenInput {
  readonly value: string;
  /** Names as in Cloudflare's permission groups, such as `DNS Write`. Default: {@link everyPermission}. */
  readonly permissions?: readonly string[];
  /** Names of the zones it may reach. Default: all of its account. */
  readonly zones?: readonly string[];
  /** Default `active`. */
  readonly status?: "active" | "disabled" | "expired";
  /** Default: the first account. */
  readonly account?: string;
}

/** A zone the double begins with. */
export interface ZoneInput {
  readonly name: string;
  /** Default `free`. */
  readonly plan?: PlanName;
  /** Records the plan allows. Default: 200 on the free plan, 3,500 on others; `null`: no limit. */
  readonly quota?: number | null;
  readonly account?: string;
  /** Default `active`. */
  readonly status?: "initializing" | "pending" | "active" | "moved";
}

/** All that a token may be allowed, as far as the double has routes for it. */
export const everyPermission: readonly string[] = [
  "Zone Read",
  "DNS Write",
  "Zone Settings Write",
  "SSL and Certificates Write",
  "Dynamic URL Redirects Write",
];

/** What a double begins with. */
export interface DoubleOptions {
  /** Default: one, `token-of-owner`, that may do everything. */
  readonly tokens?: readonly TokenInput[];
  /** Default: `example.org` on the free plan without a quota. */
  readonly zones?: readonly ZoneInput[];
  /** Milliseconds a call takes at least. Default 0. */
  readonly latency?: number;
  /** The most records a page may hold, whatever was asked for. Default 5,000. */
  readonly largestPage?: number;
  /** Calls a token has in five minutes. Default 1,200, as Cloudflare documents. */
  readonly callsPerFiveMinutes?: number;
  /** Milliseconds since 1970. Default: the real time. */
  readonly now?: () => number;
  /** The file of the published schema. Default: {@link defaultSchema}. */
  readonly schema?: string;
  /** The server its zones live in: one of its own by default; `false`: nothing is served and content is hardly judged. */
  readonly dns?: PowerDns | false;
}

/** `DEPLOY_CLOUDFLARE_SCHEMA`, else the file in the folder `shared/specs` beside this repository. */
export function defaultSchema(): string {
  const beside = new URL("../../../../shared/specs/cloudflare-openapi.subset.json", import.meta.url);
  return process.env.DEPLOY_CLOUDFLARE_SCHEMA ?? fileURLToPath(beside);
}
