import { DeployError, type Route } from "@deploy/core";
import { type Environment, openEnvironment } from "./environment.js";
import { emptyState, listEnvironments, loadState } from "./environment-state.js";
import { serviceId } from "./formation.js";
import { clearLostState } from "./lost-state.js";
import type { Machinery } from "./machinery.js";
import type { Route as ProxyRoute } from "./proxy/index.js";

/** How environments are found in memory. */
export function keyOf(app: string, environment: string): string {
  return `${app} ${environment}`;
}

/** All environments of all apps of one user on this machine. */
export interface Environments {
  readonly all: ReadonlyMap<string, Environment>;
  open(app: string, environment: string): Promise<Environment>;
  remove(app: string, environment: string): Promise<void>;
  /** Reads every environment from the disk and picks each up; one that is corrupted does not stop the others. */
  recover(): Promise<void>;
  /** @throws `ingress.host-taken` when a host leads to another app or environment already. */
  checkHosts(app: string, environment: string, routes: readonly Route[]): void;
  /** Sets the proxy's routes from all environments. */
  syncRoutes(): void;
}

/** Makes the set of environments; empty until `recover`. */
export function createEnvironments(machinery: Machinery): Environments {
  const all = new Map<string, Environment>();
  const opening = new Map<string, Promise<Environment>>();

  const syncRoutes = (): void => {
    const routes: Record<string, ProxyRoute> = {};
    for (const { state } of all.values()) {
      for (const route of state.routes) {
        routes[route.host] =
          "redirect" in route
            ? { redirect: route.redirect }
            : { service: serviceId(state.app, state.environment, route.process) };
      }
    }
    machinery.proxy.setRoutes(routes);
  };

  const openFromDisk = async (app: string, environment: string): Promise<Environment> => {
    const stored = await loadState(machinery.home, app, environment);
    if (stored === undefined) await clearLostState(machinery.home, app, environment);
    const opened = openEnvironment(machinery, stored ?? emptyState(app, environment));
    all.set(keyOf(app, environment), opened);
    return opened;
  };

  return {
    all,
    syncRoutes,
    checkHosts(app, environment, routes) {
      for (const { state } of all.values()) {
        if (state.app === app && state.environment === environment) continue;
        const taken = routes.find((route) => state.routes.some((other) => other.host === route.host));
        if (taken === undefined) continue;
        throw new DeployError({
          code: "ingress.host-taken",
          message: `${taken.host} leads to ${state.app} (${state.environment}) on this machine.`,
          hint: "Remove it there first, or choose another host name.",
        });
      }
    },
    async open(app, environment) {
      const key = keyOf(app, environment);
      const present = all.get(key) ?? opening.get(key);
      if (present !== undefined) return present;
      // One of those who ask at once does it: the others would clear away what it has begun.
      const work = openFromDisk(app, environment).finally(() => opening.delete(key));
      opening.set(key, work);
      return work;
    },
    async remove(app, environment) {
      const opened = all.get(keyOf(app, environment));
      await opened?.remove();
      all.delete(keyOf(app, environment));
      syncRoutes();
    },
    async recover() {
      const found = listEnvironments(machinery.home);
      await Promise.all(
        found.map(async ({ app, file }) => {
          try {
            const state = await loadState(machinery.home, app, file.replaceAll("--", "/"));
            if (state === undefined) return;
            const environment = openEnvironment(machinery, state);
            all.set(keyOf(state.app, state.environment), environment);
            await environment.recover();
          } catch (error) {
            machinery.log(`${app}/${file} could not be picked up: ${(error as Error).message}`);
          }
        }),
      );
      syncRoutes();
    },
  };
}
