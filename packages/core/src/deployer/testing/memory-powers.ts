import type { Context } from "../../context.js";
import type { Access, Role } from "../../elements/access.js";
import type { Addons } from "../../elements/addons.js";
import type { Certificates, DnsRecordSet, Ingress } from "../../elements/traffic.js";
import { mapOut, output } from "../../engine/out.js";
import type { AnyResource, Resource } from "../../engine/resource.js";
import { redact } from "../../redacted.js";
import { keyOf, type MemoryCloud, request, thing } from "./memory-cloud.js";

/** Routes of the tests' vendor: all of them are one thing, and hosts lead to a host name. */
export function memoryIngress(
  cloud: MemoryCloud,
  options: { readonly redirects?: false; readonly lateEndpoints?: true },
): Ingress {
  return {
    capabilities: {
      customHosts: true,
      redirects: options.redirects === false ? { no: "it only forwards" } : true,
      wildcards: true,
      webSockets: true,
      certificateKinds: ["memory"],
    },
    routes: (scope, routes, { certificate, after }) => {
      const node = thing<{ routes: unknown; certificate: string }>(
        cloud,
        scope,
        { element: "ingress", id: "routes", label: "routes", after },
        { routes, certificate: certificate?.reference ?? "" },
      );
      const host = options.lateEndpoints ? output(node, () => "lb.memory.test") : "lb.memory.test";
      return {
        resources: [node as AnyResource],
        endpoints: Object.fromEntries(routes.map((route) => [route.host, { kind: "hostname", host }])),
        url: output(node, () => `https://${scope.app}-${scope.environment}.memory.test`),
      };
    },
  };
}

/** Certificates of the tests' vendor: issued once the validation record was put where `published` looks. */
export function memoryCertificates(cloud: MemoryCloud): Certificates {
  return {
    capabilities: { kind: "memory", wildcards: true, proof: "dns" },
    certificate: (scope, hosts, prove) => {
      const node = thing(
        cloud,
        scope,
        { element: "certificates", id: "certificate", label: "certificate" },
        { hosts },
      );
      const records = hosts.map((host) =>
        prove(
          host,
          host,
          output(
            node,
            (): DnsRecordSet => ({ name: `_proof.${host}`, type: "CNAME", values: ["proof.memory.test"] }),
          ),
        ),
      );
      const issued: Resource<{ hosts: readonly string[] }, { hosts: readonly string[] }> = {
        id: "memory/certificates/issued",
        label: "certificate issued",
        provider: "memory",
        element: "certificates",
        desired: { hosts },
        pollEvery: 5,
        after: [node as AnyResource, ...records],
        read: (context) =>
          request(cloud, context, "get issued", () => (cloud.issued() ? { hosts } : undefined)),
      };
      return {
        kind: "memory",
        resources: [node as AnyResource],
        reference: output(node, () => "certificate-1"),
        issued: issued as AnyResource,
      };
    },
  };
}

/** Databases of the tests' vendor. */
export function memoryAddons(cloud: MemoryCloud): Addons {
  return {
    capabilities: {
      kinds: { postgres: true },
      backup: true,
      restore: true,
      connect: { no: "it has no door" },
    },
    addon: (scope, addon) => {
      const node = thing(
        cloud,
        scope,
        {
          element: "addons",
          id: addon.name,
          label: `database ${addon.name}`,
          holdsData: `database ${addon.name}`,
        },
        { kind: addon.kind },
      );
      const url = output(node, () => redact(`postgres://user:s3cret-password@db/${addon.name}`));
      return { resources: [node as AnyResource], ready: [node as AnyResource], config: { [addon.as]: url } };
    },
    backupBefore: (scope, addon, release) => ({
      ...(thing<{ release: number }>(
        cloud,
        scope,
        { element: "addons", id: `${addon.name}-backup`, label: `backup of ${addon.name}` },
        { release: mapOut(release, (number) => number) },
      ) as AnyResource),
      verb: "back up",
    }),
    status: async () => [{ name: "db", kind: "postgres", state: "running", description: "PostgreSQL" }],
    backups: async () => [],
    backup: (context) =>
      request(cloud, context, "backup", () => ({ id: "b1", createdAt: "2026-01-01T00:00:00Z", bytes: 1 })),
    restore: (context, _scope, name, backup) =>
      request(cloud, context, `restore ${name} ${backup}`, () => undefined),
  };
}

/** Permissions of the tests' vendor; it knows no operators. */
export function memoryAccess(cloud: MemoryCloud): Access {
  return {
    capabilities: {
      roles: { viewer: true, deployer: true, operator: { no: "it knows three roles" }, manager: true },
    },
    grants: (scope, grants) => ({
      resources: grants.map(({ person, role }): AnyResource => {
        const key = `${keyOf(scope)}/${person}`;
        const put = (context: Context, wanted: { role: Role }): Promise<{ role: Role }> =>
          request(cloud, context, `put grant ${key}`, () => {
            cloud.grants.set(key, wanted.role);
            return wanted;
          });
        const node: Resource<{ role: Role }, { role: Role }> = {
          id: `memory/access/${person}`,
          label: `${role} ${person}`,
          provider: "memory",
          element: "access",
          desired: { role },
          read: (context) =>
            request(cloud, context, `get grant ${key}`, () => {
              const present = cloud.grants.get(key);
              return present === undefined ? undefined : { role: present };
            }),
          create: put,
          update: (context, wanted) => put(context, wanted),
        };
        return node as AnyResource;
      }),
    }),
    who: (context, scope) =>
      request(cloud, context, "who", () =>
        [...cloud.grants]
          .filter(([key]) => key.startsWith(`${keyOf(scope)}/`))
          .map(([key, role]) => ({ person: key.slice(keyOf(scope).length + 1), role })),
      ),
    revoke: (context, person, scope) =>
      request(cloud, context, `delete grants of ${person}`, () => {
        const theirs = [...cloud.grants.keys()].filter(
          (key) => key.endsWith(`/${person}`) && (scope === undefined || key.startsWith(`${keyOf(scope)}/`)),
        );
        for (const key of theirs) cloud.grants.delete(key);
        return theirs.map((key) => key.slice(0, -person.length - 1));
      }),
  };
}
