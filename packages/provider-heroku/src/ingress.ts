import { type AnyResource, DeployError, type Endpoint, type Ingress, output } from "@deploy/core";
import { acmResource, certificateKinds } from "./certificates.js";
import { domainResource, routesResource } from "./domains.js";
import { readDomains, readOurMarker } from "./reads.js";
import { appResource } from "./servers.js";
import { ownCertificate } from "./sni-endpoints.js";
import type { Surroundings } from "./surroundings.js";

/** Element six, first part: domains of the app, and the address it has without any. */
export function createIngress(own: Surroundings): Ingress {
  return {
    async status(context, scope) {
      const [domains = [], marker] = await Promise.all([
        readDomains(own, context, scope),
        readOurMarker(own, context, scope),
      ]);
      const custom = marker === undefined ? [] : domains.filter(({ kind }) => kind === "custom");
      return custom.map(({ hostname, cname, status, acm_status: certificate, acm_status_reason: reason }) => {
        const problem = status === "failed" ? "Heroku could not set it up" : reason;
        return {
          host: hostname,
          ...(cname === null ? {} : { target: cname }),
          ...(certificate === null ? {} : { certificate }),
          ...(problem == null ? {} : { problem }),
        };
      });
    },
    capabilities: {
      customHosts: true,
      redirects: {
        no: "Heroku's router leads every host of an app to its web process and redirects nothing",
        link: "https://devcenter.heroku.com/articles/custom-domains",
      },
      wildcards: true,
      webSockets: true,
      certificateKinds,
    },
    routes(scope, routes, { certificate, after }) {
      for (const route of routes) {
        if ("process" in route && route.process !== "web") throw onlyWeb(route.host, route.process);
      }
      const app = appResource(own, scope);
      const acm = certificate?.kind === "heroku-acm" ? [acmResource(own, scope, after) as AnyResource] : [];
      const uploaded = certificate?.kind === "heroku-sni" ? ownCertificate : null;
      const hosts = routes.map(({ host }) => host);
      const domains = hosts.map((host) => domainResource(own, scope, host, uploaded, [...acm, ...after]));
      const nodes = domains as readonly AnyResource[];
      const endpoints = domains.map((domain, index): [string, Endpoint] => [
        hosts[index] ?? "",
        // Known once Heroku has made it: until then the domain is pending.
        { kind: "hostname", host: output(domain, ({ target }) => target ?? "") },
      ]);
      const all = routesResource(own, scope, hosts, [app as AnyResource, ...nodes]);
      return {
        resources: [app as AnyResource, ...acm, ...nodes, all as AnyResource],
        endpoints: Object.fromEntries(endpoints),
        url: output(app, ({ url }) => url),
      };
    },
  };
}

function onlyWeb(host: string, process: string): DeployError {
  return new DeployError({
    code: "ingress.only-web",
    message: `${host} cannot lead to the process ${process}: Heroku leads every host of an app to its process "web".`,
    hint: `Name the process "web", or make ${process} an app of its own.`,
    docs: "https://devcenter.heroku.com/articles/http-routing",
  });
}
