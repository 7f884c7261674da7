import type { AnyResource, Resource, Scope } from "@deploy/core";
import { path } from "../api.js";
import { dynoSizeOf } from "../dyno-sizes.js";
import { unlessMissing } from "../errors.js";
import { idOf, providerName } from "../names.js";
import type { AutoscalingOptions } from "../options.js";
import { readApp, readFormation } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";

/** A monitor as the metrics host has it (read in the official CLI; there is no public reference). */
interface Monitor {
  readonly id: string;
  readonly name: string;
  readonly is_active: boolean;
  readonly min_quantity: number;
  readonly max_quantity: number;
  /** Milliseconds, p95. */
  readonly value: number;
}

/** The sizes that Heroku scales by itself. */
const scalable = /^(performance|private|shield)-/i;

/** Autoscaling of web as a node of the plan; none unless the options ask for it. */
export function autoscalingResources(
  own: Surroundings,
  scope: Scope,
  processes: Parameters<typeof dynoSizeOf>[3],
  after: readonly AnyResource[],
): readonly AnyResource[] {
  const wanted = own.options.autoscaling?.web;
  const web = processes?.find(({ name }) => name === "web");
  if (wanted === undefined || web === undefined) return [];
  const app = appOf(own, scope);
  const size = dynoSizeOf(own.options, scope.environment, web, processes);
  const node: Resource<AutoscalingOptions, AutoscalingOptions & { readonly monitor?: string }> = {
    id: idOf("containers", app, "autoscaling", "web"),
    label: "autoscaling of web",
    provider: providerName,
    element: "containers",
    desired: wanted,
    after,
    blocked: () =>
      scalable.test(size)
        ? undefined
        : {
            code: "containers.no-autoscaling",
            message: `Heroku scales ${size} dynos not by itself: only Performance, Private and Shield ones.`,
            hint: 'Take such a size for web in "sizes" of heroku(), or leave "autoscaling" out.',
          },
    async read(context) {
      const [found, formation] = await Promise.all([
        readApp(own, context, scope),
        readFormation(own, context, scope),
      ]);
      if (found === undefined || formation?.some(({ type }) => type === "web") !== true) return undefined;
      const monitors = await unlessMissing(
        own.api.get<readonly Monitor[]>(context, path`/apps/${found.id}/formation/web/monitors`, {
          host: "metrics",
        }),
      );
      const monitor = monitors?.find(({ name }) => name === "LATENCY_SCALE");
      if (monitor === undefined) return undefined;
      const { min_quantity: min, max_quantity: max, value: p95Ms, id, is_active: active } = monitor;
      return { min: active ? min : 0, max, p95Ms, monitor: id };
    },
    diff: (desired, observed) =>
      (["min", "max", "p95Ms"] as const)
        .filter((key) => (desired as AutoscalingOptions)[key] !== observed[key])
        .map((key) => ({ path: key, from: observed[key], to: (desired as AutoscalingOptions)[key] })),
    async create(context, desired) {
      const { id } = await own.api.get<{ id: string }>(context, path`/apps/${app}`);
      await own.api.post(context, path`/apps/${id}/formation/web/monitors`, body(desired), {
        host: "metrics",
      });
      return desired;
    },
    async update(context, desired, observed) {
      const { id } = await own.api.get<{ id: string }>(context, path`/apps/${app}`);
      const at = path`/apps/${id}/formation/web/monitors/${observed.monitor ?? ""}`;
      await own.api.patch(context, at, body(desired), { host: "metrics" });
      return desired;
    },
  };
  return [node as AnyResource];
}

function body({ min, max, p95Ms }: AutoscalingOptions): unknown {
  return {
    name: "LATENCY_SCALE",
    action_type: "scale",
    is_active: true,
    min_quantity: min,
    max_quantity: max,
    value: p95Ms,
    op: "GREATER_OR_EQUAL",
    notification_period: 1440,
    notification_channels: [],
    period: 1,
  };
}
