import { answer, type Body, type Call, invalid, parts, type Route } from "./http.js";
import { appOf } from "./lookup.js";
import type { Releases } from "./releases.js";
import type { Account, App } from "./state.js";
import type { World } from "./world.js";

/** Config vars; each change is one release. */
export function configVarRoutes(world: World, releases: Releases): Route[] {
  function change(app: App, by: Account, changes: Body): void {
    const owned = attachedVars(world, app);
    for (const [key, value] of Object.entries(changes)) {
      if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(key)) invalid(`Config var key "${key}" is invalid.`);
      if (value !== null && typeof value !== "string") invalid(`Config var ${key} must be a string or null.`);
      if (value === null && owned.has(key))
        invalid(`Cannot destroy config var ${key}: it belongs to an add-on.`);
    }
    const next = { ...app.config };
    const set: string[] = [];
    const removed: string[] = [];
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) {
        if (key in next) removed.push(key);
        delete next[key];
      } else if (next[key] !== value) {
        set.push(key);
        next[key] = String(value);
      }
    }
    if (set.length + removed.length === 0) return;
    app.config = next;
    const words = [
      ...(set.length > 0 ? [`Set ${set.join(", ")}`] : []),
      ...(removed.length > 0 ? [`Remove ${removed.join(", ")}`] : []),
    ];
    releases.create(app, by, { description: `${words.join(" and ")} config vars` });
  }

  /** A masked var's value is never shown again. */
  const shown = (app: App): Record<string, string | null> =>
    Object.fromEntries(
      Object.entries(app.config).map(([key, value]) => [key, app.masked.has(key) ? null : value]),
    );

  const settings = (app: App): unknown =>
    Object.entries(app.config).map(([key, value]) => {
      const attachment = attachedVars(world, app).get(key);
      return {
        attachment: attachment ? { id: attachment } : null,
        key,
        masked: app.masked.has(key),
        masking_supported: attachment === undefined,
        value: app.masked.has(key) ? null : value,
        value_updated_at: app.updatedAt,
      };
    });

  function mask(call: Call, app: App): void {
    const entries = parts(call.body, "config");
    for (const { key, masked } of entries)
      if (masked === false && app.masked.has(String(key)))
        invalid(`${key} is masked, which cannot be undone.`);
    const values = entries.filter((one) => one.value !== undefined).map((one) => [one.key, one.value]);
    change(app, call.account, Object.fromEntries(values));
    for (const { key, masked } of entries) if (masked === true) app.masked.add(String(key));
  }

  return [
    {
      method: "GET",
      path: "/apps/{app}/config-vars",
      handle: (call) => answer(shown(appOf(world, call, "deploy"))),
    },
    {
      method: "PATCH",
      path: "/apps/{app}/config-vars",
      handle: (call) => {
        const app = appOf(world, call, "deploy");
        change(app, call.account, call.body);
        return answer(shown(app));
      },
    },
    {
      method: "GET",
      path: "/apps/{app}/config-vars-settings",
      handle: (call) => answer(settings(appOf(world, call, "deploy"))),
    },
    {
      method: "PATCH",
      path: "/apps/{app}/config-vars-settings",
      handle: (call) => {
        const app = appOf(world, call, "deploy");
        mask(call, app);
        return answer(settings(app));
      },
    },
  ];
}

/** The config vars of an app that its add-ons made, and by which attachment. */
function attachedVars(world: World, app: App): Map<string, string> {
  const { addons, attachments } = world.state;
  return new Map(
    attachments
      .filter((one) => one.app === app.id)
      .flatMap((one) => {
        const addon = addons.find(({ id }) => id === one.addon);
        return Object.keys(addon?.vars ?? {}).map((key): [string, string] => [`${one.name}_${key}`, one.id]);
      }),
  );
}
