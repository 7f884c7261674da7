import type { Context, Owned, Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuFormation } from "../api-types.js";
import { unlessMissing } from "../errors.js";
import { idOf, providerName } from "../names.js";
import { readFormation } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";

/** What of the containers element is in an app of ours: its releases and its processes. */
export async function ownedContainers(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly Owned[]> {
  const app = appOf(own, scope);
  const formation = (await readFormation(own, context, scope)) ?? [];
  if (formation.length === 0) return [];
  const part = (name: string, rest: Pick<Owned, "label" | "remove"> & Partial<Owned>): Owned => ({
    id: idOf("containers", app, name),
    provider: providerName,
    element: "containers",
    ...rest,
  });
  const running = formation.filter(({ quantity }) => quantity > 0);
  const processes = part("processes", {
    label: `processes ${running.map(({ type }) => type).join(", ")}`,
    // Stopped before what they use is taken away; the types themselves go with the app.
    remove: (asked) => stopAll(own, asked, app),
  });
  return [
    // Once stopped they are gone: what stays listed after its removal would be removed for ever.
    ...(running.length === 0 ? [] : [processes]),
    part("release", {
      label: "releases",
      history: true,
      after: [idOf("containers", app, "processes")],
      // Heroku keeps releases as long as the app, and has no call to delete one.
      remove: async () => undefined,
    }),
  ];
}

async function stopAll(own: Surroundings, context: Context, app: string): Promise<void> {
  const formation = await unlessMissing(own.api.list<HerokuFormation>(context, path`/apps/${app}/formation`));
  const updates = (formation ?? [])
    .filter(({ quantity }) => quantity > 0)
    .map(({ type }) => ({ type, quantity: 0 }));
  if (updates.length > 0) await own.api.patch(context, path`/apps/${app}/formation`, { updates });
}
