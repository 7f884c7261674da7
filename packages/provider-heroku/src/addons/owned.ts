import type { Context, Owned, Scope } from "@deploy/core";
import { path } from "../api.js";
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
  const mine = ((await readAddons(own, context, scope)) ?? []).filter(
    (addon) => addon.app.name === app && addon.name.startsWith(prefix),
  );
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
      remove: async (asked) => {
        await unlessMissing(own.api.delete(asked, path`/apps/${app}/addons/${addon.id}`));
      },
    };
  });
}
