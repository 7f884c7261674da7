import type { PowerDns } from "@deploy/powerdns-double";
import type { Faults } from "./faults.js";
import type { Judge } from "./judge.js";
import type { RateLimit } from "./rate-limit.js";
import type { CloudflareToken, CloudflareZone } from "./state.js";

/** A call that came. */
export interface RecordedCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  /** The route it met; undefined where there is none. */
  readonly route: string | undefined;
  /** The body as it was read. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Undefined while it is not answered, or when the answer was lost. */
  status?: number;
}

/** What all parts of the double share. */
export interface World {
  readonly zones: CloudflareZone[];
  readonly tokens: CloudflareToken[];
  readonly calls: RecordedCall[];
  readonly faults: Faults;
  readonly rate: RateLimit;
  readonly judge: Judge | undefined;
  readonly dns: PowerDns | undefined;
  readonly failures: unknown[];
  latency: number;
  readonly largestPage: number;
  now(): number;
}
