import { type Endpoint, type Ingress, output, type Route, type Scope } from "@deploy/core";
import { environmentFileName, findHome, type Home } from "./home.js";
import { connect, idOf, localResource, pathOf, readView, type Settings } from "./resources.js";
import { supervisorResource } from "./servers.js";
import { listEnvironments, loadState } from "./supervisor/environment-state.js";

interface ObservedRoutes {
  readonly routes: readonly Route[];
  /** Which host of ours leads to somebody else, as a clause. */
  readonly taken?: string;
}

/** Element six on this machine: the supervisor's proxy, by host name. */
export function createIngress(settings: Settings): Ingress {
  return {
    capabilities: {
      customHosts: true,
      redirects: true,
      wildcards: { no: "the proxy of this machine matches whole host names" },
      webSockets: true,
      certificateKinds: [],
    },
    routes(scope, given, { after }) {
      const supervisor = supervisorResource(settings);
      const own = defaultHost(scope.app, scope.environment);
      const first = given.find((route): route is Extract<Route, { process: string }> => "process" in route);
      const routes: Route[] = [{ host: own, process: first?.process ?? "web" }, ...given];
      const resource = localResource<{ routes: readonly Route[] }, ObservedRoutes>("ingress", {
        id: idOf("ingress", scope, "routes"),
        label: `routes of ${own}`,
        verb: "set",
        desired: { routes } as never,
        after: [supervisor, ...after],
        async read(context) {
          const taken = await findTakenHost(findHome(context.env), scope, routes);
          const view = await readView(context, scope);
          if (taken !== undefined) return { routes: view?.routes ?? [], taken };
          return view === undefined || view.routes.length === 0 ? undefined : { routes: view.routes };
        },
        blocked: (observed) =>
          observed?.taken === undefined
            ? undefined
            : {
                code: "ingress.host-taken",
                message: `${observed.taken} on this machine.`,
                hint: "Remove it there first, or choose another host name.",
              },
        async create(context) {
          await connect(context).client.call("PUT", pathOf(scope, "routes"), { routes });
          return { routes };
        },
        async update(context) {
          await connect(context).client.call("PUT", pathOf(scope, "routes"), { routes });
          return { routes };
        },
      });
      const none: Endpoint = { kind: "none" };
      return {
        resources: [resource],
        endpoints: Object.fromEntries(given.map((route) => [route.host, none])),
        url: output(supervisor, (facts) => `http://${own}${facts.port === 80 ? "" : `:${facts.port}`}`),
      };
    },
  };
}

/** Which host of ours leads to somebody else already, as a clause; told while planning, before anything is changed. */
async function findTakenHost(
  home: Home,
  scope: Scope,
  routes: readonly Route[],
): Promise<string | undefined> {
  const hosts = new Set(routes.map((route) => route.host));
  for (const { app, file } of listEnvironments(home)) {
    if (app === scope.app && file === environmentFileName(scope.environment)) continue;
    const state = await loadState(home, app, file.replaceAll("--", "/")).catch(() => undefined);
    const taken = state?.routes.find((route) => hosts.has(route.host));
    if (taken !== undefined) return `${taken.host} leads to ${app} (${state?.environment})`;
  }
  return undefined;
}

/** The host name which an environment has without any domain: names below `localhost` lead to this machine. */
function defaultHost(app: string, environment: string): string {
  return environment === "local"
    ? `${app}.localhost`
    : `${environment.replaceAll("/", "-")}.${app}.localhost`;
}
