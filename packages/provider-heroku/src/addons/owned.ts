import type { Context, Owned, Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuAddon } from "../api-types.js";
import { unlessMissing } from "../errors.js";
import { idOf, providerName } from "../names.js";
import { readAddons } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { addonId } from "./addon-node.js";
import { addonNameOf, kindOf } from "./kinds.js";

/** The add-ons of an app that are ours: each holds data, and goes only by name. */
export async function ownedAddons(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly Owned[]> {
  const app = appOf(own, scope);
  const prefix = addonNameOf(own, scope, "");
  const mine = (await addonsOf(own, context, scope)).filter(({ name }) => name.startsWith(prefix));
  return mine.map((addon): Owned => {
    const name = addon.name.slice(prefix.length);
    const kind = kindOf(addon.addon_service.name);
    const data = `${kind === "postgres" ? "database" : kind} ${name}`;
    return {
      id: addonId(own, scope, name),
      label: `${data} (${addon.plan.name})`,
      provider: providerName,
      element: "addons",
      holdsData: data,
      // Its processes first: they would write to it until the end.
      after: [idOf("containers", app, "processes")],
      remove: (asked) => removeAddon(own, asked, scope, addon),
    };
  });
}

/**
 * Add-ons which somebody else put into an app of ours. No plan touches them; but with the app they would go as well, and
 * what they hold with them: so each of them, too, goes by name only, and the app stays as long as one of them does.
 */
export async function foreignAddons(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly Owned[]> {
  const prefix = addonNameOf(own, scope, "");
  const theirs = (await addonsOf(own, context, scope)).filter(({ name }) => !name.startsWith(prefix));
  return theirs.map(
    (addon): Owned => ({
      id: idOf("addons", appOf(own, scope), "theirs", addon.name),
      label: `add-on ${addon.name} (${addon.plan.name}), not made by Deploy`,
      provider: providerName,
      element: "addons",
      holdsData: `add-on ${addon.name}`,
      // Not for a prune: it stays until the whole app is to go.
      history: true,
      remove: (asked) => removeAddon(own, asked, scope, addon),
    }),
  );
}

/** The add-ons that belong to the app, without those of other apps which are attached to it. */
async function addonsOf(own: Surroundings, context: Context, scope: Scope): Promise<readonly HerokuAddon[]> {
  const all = (await readAddons(own, context, scope)) ?? [];
  return all.filter((addon) => addon.app.name === appOf(own, scope));
}

async function removeAddon(
  own: Surroundings,
  context: Context,
  scope: Scope,
  addon: HerokuAddon,
): Promise<void> {
  await unlessMissing(own.api.delete(context, path`/apps/${appOf(own, scope)}/addons/${addon.id}`));
}
