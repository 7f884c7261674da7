import type { DnsRecordChange, DnsRecordSet, ObservedRecordSet, Provider } from "@deploy/core";
import { type BrokenProvider, broken, withCall, withPart } from "./broken.js";

type Sets = readonly ObservedRecordSet[];

/** Faults in DNS plugins, in releases and in add-ons. */
export const brokenElements: readonly BrokenProvider[] = [
  broken(
    "only the first page of a zone is listed",
    "dns: a zone of many records is listed to its end, however small the vendor's pages are",
    (provider) => listing(provider, (sets) => sets.slice(0, 10)),
  ),
  broken(
    "of several values one is written",
    "dns: several values of one name are one set, and each of them is changed with it",
    (provider) => writing(provider, (record) => ({ ...record, values: record.values.slice(0, 1) })),
  ),
  broken(
    "the time to live is not written",
    "dns: the time to live is written, changed, and shown by the plan when it differs",
    (provider) => writing(provider, ({ ttl: _ttl, ...record }) => record),
  ),
  broken(
    "a text loses its backslashes",
    "dns: texts come back as they were: quotes, backslashes, semicolons, spaces, and longer than 255 characters",
    (provider) =>
      listing(provider, (sets) =>
        sets.map((set) => ({ ...set, values: set.values.map((value) => value.replaceAll("\\", "")) })),
      ),
  ),
  broken(
    "a long text is cut at 255 characters",
    "dns: texts come back as they were: quotes, backslashes, semicolons, spaces, and longer than 255 characters",
    (provider) =>
      writing(provider, (record) => ({
        ...record,
        values: record.values.map((value) => value.slice(0, 255)),
      })),
  ),
  broken(
    "the marker is cut at 64 characters",
    "dns: the marker is kept whole, up to 100 characters, and comes back with each record",
    (provider) =>
      listing(provider, (sets) =>
        sets.map(({ marker, ...set }) =>
          marker === undefined ? set : { ...set, marker: marker.slice(0, 64) },
        ),
      ),
  ),
  broken("a batch does its first step only", "dns: a batch of several steps does all of them", (provider) =>
    applying(provider, (changes) => changes.slice(0, 1)),
  ),
  broken(
    "a record is replaced by its name alone, whatever its type",
    "dns: records of others stay as they are while ours come and go beside them",
    (provider, vendor) =>
      withPart(provider, "dns", (dns) => ({
        async apply(context, zone, changes) {
          const names = new Set(
            changes.flatMap((change) => ("record" in change ? [change.record.name] : [])),
          );
          vendor.state.zones.set(
            zone,
            (vendor.state.zones.get(zone) ?? []).filter(({ name }) => !names.has(name)),
          );
          await dns.apply(context, zone, changes);
        },
      })),
  ),
  broken(
    "made twice, its values are there twice",
    "dns: each step of a batch is safe to repeat",
    (provider, vendor) =>
      withPart(provider, "dns", (dns) => ({
        async apply(context, zone, changes) {
          const before = [...(vendor.state.zones.get(zone) ?? [])];
          await dns.apply(context, zone, changes);
          const now = vendor.state.zones.get(zone) ?? [];
          const created = new Set(
            changes.flatMap((change) => (change.action === "create" ? [change.record.name] : [])),
          );
          const kept = before.filter(
            ({ name, id }) => created.has(name) && !now.some((one) => one.id === id),
          );
          vendor.state.zones.set(zone, [...now, ...kept]);
        },
      })),
  ),
  broken(
    "a release number is given twice",
    "containers: another config is another release, numbers rise, and one alone is active",
    (provider) =>
      withPart(provider, "containers", (containers) => ({
        releases: async (context, scope) =>
          (await containers.releases(context, scope)).map((one) => ({
            ...one,
            number: Math.min(one.number, 2),
          })),
      })),
  ),
  broken(
    "releases come oldest first",
    "containers: another config is another release, numbers rise, and one alone is active",
    (provider) =>
      withPart(provider, "containers", (containers) => ({
        releases: async (context, scope) => [...(await containers.releases(context, scope))].reverse(),
      })),
  ),
  broken(
    "a rollback brings back the image, and leaves the config",
    "containers: a rollback brings back image, config and secrets as a new release",
    (provider) =>
      withPart(provider, "containers", (containers) => ({
        async releaseSpec(context, scope, number) {
          const stored = await containers.releaseSpec(context, scope, number);
          const [newest] = await containers.releases(context, scope);
          return { ...stored, release: { ...stored.release, config: newest?.config ?? {} } };
        },
      })),
  ),
  broken(
    "a rollback takes the newest secrets",
    "containers: after a rollback the processes see the old config and the old secret",
    (provider) =>
      withPart(provider, "containers", (containers) => ({
        async releaseSpec(context, scope, number) {
          const stored = await containers.releaseSpec(context, scope, number);
          const [newest] = await containers.releases(context, scope);
          return { ...stored, release: { ...stored.release, secrets: newest?.secrets ?? [] } };
        },
      })),
  ),
  broken(
    "a failed rollout takes over all the same",
    "containers: a process that ends at once fails the rollout, and the one in service stays",
    (provider, vendor) =>
      withCall(
        provider,
        "resource.update",
        async (call, run) => {
          const [, , app = "", environment = ""] = (call.id ?? "").split("/");
          try {
            return await run();
          } catch (error) {
            const held = vendor.state.scopes.get(`${app}/${environment}`);
            for (const one of held?.releases ?? []) if (one.state === "active") one.state = "superseded";
            throw error;
          }
        },
        "containers",
      ),
  ),
  broken(
    "scaling makes a release",
    "containers: scaling changes the instances and makes no release, and the next plan leaves it",
    (provider, vendor) =>
      withCall(provider, "containers.scale", async (call, run) => {
        await run();
        const { app, environment } = call.args[1] as { app: string; environment: string };
        const releases = vendor.state.scopes.get(`${app}/${environment}`)?.releases ?? [];
        releases.push({ ...releases.at(-1)!, number: releases.length + 1, state: "superseded" });
      }),
  ),
  broken(
    "a restore does nothing",
    "addons: a backup brings back what was there when it was taken",
    (provider) => withPart(provider, "addons", () => ({ restore: async () => undefined })),
  ),
  broken(
    "restoring an unknown backup empties the database",
    "addons: restoring a backup that is not there fails, and the present data stays",
    (provider, vendor) =>
      withPart(provider, "addons", (addons) => ({
        async restore(context, scope, name, backup) {
          vendor.state.scopes.get(`${scope.app}/${scope.environment}`)!.databases.get(name)!.text = undefined;
          return addons.restore!(context, scope, name, backup);
        },
      })),
  ),
  broken(
    "one environment's removal takes the images of the other",
    "provider: composed, environments of one app stand side by side, and one goes without the other",
    (provider, vendor) =>
      withCall(provider, "owned.remove", async (call, run) => {
        await run();
        const [, , app = ""] = (call.id ?? "").split("/");
        vendor.state.images.get(app)?.clear();
      }),
  ),
  broken(
    "a certificate is proved twice for a wildcard and its parent",
    "certificates: proofs have the same keys in every run, and a wildcard shares that of its parent",
    (provider) =>
      withPart(provider, "certificates", (certificates) => ({
        certificate: (scope, hosts, prove) =>
          certificates.certificate(scope, hosts, (key, host, record) => {
            if (hosts.length > 1) prove(`${key}/wildcard`, host, record);
            return prove(key, host, record);
          }),
      })),
  ),
  broken(
    "an endpoint is missing for the second host",
    "ingress: every host has an endpoint whose kind is known before anything is made",
    (provider) =>
      withPart(provider, "ingress", (ingress) => ({
        routes: (scope, routes, options) => {
          const plan = ingress.routes(scope, routes, options);
          return { ...plan, endpoints: Object.fromEntries(Object.entries(plan.endpoints).slice(0, 1)) };
        },
      })),
  ),
  broken(
    "down takes the data that nobody has named",
    "provider: composed, down keeps what holds data until it is named",
    (provider) => ({
      ...provider,
      owned: async (context, scope) =>
        (await provider.owned!(context, scope)).map(({ holdsData: _holdsData, ...one }) => one),
    }),
  ),
];

function listing(provider: Provider, change: (sets: Sets) => Sets): Provider {
  return withPart(provider, "dns", (dns) => ({
    list: async (context, zone) => change(await dns.list(context, zone)),
  }));
}

function applying(
  provider: Provider,
  change: (changes: readonly DnsRecordChange[]) => readonly DnsRecordChange[],
): Provider {
  return withPart(provider, "dns", (dns) => ({
    apply: (context, zone, changes) => dns.apply(context, zone, change(changes)),
  }));
}

function writing(provider: Provider, change: (record: DnsRecordSet) => DnsRecordSet): Provider {
  return applying(provider, (changes) =>
    changes.map((one) => (one.action === "delete" ? one : { ...one, record: change(one.record) })),
  );
}
