import { type AnyResource, type Certificates, output } from "@deploy/core";
import { idOf } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";

/**
 * Certificates with `instance()`: Caddy gets and renews them by itself, from Let's Encrypt or ZeroSSL, as soon as a name
 * leads to the instance. Nothing is to be proved beforehand, and nothing to be waited for.
 */
export function createCaddyCertificates(parts: Parts): Certificates {
  return {
    capabilities: {
      kind: "caddy",
      wildcards: { no: "no certificate authority proves a wildcard by HTTP" },
      proof: "none",
    },
    certificate(scope, hosts) {
      const issued = ecsResource<Record<string, never>, { readonly by: "caddy" }>("certificates", {
        id: idOf(parts.settings, "certificates", scope, "by-caddy"),
        label: `certificates of ${hosts.join(", ")}, by the proxy itself`,
        desired: {},
        read: async () => ({ by: "caddy" }),
      });
      return {
        kind: "caddy",
        resources: [],
        reference: output(issued, ({ by }) => by),
        issued: issued as AnyResource,
      };
    },
  };
}
