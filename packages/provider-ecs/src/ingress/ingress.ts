import {
  type AnyResource,
  type Certificate,
  DeployError,
  type Endpoint,
  type Ingress,
  type IngressPlan,
  mapOut,
  type Out,
  output,
  type Route,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import type { Parts } from "../parts.js";
import { door, doorUrl } from "./alb/door.js";
import { loadBalancer } from "./alb/load-balancer.js";
import { targetGroupName } from "./alb/names.js";
import { plainRoutes } from "./alb/routes.js";
import { type ActionText, forwardTo, redirectTo } from "./alb/rules.js";
import { secureRoutes } from "./alb/secure-routes.js";
import { siteResource } from "./caddy/site-resource.js";
import { recallPublic } from "./primary.js";

/** What an ingress of this provider is told beside the routes. */
interface RouteOptions {
  readonly certificate?: Certificate;
  readonly after: readonly AnyResource[];
}

/** Longest host name of a rule (ELB: 128 characters). */
const longestHost = 128;

/** Element six on AWS, first part: the group's load balancer, or Caddy on the group's instance. */
export function createIngress(parts: Parts): Ingress {
  const hasCaddy = parts.settings.capacity.kind === "instance";
  return {
    capabilities: {
      customHosts: true,
      redirects: true,
      wildcards: hasCaddy
        ? { no: "the proxy proves hosts by HTTP, which no certificate authority accepts for a wildcard" }
        : true,
      webSockets: true,
      certificateKinds: [hasCaddy ? "caddy" : "acm"],
    },
    routes: (scope, routes, options) => {
      for (const { host } of routes) assertHost(host);
      return hasCaddy
        ? siteRoutes(parts, scope, routes, options)
        : balancerRoutes(parts, scope, routes, options);
    },
  };
}

/**
 * Hosts on the load balancer. Rules on port 80 wait for the processes only; what waits for the certificate is port 443,
 * and that port 80 redirects to it.
 */
function balancerRoutes(
  parts: Parts,
  scope: Scope,
  routes: readonly Route[],
  { certificate, after }: RouteOptions,
): IngressPlan {
  const balancer = loadBalancer(parts, scope);
  const [first = "web"] = recallPublic(parts, scope, routes);
  const way = door(parts, scope, first);
  const serving = after.filter(({ id }) => id !== certificate?.issued.id);
  const isSecure = certificate !== undefined && routes.length > 0;
  const plain = plainRoutes(
    parts,
    scope,
    { hosts: actions(parts, scope, routes, "http"), secure: isSecure },
    [way as AnyResource, ...serving],
  );
  const resources: AnyResource[] = [balancer, way, plain] as AnyResource[];
  if (isSecure) {
    const hosts = actions(parts, scope, routes, "https");
    const gates = [plain as AnyResource, certificate.issued];
    resources.push(secureRoutes(parts, scope, hosts, certificate.reference, gates) as AnyResource);
  }
  const endpoint: Endpoint = {
    kind: "hostname",
    host: output(balancer, ({ dnsName }) => dnsName),
    alias: { route53: output(balancer, ({ hostedZoneId }) => hostedZoneId) },
  };
  return {
    resources,
    endpoints: Object.fromEntries(routes.map(({ host }) => [host, endpoint])),
    url: output(way, doorUrl),
  };
}

function actions(
  parts: Parts,
  scope: Scope,
  routes: readonly Route[],
  protocol: "http" | "https",
): Record<string, ActionText> {
  return Object.fromEntries(
    routes.map((route) => [
      route.host,
      "process" in route
        ? forwardTo(targetGroupName(parts.settings, scope, route.process))
        : redirectTo(protocol, route.redirect),
    ]),
  );
}

/** Hosts on the instance: Caddy serves them, with certificates that it gets by itself as soon as a name leads to it. */
function siteRoutes(
  parts: Parts,
  scope: Scope,
  routes: readonly Route[],
  { after }: RouteOptions,
): IngressPlan {
  const { address } = parts.foundation(scope);
  if (address === undefined) throw new Error("an instance without an address");
  const processes = recallPublic(parts, scope, routes);
  const site = siteResource(parts, scope, { routes, processes }, after);
  const ipv4 = output(address, (found) => found.ipv4);
  const endpoint: Endpoint = { kind: "address", ipv4 };
  const port = output(site, ({ ports }) => ports[0] ?? 80);
  return {
    resources: [address, site] as readonly AnyResource[],
    endpoints: Object.fromEntries(routes.map(({ host }) => [host, endpoint])),
    url: siteUrl(ipv4, port),
  };
}

/** A value of two resources, which core has no word for. */
function siteUrl(ipv4: Out<string>, port: Out<number>): Out<string> {
  return {
    ...mapOut(ipv4, (address) => `http://${address}`),
    needs: [...ipv4.needs, ...port.needs],
    resolve: (look) => {
      const address = ipv4.resolve(look);
      const at = port.resolve(look);
      if (address === UNKNOWN || at === UNKNOWN) return UNKNOWN;
      return `http://${address}${at === 80 ? "" : `:${at}`}`;
    },
  };
}

function assertHost(host: string): void {
  if (host.length <= longestHost) return;
  throw new DeployError({
    code: "ingress.host-too-long",
    message: `${host} has ${host.length} characters, and a rule of the load balancer takes ${longestHost}.`,
    hint: "Use a shorter name.",
  });
}
