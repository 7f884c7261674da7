import type { Call } from "./http.js";
import { appRef, findApp } from "./lookup.js";
import { describePlan, findPlan, planRef, priceOf, serviceRef } from "./plans.js";
import type { Addon } from "./state.js";
import type { World } from "./world.js";

/** An add-on as the API shows it; `Accept-Expansion` fills in plan and service. */
export function describeAddon(world: World, addon: Addon, call: Call): unknown {
  const app = findApp(world, addon.app);
  const plan = findPlan(addon.plan);
  const reference = app ? appRef(app) : { id: addon.app, name: "gone" };
  const expands = `${call.headers["accept-expansion"] ?? ""} ${call.headers["accept-inclusion"] ?? ""}`;
  const names = world.state.attachments
    .filter((one) => one.addon === addon.id && one.app === addon.app)
    .flatMap((one) => Object.keys(addon.vars).map((key) => `${one.name}_${key}`));
  return {
    actions: [],
    addon_service: serviceRef(addon.service),
    app: reference,
    billed_price: plan ? priceOf(plan) : null,
    billing_entity: { ...reference, type: "app" },
    config_vars: names,
    created_at: addon.createdAt,
    id: addon.id,
    name: addon.name,
    plan: plan && /\bplan\b/.test(expands) ? describePlan(plan) : planRef(addon.plan),
    provider_id: addon.id,
    provision_message: "",
    state: addon.state,
    updated_at: addon.updatedAt,
    web_url: `https://addons-sso.heroku.com/apps/${reference.id}/addons/${addon.id}`,
  };
}
