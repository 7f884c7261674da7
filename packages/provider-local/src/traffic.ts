import { type Endpoint, type Ingress, output, type Route } from "@deploy/core";
import { connect, idOf, localResource, pathOf, readView, type Settings } from "./resources.js";
import { supervisorResource } from "./servers.js";

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
      const resource = localResource<{ routes: readonly Route[] }, { routes: readonly Route[] }>("ingress", {
        id: idOf("ingress", scope, "routes"),
        label: `routes of ${own}`,
        verb: "set",
        desired: { routes } as never,
        after: [supervisor, ...after],
        async read(context) {
          const view = await readView(context, scope);
          return view === undefined || view.routes.length === 0 ? undefined : { routes: view.routes };
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

/** The host name which an environment has without any domain: names below `localhost` lead to this machine. */
function defaultHost(app: string, environment: string): string {
  return environment === "local"
    ? `${app}.localhost`
    : `${environment.replaceAll("/", "-")}.${app}.localhost`;
}
