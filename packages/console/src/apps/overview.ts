import type { Caller } from "../access/types.js";
import type { Services } from "../services.js";
import type { EnvironmentDomains, EnvironmentOverview, Overview, OverviewPart } from "../shared/app-types.js";
import type { ReadName } from "./reads.js";
import { staleAfterMs } from "./states.js";
import type { ConsoleEnvironment } from "./types.js";
import { costView } from "./views/cost.js";
import { domainsOverview, domainsView } from "./views/domains.js";
import { partOf } from "./views/part.js";
import { lastDeploy } from "./views/releases.js";
import { serviceOverview } from "./views/service.js";

/** Which read each part is made of. */
export const readOf: Readonly<Record<OverviewPart, ReadName>> = {
  service: "status",
  lastDeploy: "releases",
  domains: "domains",
  cost: "cost",
};

/** The environments of apps that `caller` may see; the others are not even counted. */
export async function visibleEnvironments(
  services: Services,
  caller: Caller,
): Promise<readonly ConsoleEnvironment[]> {
  const all = services.apps.list();
  const may = await judge(
    services,
    caller,
    all.map(({ app }) => app),
  );
  return all.filter(({ app }) => may.has(app));
}

/** Every app and environment that `caller` may see, at a glance, as it was seen last; asks no vendor. */
export async function overviewFor(services: Services, caller: Caller): Promise<Overview> {
  const environments = await visibleEnvironments(services, caller);
  const patterns = services.apps.patterns();
  const may = await judge(
    services,
    caller,
    patterns.map(({ app }) => app),
  );
  for (const environment of environments) services.states.seen(environment);
  // A file that cannot be loaded tells paths and names of apps that nobody can be asked about.
  const everything = await services.access.may(caller, "app.read", "*");
  return {
    now: services.now(),
    environments: await Promise.all(environments.map((one) => environmentOverview(services, one))),
    patterns: patterns.filter(({ app }) => may.has(app)),
    problems: everything ? services.apps.problems() : [],
  };
}

async function judge(
  { access }: Services,
  caller: Caller,
  apps: readonly string[],
): Promise<ReadonlySet<string>> {
  const names = [...new Set(apps)];
  const verdicts = await Promise.all(names.map((app) => access.may(caller, "app.read", app)));
  return new Set(names.filter((_, index) => verdicts[index]));
}

/** One environment at a glance, as it was seen last; asks no vendor. */
export async function environmentOverview(
  services: Services,
  environment: ConsoleEnvironment,
): Promise<EnvironmentOverview> {
  const { app, deployer } = environment;
  const reads = services.states.of(environment);
  const now = services.now();
  const freshness = (name: ReadName): { now: number; staleAfterMs: number } => ({
    now,
    staleAfterMs: staleAfterMs(name),
  });
  const key = { app, environment: environment.environment };
  // A book of runs that cannot be read must not take the overview with it.
  const runs = await services.runs.list(app, key.environment, 5).catch(() => []);
  const run = runs.find(({ state }) => state === "running");
  return {
    ...key,
    provider: deployer.environment.providers.target.name,
    protected: deployer.environment.protected,
    service: partOf(reads.status.snapshot(), serviceOverview, freshness("status")),
    lastDeploy: partOf(reads.releases.snapshot(), lastDeploy, freshness("releases")),
    domains: partOf(reads.domains.snapshot(), domainsOverview, freshness("domains")),
    cost: partOf(reads.cost.snapshot(), costView, freshness("cost")),
    feed: services.feed.state(key),
    ...(run === undefined
      ? {}
      : { run: { id: run.id, operation: run.operation, by: run.by, startedAt: run.startedAt } }),
  };
}

/** The domains of one environment, as they were seen last; asks nobody. */
export function environmentDomains(services: Services, environment: ConsoleEnvironment): EnvironmentDomains {
  const snapshot = services.states.of(environment).domains.snapshot();
  return {
    app: environment.app,
    environment: environment.environment,
    domains: partOf(snapshot, (check) => domainsView(check, snapshot.at), {
      now: services.now(),
      staleAfterMs: staleAfterMs("domains"),
    }),
  };
}
