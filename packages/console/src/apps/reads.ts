import type {
  AddonStatus,
  DeployError,
  DomainsCheck,
  EnvironmentCost,
  EnvironmentStatus,
  Release,
  SecretEntry,
} from "@deploy/core";
import { type CachedRead, cachedRead, type Snapshot } from "./cached-read.js";
import type { ConsoleEnvironment } from "./types.js";

/** A secret as the deployer lists it. */
export type ListedSecret = SecretEntry & { readonly declared: boolean };

/** What the providers of one environment were asked for, each with its own age and failure. */
export interface EnvironmentReads {
  readonly status: CachedRead<EnvironmentStatus>;
  /** Newest first. Holds values of config: what is shown of it is names. */
  readonly releases: CachedRead<readonly Release[]>;
  /** Undefined: it has no domains. */
  readonly domains: CachedRead<DomainsCheck | undefined>;
  readonly cost: CachedRead<EnvironmentCost>;
  readonly secrets: CachedRead<readonly ListedSecret[]>;
  readonly addons: CachedRead<readonly AddonStatus[]>;
}

/** The name of a read. */
export type ReadName = keyof EnvironmentReads;

/** Milliseconds after which a read counts as failed. Name servers that are silent take their time. */
const timeoutsMs: Readonly<Record<ReadName, number>> = {
  status: 20_000,
  releases: 20_000,
  domains: 60_000,
  cost: 20_000,
  secrets: 20_000,
  addons: 20_000,
};

/** What reads are made with. */
export interface ReadsOptions {
  now(): number;
  readonly onFailure?: (error: DeployError) => void;
  /** Why the vendor is to be left alone at present. */
  readonly rest?: () => DeployError | undefined;
  /** What was known of the same environment before it was declared anew. */
  readonly before?: EnvironmentReads;
  /** For tests: milliseconds for every read. */
  readonly timeoutMs?: number;
}

/** The reads of one environment; nothing is asked for yet. */
export function environmentReads(environment: ConsoleEnvironment, options: ReadsOptions): EnvironmentReads {
  const { deployer, app } = environment;
  const read = <T>(
    name: ReadName,
    what: string,
    load: (signal: AbortSignal) => Promise<T>,
  ): CachedRead<T> => {
    const before = options.before?.[name].snapshot() as Snapshot<T> | undefined;
    return cachedRead<T>({
      load,
      subject: `the ${what} of ${app} in ${environment.environment}`,
      timeoutMs: options.timeoutMs ?? timeoutsMs[name],
      now: options.now,
      ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
      ...(options.rest === undefined ? {} : { rest: options.rest }),
      ...(before === undefined ? {} : { before }),
    });
  };
  return {
    status: read("status", "processes", () => deployer.status()),
    releases: read("releases", "releases", () => deployer.releases()),
    domains: read("domains", "domains", async (signal) =>
      deployer.environment.domains.length === 0 ? undefined : deployer.domains.check({ signal }),
    ),
    cost: read("cost", "cost", () => deployer.cost()),
    secrets: read("secrets", "secrets", async () =>
      deployer.environment.providers.secrets.secrets === undefined ? [] : deployer.secrets.list(),
    ),
    addons: read("addons", "add-ons", () => deployer.addons.status()),
  };
}
