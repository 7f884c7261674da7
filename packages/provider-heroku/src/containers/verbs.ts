import { type Context, DeployError, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuDyno } from "../api-types.js";
import { hasCode } from "../errors.js";
import { readFormation, readOurMarker } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { isOfFormation } from "./formation.js";
import { settleDynos } from "./processes-node.js";
import { crashed, judge, listDynos } from "./verify.js";

/**
 * Changes the number of dynos in one PATCH, and waits until they run.
 *
 * @throws `containers.unknown-process` for a type without code; what Heroku refuses, such as two Basic dynos.
 */
export async function scale(
  own: Surroundings,
  context: Context,
  scope: Scope,
  instances: Readonly<Record<string, number>>,
): Promise<void> {
  const app = appOf(own, scope);
  await requireOurs(own, context, scope);
  const formation = (await readFormation(own, context, scope)) ?? [];
  for (const type of Object.keys(instances)) {
    if (formation.some((one) => one.type === type)) continue;
    throw new DeployError({
      code: "containers.unknown-process",
      message: `${app} runs no process ${type}.`,
      hint: `It runs: ${formation.map((one) => one.type).join(", ") || "nothing"}. Deploy it first.`,
    });
  }
  for (const { type, size } of formation) {
    if ((instances[type] ?? 0) <= 1 || !/^(basic|eco)$/i.test(size)) continue;
    throw new DeployError({
      code: "containers.size-does-not-scale",
      message: `${type} runs on ${size}, of which Heroku runs one dyno per process.`,
      hint: `Take a larger size, which costs more: heroku({ sizes: { ${type}: "standard-1x" } }), deploy, and scale then.`,
    });
  }
  for (const type of Object.keys(instances)) {
    if (own.options.autoscaling?.[type] !== undefined) {
      throw new DeployError({
        code: "containers.scales-itself",
        message: `Heroku scales ${type} by itself: it would undo any number.`,
        hint: 'Change "autoscaling" of heroku(), and deploy.',
      });
    }
  }
  const updates = Object.entries(instances).map(([type, quantity]) => ({ type, quantity }));
  await own.api.patch(context, path`/apps/${app}/formation`, { updates });
  await settle(own, context, scope, instances);
}

/**
 * Replaces the dynos of one type, or all, and waits until the new ones are up. Heroku stops the old ones at once: there
 * is a gap unless more than one runs, or Preboot is on.
 */
export async function restart(
  own: Surroundings,
  context: Context,
  scope: Scope,
  process?: string,
): Promise<void> {
  const app = appOf(own, scope);
  await requireOurs(own, context, scope);
  const before = (await listDynos(own, context, scope)).filter(
    (dyno) => isOfFormation(dyno) && (process === undefined || dyno.type === process),
  );
  if (before.length === 0) return;
  const old = new Set(before.map(({ id, created_at }) => `${id} ${created_at}`));
  const types = [...new Set(before.map(({ type }) => type))];
  // Only dynos that are still the old ones: asking twice, after a lost answer, would restart the new ones as well.
  if (process === undefined) await own.api.delete(context, path`/apps/${app}/dynos`);
  else {
    await own.api.delete(context, path`/apps/${app}/formations/${process}`).catch((error: unknown) => {
      if (!hasCode(error, "heroku.not-found")) throw error;
    });
  }
  const quantities = Object.fromEntries(
    types.map((type) => [type, before.filter((one) => one.type === type).length]),
  );
  await settle(own, context, scope, quantities, (dyno) => !old.has(`${dyno.id} ${dyno.created_at}`));
}

async function settle(
  own: Surroundings,
  context: Context,
  scope: Scope,
  quantities: Readonly<Record<string, number>>,
  isNew: (dyno: HerokuDyno) => boolean = () => true,
): Promise<void> {
  let failure: HerokuDyno | undefined;
  await settleDynos(own, context, scope, (dynos) => {
    const found = judge(dynos.filter(isNew), { release: 0, quantities });
    failure = found.crashed;
    return failure === undefined ? found.waiting : undefined;
  });
  if (failure !== undefined) throw await crashed(own, context, scope, failure);
}

async function requireOurs(own: Surroundings, context: Context, scope: Scope): Promise<void> {
  if ((await readOurMarker(own, context, scope)) !== undefined) return;
  throw new DeployError({
    code: "containers.nothing-deployed",
    message: `Nothing of ${scope.app} is deployed in ${scope.environment}.`,
    hint: "Deploy it first: deploy up.",
  });
}
