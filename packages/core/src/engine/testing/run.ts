import type { Clock } from "../../context.js";
import type { Provider } from "../../elements/provider.js";
import { applyPlan } from "../apply-plan.js";
import type { DeployEvent } from "../events.js";
import { preparePlan } from "../make-plan.js";
import { prepareRemoval } from "../make-removal.js";
import type { ApplyOptions, ApplyResult, BaseContext, PlanInput, PreparedPlan } from "../prepared.js";
import type { AnyResource } from "../resource.js";

/** What a test says of a plan; everything else has a default. */
export type TestPlan = Partial<Omit<PlanInput, "resources" | "providers">> & {
  readonly clock: Clock;
  readonly providers: readonly Provider[];
  readonly resources: readonly unknown[];
};

/** A context in which nothing can be reached but the clock. */
export function testContext(clock: Clock, signal: AbortSignal = new AbortController().signal): BaseContext {
  return {
    signal,
    clock,
    env: {},
    directory: "/nowhere",
    fetch: () => Promise.reject(new Error("no network in this test")),
  };
}

const scope = { app: "shop", environment: "production" };

/** Makes a plan of everything, which prunes. */
export function planOf({ clock, resources, ...input }: TestPlan): Promise<PreparedPlan> {
  return preparePlan({
    scope,
    operation: "up",
    prune: true,
    context: testContext(clock),
    ...input,
    resources: resources as readonly AnyResource[],
  });
}

/** Makes a plan and applies it. */
export async function up(
  input: TestPlan,
  options: ApplyOptions = {},
): Promise<ApplyResult & { readonly prepared: PreparedPlan; readonly events: readonly DeployEvent[] }> {
  const events: DeployEvent[] = [];
  const prepared = await planOf(input);
  const result = await applyPlan(prepared, { emit: (event) => events.push(event), ...options });
  return { ...result, prepared, events };
}

/** Makes the plan of a `down`. */
export function removalOf(
  clock: Clock,
  providers: readonly Provider[],
  deleteData: string[] = [],
): Promise<PreparedPlan> {
  return prepareRemoval({ scope, providers, context: testContext(clock), options: { deleteData } });
}

/** Actions of a plan, as `action name`. */
export function actions(prepared: PreparedPlan): readonly string[] {
  return prepared.plan.changes.map(({ action, id }) => `${action} ${id.slice(id.lastIndexOf("/") + 1)}`);
}
