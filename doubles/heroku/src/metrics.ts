import { canAutoscale } from "./dyno-sizes.js";
import { answer, type Call, invalid, notFound, type Route } from "./http.js";
import { newId } from "./ids.js";
import { appOf } from "./lookup.js";
import type { App } from "./state.js";
import type { World } from "./world.js";

/**
 * The metrics host's monitors, which scale `web` by its latency.
 *
 * There is no public reference: fields and conditions are those the official CLI 11.10.0 sends and reads
 * (`ps:autoscale`). It names apps by their id.
 */
export function metricsRoutes(world: World): Route[] {
  const path = "/apps/{app}/formation/{type}/monitors";
  const of = (call: Call): App => {
    const app = appOf(world, call, "operate");
    if (app.id !== call.params.app) notFound("app");
    return app;
  };

  function check(app: App, call: Call): void {
    const formation = app.formation.find((one) => one.type === call.params.type) ?? notFound("process type");
    if (formation.type !== "web" || !canAutoscale(formation.size) || app.generation === "fir")
      invalid("Autoscaling is only available to web dynos of Performance, Private and Shield sizes.");
    const { min_quantity: min, max_quantity: max } = call.body;
    if (typeof min === "number" && typeof max === "number" && (min < 1 || max < min))
      invalid("min_quantity must be at least 1, and not above max_quantity.");
  }

  return [
    { method: "GET", path, handle: (call) => answer(of(call).monitors) },
    {
      method: "POST",
      path,
      handle: (call) => {
        const app = of(call);
        check(app, call);
        if (app.monitors.some((one) => one.name === call.body.name))
          invalid("There is such a monitor already.");
        const made = {
          id: newId(),
          app_id: app.id,
          process_type: call.params.type,
          is_active: true,
          ...call.body,
        };
        app.monitors.push(made);
        return answer(made, 201);
      },
    },
    {
      method: "PATCH",
      path: `${path}/{monitor}`,
      handle: (call) => {
        const app = of(call);
        const found = app.monitors.find((one) => one.id === call.params.monitor) ?? notFound("monitor");
        if (call.body.is_active !== false) check(app, call);
        Object.assign(found, call.body);
        return answer(found, 202);
      },
    },
  ];
}
