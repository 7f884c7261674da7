import {
  type AddonStatus,
  type Addons,
  type AnyResource,
  type Backup,
  mapOut,
  output,
  redact,
} from "@deploy/core";
import { call, keyOf, listThings, type Surroundings, thing } from "./api.js";
import { databaseUrl } from "./database-url.js";

interface Held {
  readonly name: string;
  readonly backups: readonly Backup[];
}

/** Backing services of the reference provider: a database is one text. */
export function createAddons(own: Surroundings): Addons {
  return {
    capabilities: {
      kinds: { postgres: true },
      backup: true,
      restore: true,
      connect: { no: "it has no door" },
    },
    addon(scope, addon) {
      const { create, ...node } = thing(
        own,
        scope,
        {
          element: "addons",
          name: addon.name,
          label: `database ${addon.name}`,
          holdsData: `database ${addon.name}`,
        },
        { kind: addon.kind, extensions: addon.extensions },
      );
      const database: typeof node & Required<Pick<ReturnType<typeof thing>, "create">> = {
        ...node,
        async create(context, desired) {
          await call(own, context, "PUT", ["scopes", keyOf(scope), "databases", addon.name], {
            code: "addons",
          });
          return create!(context, desired as never);
        },
      };
      const url = output(database as AnyResource, () => redact(databaseUrl(keyOf(scope), addon.name)));
      return {
        resources: [database as AnyResource],
        ready: [database as AnyResource],
        config: { [addon.as]: url },
      };
    },
    backupBefore(scope, addon, release) {
      const node = thing<{ release: number }>(
        own,
        scope,
        { element: "addons", name: `${addon.name}-backup`, label: `backup of ${addon.name}` },
        { release: mapOut(release, (number) => number) },
      );
      return { ...node, verb: "back up" } as AnyResource;
    },
    async status(context, scope) {
      const things = await listThings(own, context, scope);
      return things
        .filter((one) => one.element === "addons" && one.holdsData !== undefined)
        .map(({ id, state }): AddonStatus => {
          const name = id.split("/").at(-1) ?? "";
          return { name, kind: String(state.kind), state: "running", description: "a text" };
        });
    },
    async backups(context, scope, name) {
      const held = await call<Held[]>(own, context, "GET", ["scopes", keyOf(scope), "databases"], {
        code: "addons",
      });
      return held.find((one) => one.name === name)?.backups ?? [];
    },
    backup: (context, scope, name) =>
      call<Backup>(own, context, "POST", ["scopes", keyOf(scope), "backups", name], { code: "addons" }),
    async restore(context, scope, name, backup) {
      const path = ["scopes", keyOf(scope), "backups", name];
      await call(own, context, "PUT", path, { body: { backup }, code: "addons" });
    },
  };
}
