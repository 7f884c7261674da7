import type { Context } from "../../context.js";
import type { Containers } from "../../elements/containers.js";
import type { Images, ImagesCapabilities } from "../../elements/images.js";
import type { Lease } from "../../elements/lease.js";
import type { Provider } from "../../elements/provider.js";
import type { Scope } from "../../elements/scope.js";
import type { Secrets } from "../../elements/secrets.js";
import { mapOut, output } from "../../engine/out.js";
import type { AnyResource, Owned } from "../../engine/resource.js";
import { redact, reveal } from "../../redacted.js";
import { keyOf, type MemoryCloud, request, thing } from "./memory-cloud.js";
import { memoryContainers } from "./memory-containers.js";
import { memoryAccess, memoryAddons, memoryCertificates, memoryIngress } from "./memory-powers.js";

/** What a test may want to be different. */
export interface MemoryVendorOptions {
  readonly containers?: Partial<Containers["capabilities"]>;
  readonly images?: Partial<ImagesCapabilities>;
  /** What the source says at present: another text is another image. Default "v1". */
  readonly source?: () => string;
  readonly redirects?: false;
  readonly certificates?: false;
  /** The host name that hosts have to lead to is only known once the routes are there. */
  readonly lateEndpoints?: true;
  /** Called while it is asked what it holds. */
  readonly reading?: (context: Context) => void;
}

/** A whole vendor for tests, of every element, in front of a cloud that outlives it. */
export function memoryVendor(
  cloud: MemoryCloud,
  options: MemoryVendorOptions = {},
): Provider & { readonly containers: Containers } {
  return {
    spec: 1,
    name: "memory",
    credentials: {
      token: {
        env: "MEMORY_TOKEN",
        label: "API token",
        secret: true,
        required: true,
        docs: "https://memory.test",
      },
    },
    identity: (context) =>
      request(cloud, context, "identity", () => ({
        account: cloud.account,
        label: `someone at ${cloud.account}`,
      })),
    owned: (context, scope, owned) => {
      options.reading?.(context);
      return request(cloud, context, "owned", () => ownedThings(cloud, scope, owned?.keepLogs === true));
    },
    doctor: async () => [{ subject: "memory", state: "ok", message: "Plenty." }],
    servers: {
      capabilities: { provisioning: true, isolation: true },
      resources: (scope) => ({
        resources: [
          thing(cloud, scope, { element: "servers", id: "machine", label: "machine" }, {}) as AnyResource,
        ],
      }),
      status: async () => [{ name: "machine", state: "running", description: "small" }],
    },
    images: memoryImages(cloud, options),
    containers: memoryContainers(cloud, options.containers),
    logs: {
      capabilities: {
        follow: { no: "it keeps no stream open" },
        history: true,
        releaseOutput: true,
        resume: true,
        retention: "for ever",
      },
      resources: (scope) => ({
        resources: [thing(cloud, scope, { element: "logs", id: "group", label: "logs" }, {}) as AnyResource],
      }),
      read: async function* (context) {
        yield await request(cloud, context, "logs", () => ({
          time: "2026-01-01T00:00:00.000Z",
          process: "web",
          instance: "web.1",
          stream: "stdout" as const,
          text: "hello",
          cursor: "1",
        }));
      },
    },
    secrets: memorySecrets(cloud),
    ingress: memoryIngress(cloud, options),
    ...(options.certificates === false ? {} : { certificates: memoryCertificates(cloud) }),
    addons: memoryAddons(cloud),
    access: memoryAccess(cloud),
    costs: {
      estimate: (context, environment) =>
        request(cloud, context, "prices", () => ({
          currency: "USD",
          items: environment.processes.map(({ name }) => ({ label: name, quantity: 1, monthly: 7 })),
          notCounted: ["traffic"],
          pricesOf: "2026-01-01",
          source: "https://memory.test/prices",
        })),
    },
    lease: memoryLease(cloud),
  };
}

/** The holder of a lock that a killed run has left: whoever takes it, gets it. */
export const KILLED = "a run that was killed";

function ownedThings(cloud: MemoryCloud, scope: Scope, keepLogs: boolean): readonly Owned[] {
  const own = [...cloud.things].filter(([, one]) => one.scope === keyOf(scope));
  return own
    .filter(([, one]) => !(keepLogs && one.element === "logs"))
    .map(([key, one]) => ({
      id: one.id,
      label: one.label,
      provider: "memory",
      element: one.element,
      ...(one.holdsData === undefined ? {} : { holdsData: one.holdsData }),
      remove: (context) =>
        request(cloud, context, `delete ${one.id}`, () => {
          cloud.things.delete(key);
        }),
    }));
}

