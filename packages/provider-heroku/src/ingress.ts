import { type AnyResource, DeployError, type Endpoint, type Ingress, output } from "@deploy/core";
import { acmResource, certificateKinds } from "./certificates.js";
import { domainResource } from "./domains.js";
import { appResource } from "./servers.js";
import { ownCertificate } from "./sni-endpoints.js";
import type { Surroundings } from "./surroundings.js";

/** Element six, first part: domains of the app, and the address it has without any. */
export function createIngress(own: Surroundings): Ingress {
  return {
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
      const app = appResource(own, scope);
      const endpoints: Record<string, Endpoint> = {};
      const resources: AnyResource[] = [];
      const automatic = certificate?.kind === "heroku-acm";
      const acm = automatic ? [acmResource(own, scope, after) as AnyResource] : [];
      const uploaded = certificate?.kind === "heroku-sni" ? ownCertificate : null;
      for (const route of routes) {
        const { host } = route;
        if ("process" in route && route.process !== "web") throw onlyWeb(host, route.process);
        const domain = domainResource(own, scope, host, uploaded, [...acm, ...after]);
        resources.push(domain as AnyResource);
        // Unknown until Heroku has made it; a domain that is pending has none to give.
        endpoints[host] = { kind: "hostname", host: output(domain, ({ target }) => target ?? "") };
      }
      return {
        resources: [app as AnyResource, ...acm, ...resources],
        endpoints,
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
