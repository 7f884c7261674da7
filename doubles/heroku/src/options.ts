import { fileURLToPath } from "node:url";
import type { RateLimit } from "./ledger.js";

/** How long things take, in milliseconds: short, so that tests wait for what they test and for nothing else. */
export interface Delays {
  /** A new add-on stays `provisioning` so long. Default 0. */
  readonly addonProvisioning: number;
  /** A database's `wait_status` says `waiting?` so long after it is provisioned. Default 0. */
  readonly databaseReady: number;
  /** A domain's `cname` stays null so long. Default 0. */
  readonly domainTarget: number;
  /** Between two of a domain's certificate states. Default 50. */
  readonly certificateStep: number;
  /** A release stays `pending` so long after its command ended. Default 0. */
  readonly releaseSettles: number;
  /** A web process must listen within this. Heroku: 60 000. Default 10 000. */
  readonly boot: number;
  /** Between SIGTERM and SIGKILL. Heroku: 30 000. Default 3 000. */
  readonly shutdown: number;
  /** An unopened log session lives so long. Heroku: 300 000, also the default. */
  readonly logSessionUnopened: number;
  /** An opened log session is cut after so long. Heroku: an hour, also the default. */
  readonly logSessionOpen: number;
  /** A release command is ended after so long. Heroku: an hour, also the default. */
  readonly releaseCommand: number;
  /** A space is `allocating` so long. Default 0. */
  readonly spaceAllocation: number;
  /** A promotion stays `pending` so long. Default 0. */
  readonly promotion: number;
  /** The data host needs so long for a backup. Default 0. */
  readonly backup: number;
}

/** The defaults of {@link Delays}. */
export const defaultDelays: Delays = {
  addonProvisioning: 0,
  databaseReady: 0,
  domainTarget: 0,
  certificateStep: 50,
  releaseSettles: 0,
  boot: 10_000,
  shutdown: 3_000,
  logSessionUnopened: 5 * 60_000,
  logSessionOpen: 60 * 60_000,
  releaseCommand: 60 * 60_000,
  spaceAllocation: 0,
  promotion: 0,
  backup: 0,
};

/** One account the double begins with. */
export interface AccountInput {
  readonly email: string;
  /** The tokens which speak for it. */
  readonly tokens: readonly string[];
  /** Teams by name and the role in each; a team named for the first time is made. */
  readonly teams?: Readonly<Record<string, "admin" | "member" | "viewer" | "collaborator">>;
  readonly suspended?: boolean;
  readonly delinquent?: boolean;
  /** False: no card, so nothing that costs money may be made. Default true. */
  readonly verified?: boolean;
  /** When set, whatever changes something needs this code. */
  readonly twoFactorCode?: string;
}

/** What a double begins with. */
export interface DoubleOptions {
  /** Default: one account, `owner@example.com`, token `token-of-owner`. */
  readonly accounts?: readonly AccountInput[];
  readonly delays?: Partial<Delays>;
  /** The largest page of any list, to make lists page. Default 1000. */
  readonly pageSize?: number;
  /** Default: 4,500 calls, 75 a minute, as Heroku's documentation says. */
  readonly rateLimit?: RateLimit;
  /** Where the published schemas are. Default: {@link defaultSchemas}. */
  readonly schemas?: string;
  /** False starts no image registry. Default: whether `docker-registry` is installed. */
  readonly registry?: boolean;
  /** RUN commands of Dockerfiles which builds may really run, such as `/^npm ci/`. Default: harmless ones alone. */
  readonly runs?: RegExp;
  /** False makes no real database servers; their URLs then lead nowhere. Default true. */
  readonly databases?: boolean;
}

/** `DEPLOY_HEROKU_SCHEMAS`, else the folder `shared/specs` beside this repository. */
export function defaultSchemas(): string {
  return (
    process.env.DEPLOY_HEROKU_SCHEMAS ?? fileURLToPath(new URL("../../../../shared/specs", import.meta.url))
  );
}
