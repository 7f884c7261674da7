import {
  type AnyResource,
  type Context,
  DeployError,
  type FieldChange,
  type Out,
  type ReleaseSpec,
  type Resource,
  type Scope,
} from "@deploy/core";
import { path } from "../api.js";
import type { HerokuApp, HerokuDyno } from "../api-types.js";
import { idOf, providerName } from "../names.js";
import { readApp, readFormation, readList } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { setMaintenance } from "./change-set.js";
import { type FormationUpdate, formationChanges, type SeenFormation, wantedFormation } from "./formation.js";
import { judge, listDynos, verifyRollout } from "./verify.js";

interface Observed {
  readonly formation: readonly SeenFormation[];
  readonly dynos: readonly HerokuDyno[];
  readonly maintenance: boolean;
}

/** The processes as a node: how many of what size, all of them on the release, up and answering. */
export function processesNode(
  own: Surroundings,
  scope: Scope,
  spec: ReleaseSpec,
  release: Out<number>,
  after: readonly AnyResource[],
): Resource<{ readonly release: number }, Observed> {
  const app = appOf(own, scope);
  const wanted = (present: readonly SeenFormation[]): readonly FormationUpdate[] =>
    wantedFormation(own.options, scope.environment, spec.processes, present);
  const quantities = (updates: readonly FormationUpdate[]): Record<string, number> =>
    Object.fromEntries(updates.map(({ type, quantity }) => [type, quantity]));

  const read = async (context: Context): Promise<Observed | undefined> => {
    const [formation, dynos, found] = await Promise.all([
      readFormation(own, context, scope),
      readList<HerokuDyno>(own, context, scope, "dynos"),
      readApp(own, context, scope),
    ]);
    if (formation === undefined || formation.length === 0) return undefined;
    return { formation, dynos: dynos ?? [], maintenance: found?.maintenance ?? false };
  };
  const rollOut = async (context: Context, desired: { readonly release: number }): Promise<Observed> => {
    const fresh: Context = { ...context, shared: (_key, load) => load() };
    const present = ((await readFormation(own, fresh, scope)) ?? []) as readonly SeenFormation[];
    const updates = wanted(present);
    const changes = updates.filter((update) => formationChanges([update], present).length > 0);
    if (changes.length > 0) {
      const body = { updates: changes.map(({ type, quantity, size }) => ({ type, quantity, size })) };
      // The same numbers once more change nothing: a lost answer is no reason to stop.
      await own.api.patch(context, path`/apps/${app}/formation`, body).catch((error: unknown) => {
        if (!DeployError.is(error) || !error.retryable) throw error;
        return own.api.patch(context, path`/apps/${app}/formation`, body);
      });
    }
    await verifyRollout(own, context, scope, {
      release: desired.release,
      processes: spec.processes,
      quantities: quantities(updates),
    });
    if (own.options.maintenance === true && (await isInMaintenance(own, context, app))) {
      await setMaintenance(own, context, app, false);
      await verifyRollout(own, context, scope, {
        release: desired.release,
        processes: spec.processes,
        quantities: quantities(updates),
      });
    }
    return (await read(fresh)) ?? { formation: [], dynos: [], maintenance: false };
  };

  return {
    id: idOf("containers", app, "processes"),
    label: `processes ${spec.processes.map(({ name }) => name).join(", ")}`,
    provider: providerName,
    element: "containers",
    verb: "roll out",
    desired: { release },
    after,
    read,
    diff(desired, observed) {
      const number = typeof desired === "symbol" ? desired : desired.release;
      const updates = wanted(observed.formation);
      const changes: FieldChange[] = [...formationChanges(updates, observed.formation)];
      const oldest = oldestRelease(observed.dynos, updates);
      if (typeof number === "symbol") changes.push({ path: "release", from: oldest, unknown: true });
      else if (oldest !== undefined && oldest < number)
        changes.push({ path: "release", from: oldest, to: number });
      if (own.options.maintenance === true && observed.maintenance) {
        changes.push({ path: "maintenance", from: true, to: false });
      }
      return changes;
    },
    pending(observed) {
      const updates = wanted(observed.formation);
      const found = judge(observed.dynos, { release: 0, quantities: quantities(updates) });
      if (found.crashed === undefined) return found.waiting;
      throw new DeployError({
        code: "containers.crashed",
        message: `${found.crashed.name} of ${app} has crashed on release v${found.crashed.release.version}.`,
        hint: "Look at `deploy logs`, then deploy something else, restart it, or go back with `deploy rollback`.",
      });
    },
    create: rollOut,
    update: rollOut,
  };
}

/** The oldest release among the dynos that count. */
function oldestRelease(
  dynos: readonly HerokuDyno[],
  updates: readonly FormationUpdate[],
): number | undefined {
  const versions = dynos
    .filter((dyno) => updates.some(({ type, quantity }) => type === dyno.type && quantity > 0))
    .map((dyno) => dyno.release.version);
  return versions.length === 0 ? undefined : Math.min(...versions);
}

async function isInMaintenance(own: Surroundings, context: Context, app: string): Promise<boolean> {
  return (await own.api.get<HerokuApp>(context, path`/apps/${app}`)).maintenance;
}

/** Waits for all dynos after what is no release: scaling and restarting. */
export async function settleDynos(
  own: Surroundings,
  context: Context,
  scope: Scope,
  isSettled: (dynos: readonly HerokuDyno[]) => string | undefined,
): Promise<void> {
  const until = context.clock.now() + 180_000;
  for (;;) {
    const waiting = isSettled(await listDynos(own, context, scope));
    if (waiting === undefined) return;
    if (context.clock.now() > until) {
      throw new DeployError({
        code: "containers.rollout-timeout",
        message: `${appOf(own, scope)} has not settled within 3 minutes: ${waiting}.`,
        hint: "Look at `deploy status` and `deploy logs`.",
      });
    }
    context.log(`Waiting for ${waiting}.`);
    await context.clock.sleep(1_000, context.signal);
  }
}
