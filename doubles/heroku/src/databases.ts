import { randomBytes } from "node:crypto";
import { createPostgresServer, type PostgresServer } from "./postgres-server.js";
import { createRedisServer, type RedisServer } from "./redis-server.js";
import type { Addon } from "./state.js";
import type { World } from "./world.js";

/** The databases behind the add-ons. */
export interface Databases {
  /** Makes what an add-on promises; gives its config vars without the attachment's name, such as `URL`. */
  make(addon: Addon): Promise<Record<string, string>>;
  remove(addon: Addon): Promise<void>;
  takesTime(addon: Addon): boolean;
  /** The database's own server, for backups; starts it if need be. */
  postgres(): Promise<PostgresServer>;
}

/** Starts a real Postgres, and a real Redis for each store, when they are first asked for. */
export function createDatabases(world: World): Databases {
  let postgres: Promise<PostgresServer> | undefined;
  const stores = new Map<string, RedisServer>();
  const server = (): Promise<PostgresServer> => {
    postgres ??= createPostgresServer().then((started) => {
      world.closing.push(() => started.close());
      return started;
    });
    return postgres;
  };
  const isReal = (addon: Addon): boolean =>
    world.options.databases && ["heroku-postgresql", "heroku-redis"].includes(addon.service);
  return {
    postgres: server,
    takesTime: (addon) => world.delays.addonProvisioning > 0 || isReal(addon),
    async make(addon) {
      const password = randomBytes(16).toString("hex");
      if (addon.service === "heroku-postgresql") {
        if (!isReal(addon)) return { URL: `postgres://u:${password}@127.0.0.1:1/${addon.name}` };
        return { URL: await (await server()).create(databaseOf(addon), password) };
      }
      if (addon.service === "heroku-redis") {
        if (!isReal(addon)) return { URL: `redis://:${password}@127.0.0.1:1` };
        const store = await createRedisServer(password);
        world.closing.push(() => store.close());
        stores.set(addon.id, store);
        return { URL: store.url };
      }
      return { API_TOKEN: password };
    },
    async remove(addon) {
      if (addon.service === "heroku-postgresql" && postgres !== undefined)
        await (await postgres).drop(databaseOf(addon));
      await stores.get(addon.id)?.close();
      stores.delete(addon.id);
    },
  };
}

/** The name of the database behind an add-on. */
export function databaseOf(addon: Addon): string {
  return `d${addon.id.replaceAll("-", "").slice(0, 14)}`;
}
