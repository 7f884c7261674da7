import {
  type AnyResource,
  type Certificates,
  type Dns,
  type DnsRecordSet,
  type Ingress,
  type ObservedRecordSet,
  output,
  type Resource,
} from "@deploy/core";
import { call, idOf, listThings, type Surroundings, thing } from "./api.js";
import type { HeldRecord } from "./vendor-state.js";

/** Element six of the reference provider, first part: all routes of a scope are one thing. */
export function createIngress(
  own: Surroundings,
  certificateKinds: readonly string[] = ["reference"],
): Ingress {
  return {
    capabilities: { customHosts: true, redirects: true, wildcards: true, webSockets: true, certificateKinds },
    routes(scope, routes, { certificate, after }) {
      const node = thing<{ routes: unknown; certificate: string }>(
        own,
        scope,
        { element: "ingress", name: "routes", label: "routes", after },
        { routes, certificate: certificate?.reference ?? "" },
      );
      const host = "ingress.reference.test";
      return {
        resources: [node as AnyResource],
        endpoints: Object.fromEntries(
          routes.map((route) => [route.host, { kind: "hostname" as const, host }]),
        ),
        url: output(
          node,
          () => `https://${scope.app}-${scope.environment.replaceAll("/", "-")}.reference.test`,
        ),
      };
    },
  };
}

/** Second part: the vendor holds single values with a comment; the plugin makes sets of them. */
export function createDns(own: Surroundings): Dns {
  const listValues = async (
    context: Parameters<Dns["list"]>[0],
    zone: string,
  ): Promise<readonly HeldRecord[]> => {
    const all: HeldRecord[] = [];
    for (let page = 1; ; page += 1) {
      const query = { page: String(page) };
      const { records, more } = await call<{ records: HeldRecord[]; more: boolean }>(
        own,
        context,
        "GET",
        ["zones", zone],
        { query, code: "dns" },
      );
      all.push(...records);
      if (!more) return all;
    }
  };
  const isOf = (record: HeldRecord, set: DnsRecordSet): boolean =>
    record.name === set.name && record.type === set.type;
  return {
    capabilities: {
      apex: "flatten",
      types: ["A", "AAAA", "CNAME", "TXT", "CAA", "MX", "NS", "SRV", "ALIAS"],
      wildcards: true,
      redirects: { no: "it holds records only" },
    },
    zones: (context) => call<string[]>(own, context, "GET", ["zones"], { code: "dns" }),
    async list(context, zone) {
      const sets = new Map<string, ObservedRecordSet & { values: string[] }>();
      for (const { name, type, content, ttl, comment } of await listValues(context, zone)) {
        const key = `${name} ${type}`;
        const set = sets.get(key) ?? {
          name,
          type,
          values: [],
          ttl,
          ...(comment === null ? {} : { marker: comment }),
        };
        set.values.push(content);
        sets.set(key, set);
      }
      return [...sets.values()];
    },
    async apply(context, zone, changes) {
      const present = await listValues(context, zone);
      const remove = new Set<number>();
      const add: Omit<HeldRecord, "id">[] = [];
      for (const change of changes) {
        const gone =
          change.action === "delete"
            ? [change.before]
            : change.action === "update"
              ? [change.before, change.record]
              : [change.record];
        for (const record of present) if (gone.some((set) => isOf(record, set))) remove.add(record.id);
        if (change.action === "delete") continue;
        const { name, type, values, ttl = 300 } = change.record;
        for (const content of values) add.push({ name, type, content, ttl, comment: change.marker });
      }
      await call(own, context, "POST", ["zones", zone], { body: { remove: [...remove], add }, code: "dns" });
    },
  };
}

/** Third part: issued as soon as every proof stands in a zone of this vendor, or in none. */
export function createCertificates(own: Surroundings): Certificates {
  return {
    capabilities: { kind: "reference", wildcards: true, proof: "dns" },
    certificate(scope, hosts, prove) {
      const node = thing(
        own,
        scope,
        { element: "certificates", name: "certificate", label: `certificate of ${hosts.join(", ")}` },
        { hosts },
      );
      // A wildcard and its parent are proved by one record.
      const parents = [...new Set(hosts.map((host) => host.replace(/^\*\./, "")))];
      const proofs = parents.map((host) =>
        prove(host, host, { name: `_proof.${host}`, type: "CNAME", values: ["proof.reference.test"] }),
      );
      const issued: Resource<{ hosts: readonly string[] }, { hosts: readonly string[] }> = {
        id: idOf(own, "certificates", scope, "issued"),
        label: "certificate issued",
        provider: own.name,
        element: "certificates",
        desired: { hosts },
        after: [node as AnyResource, ...proofs],
        pollEvery: 5,
        async read(context) {
          const found = (await listThings(own, context, scope)).find((one) => one.id === node.id);
          return found === undefined ? undefined : (found.state as { hosts: readonly string[] });
        },
      };
      return {
        kind: "reference",
        resources: [node as AnyResource],
        reference: output(node, () => `certificate of ${scope.app}`),
        issued: issued as AnyResource,
      };
    },
  };
}