function memoryImages(cloud: MemoryCloud, options: MemoryVendorOptions): Images {
  return {
    capabilities: { dockerfile: true, buildCommand: true, promotion: true, ...options.images },
    image: async (_context, scope, source) => {
      if (source.kind === "existing") {
        return { resources: [], image: mapOut(source.image, (image) => image) };
      }
      const digest = `sha256:${options.source?.() ?? "v1"}`;
      const node = thing(
        cloud,
        scope,
        { element: "images", id: "image", label: "image" },
        { digest, location: `memory/${scope.app}@${digest}` },
      );
      const renewing = { ...node, renews: true } as const;
      return { resources: [renewing as AnyResource], image: output(renewing, (image) => image) };
    },
  };
}

function memorySecrets(cloud: MemoryCloud): Secrets {
  const of = (scope: Scope) => {
    const found = cloud.secrets.get(keyOf(scope)) ?? new Map();
    cloud.secrets.set(keyOf(scope), found);
    return found as Map<string, { version: number; value: string; earlier: string[] }>;
  };
  const put = (scope: Scope, name: string, value: string): { name: string; version: string } => {
    const present = of(scope).get(name);
    if (present?.value === value) return { name, version: `${present.version}` };
    const version = (present?.version ?? 0) + 1;
    of(scope).set(name, { version, value, earlier: [...(present?.earlier ?? []), value] });
    return { name, version: `${version}` };
  };
  return {
    capabilities: { versions: true, reveal: true },
    secret: (scope, name, value) => ({
      id: `memory/secrets/${name}`,
      label: `secret ${name}`,
      provider: "memory",
      element: "secrets",
      renews: true,
      holdsData: `secret ${name}`,
      desired: { name },
      read: (context) =>
        request(cloud, context, `get secret ${name}`, () => {
          const present = of(scope).get(name);
          return present === undefined ? undefined : { name, version: `${present.version}` };
        }),
      diff: () =>
        value === undefined || of(scope).get(name)?.value === reveal(value) ? [] : [{ path: "value" }],
      blocked: (observed) =>
        observed !== undefined || value !== undefined
          ? undefined
          : {
              code: "secrets.missing",
              message: `The secret ${name} is not set.`,
              hint: `deploy secrets set ${name}`,
            },
      create: (context) =>
        request(cloud, context, `put secret ${name}`, () => put(scope, name, reveal(value!))),
      update: (context) =>
        request(cloud, context, `put secret ${name}`, () => put(scope, name, reveal(value!))),
    }),
    list: (context, scope) =>
      request(cloud, context, "list secrets", () =>
        [...of(scope)].map(([name, { version }]) => ({
          name,
          version: `${version}`,
          setAt: "2026-01-01T00:00:00Z",
        })),
      ),
    set: (context, scope, name, value) =>
      request(cloud, context, "set secret", () => ({
        ...put(scope, name, reveal(value)),
        setAt: "2026-01-01T00:00:00Z",
      })),
    unset: (context, scope, name) =>
      request(cloud, context, "unset secret", () => {
        of(scope).delete(name);
      }),
    reveal: (context, scope, name) =>
      request(cloud, context, "reveal secret", () => redact(of(scope).get(name)!.value)),
  };
}

function memoryLease(cloud: MemoryCloud): Lease {
  return {
    acquire: (context, scope, holder) =>
      request(cloud, context, "acquire lock", () => {
        const key = keyOf(scope);
        const present = cloud.locks.get(key);
        if (present !== undefined && present.name !== KILLED) return { holder: present };
        cloud.locks.set(key, holder);
        const isOurs = (): boolean => cloud.locks.get(key) === holder;
        return {
          granted: {
            check: async () => {
              if (!isOurs()) throw new Error("the lock was broken");
            },
            release: () =>
              request(cloud, context, "release lock", () => {
                if (isOurs()) cloud.locks.delete(key);
              }),
          },
        };
      }),
    holder: (context, scope) => request(cloud, context, "lock holder", () => cloud.locks.get(keyOf(scope))),
    break: (context, scope) =>
      request(cloud, context, "break lock", () => {
        cloud.locks.delete(keyOf(scope));
      }),
  };
}
