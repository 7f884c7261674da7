import type {
  Access,
  Addons,
  AnyResource,
  Certificates,
  Containers,
  Costs,
  Dns,
  Images,
  Ingress,
  Lease,
  Logs,
  Provider,
  Secrets,
  Servers,
} from "@deploy/core";
import { createAccess } from "./access.js";
import { createAddons } from "./addons.js";
import { call, listThings, type Surroundings, thing, tokenVariable } from "./api.js";
import { createContainers } from "./containers.js";
import { createImages } from "./images.js";
import { createLease } from "./lease.js";
import { createLogs } from "./logs.js";
import { listOwned } from "./owned.js";
import { createSecrets } from "./secrets.js";
import { createCertificates, createDns, createIngress } from "./traffic.js";
import { type ReferenceVendor, referenceToken, referenceVendor } from "./vendor.js";

/** Options of {@link referenceProvider}. */
export interface ReferenceOptions {
  /** Default `reference`. */
  readonly name?: string;
  /** The vendor it speaks to by itself, credentials included. Default: one of its own. */
  readonly vendor?: ReferenceVendor | "context";
  /** Kinds of certificate its ingress terminates with. Default: its own. */
  readonly certificateKinds?: readonly string[];
}

/** The zone of a reference vendor that was given none. */
export const fillerZone = "example.test";

/** A whole provider of every element. */
export type ReferenceProvider = Provider & {
  readonly servers: Servers;
  readonly images: Images;
  readonly containers: Containers;
  readonly logs: Logs;
  readonly secrets: Secrets;
  readonly ingress: Ingress;
  readonly dns: Dns;
  readonly certificates: Certificates;
  readonly addons: Addons;
  readonly access: Access;
  readonly costs: Costs;
  readonly lease: Lease;
};

/**
 * A correct provider of every element, of a vendor in memory that is spoken to by HTTP: what the kit fills gaps with,
 * what the broken providers are made from, and an example to read.
 */
export function referenceProvider(options: ReferenceOptions = {}): ReferenceProvider {
  const { name = "reference", vendor = referenceVendor([fillerZone]), certificateKinds } = options;
  const own: Surroundings = {
    name,
    ...(vendor === "context" ? {} : { fetch: vendor.fetch, token: referenceToken }),
  };
  return {
    spec: 1,
    name,
    credentials: {
      token: {
        env: tokenVariable,
        label: "API token",
        secret: true,
        required: vendor === "context",
        docs: "https://reference.test/tokens",
      },
    },
    identity: async (context) => {
      const { account } = await call<{ account: string }>(own, context, "GET", ["account"]);
      return { account, label: `someone at ${account}` };
    },
    owned: (context, scope, asked) => listOwned(own, context, scope, asked),
    servers: {
      capabilities: { provisioning: true, isolation: true },
      resources: (scope) => ({
        resources: [
          thing(own, scope, { element: "servers", name: "machine", label: "machine" }, {}) as AnyResource,
        ],
      }),
      async status(context, scope) {
        const machines = (await listThings(own, context, scope)).filter((one) => one.element === "servers");
        return machines.map(() => ({ name: "machine", state: "running", description: "in memory" }));
      },
    },
    images: createImages(own),
    containers: createContainers(own),
    logs: createLogs(own),
    secrets: createSecrets(own),
    ingress: createIngress(own, certificateKinds),
    dns: createDns(own),
    certificates: createCertificates(own),
    addons: createAddons(own),
    access: createAccess(own),
    costs: {
      estimate: async (_context, { processes, addons }) => ({
        currency: "USD",
        items: [
          ...processes.map(({ name, instances = 1 }) => ({ label: name, quantity: instances, monthly: 7 })),
          ...addons.map(({ name }) => ({ label: name, quantity: 1, monthly: 5 })),
        ],
        notCounted: ["traffic"],
        pricesOf: "2026-01-01",
        source: "https://reference.test/prices",
      }),
    },
    lease: createLease(own),
  };
}
