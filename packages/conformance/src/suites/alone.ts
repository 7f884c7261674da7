import {
  type AnyResource,
  type DnsProvider,
  type DnsRecordSet,
  dnsRecord,
  isSupported,
  type Provider,
  type ResolvedAddon,
  type ResolvedBuild,
  redact,
  type Scope,
} from "@deploy/core";
import { fillerZone } from "../reference/provider.js";
import { skip } from "../scenario.js";
import { type Bench, kitSecret, type Part } from "../workbench/bench.js";
import { addonKind, addonName, composed, hostsOf, ownDns, secretName, up } from "../workbench/compose.js";

/** What one element alone puts into a plan. */
export interface Alone {
  readonly element: Part;
  /** What it needs of the provider and of the subject, as a scenario says it. */
  readonly requires: readonly string[];
  readonly fixtures?: readonly ("app" | "zone")[];
  /** What has to be there before the element can be tried alone. */
  prepare?(bench: Bench): Promise<void>;
  /** Its resources, as they should be at first. */
  first(bench: Bench, provider: Provider, scope?: Scope): Promise<readonly AnyResource[]>;
  /** The same after a change; undefined where there is nothing that could be changed. */
  second?(bench: Bench, provider: Provider): Promise<readonly AnyResource[]>;
}

/** The build of the app, as core hands it to a provider. */
export function buildOf(bench: Bench): ResolvedBuild {
  return { context: ".", args: {}, ...bench.subject.fixtures?.app?.build };
}

/** An add-on of the first kind that the provider offers. */
export function addonOf(provider: Provider, quickest?: string): ResolvedAddon {
  const kind = quickest ?? addonKind(provider) ?? skip(`${provider.name} offers no kind of add-on`);
  return { name: addonName, kind, extensions: [], as: "DATABASE_URL", backup: false };
}

/** Where the kit writes records: the zone of the fixture, or that of its own DNS. */
export function proofAt(bench: Bench, provider: Provider, scope: Scope = bench.scope) {
  return (key: string, host: string, record: unknown): AnyResource => {
    const own = provider.dns !== undefined && bench.subject.fixtures?.zone !== undefined;
    const dns = own ? (provider as DnsProvider) : ownDns(bench);
    return dnsRecord(dns, scope, `validation/${key}`, host, record as DnsRecordSet) as AnyResource;
  };
}

/** A host below the zone that proofs are written to. */
export function hostFor(bench: Bench): string {
  const zone = bench.provider.dns === undefined ? undefined : bench.subject.fixtures?.zone?.name;
  return `www.${bench.scope.app}.${zone ?? fillerZone}`;
}

function record(
  bench: Bench,
  provider: Provider,
  values: readonly string[],
  scope = bench.scope,
): readonly AnyResource[] {
  const host = `alone.${bench.scope.app}.${bench.fixture("zone").name}`;
  const wanted = { name: host, type: "TXT" as const, values };
  return [dnsRecord(provider as DnsProvider, scope, host, host, wanted) as AnyResource];
}

/** Every element that can be planned by itself; containers need an image and are tried composed. */
export const alone: readonly Alone[] = [
  {
    element: "servers",
    requires: ["servers"],
    first: async (bench, provider, scope = bench.scope) =>
      provider.servers!.resources(scope, { memory: 0, instances: 1 }).resources,
  },
  {
    element: "images",
    requires: ["images"],
    fixtures: ["app"],
    first: async (bench, provider, scope = bench.scope) =>
      (await provider.images!.image(bench.context(), scope, { kind: "build", build: buildOf(bench) }))
        .resources,
    second: async (bench, provider) => {
      bench.workplace.write("version.txt", "the second\n");
      const source = { kind: "build", build: buildOf(bench) } as const;
      return (await provider.images!.image(bench.context(), bench.scope, source)).resources;
    },
  },
  {
    element: "logs",
    requires: ["logs.resources"],
    first: async (bench, provider, scope = bench.scope) => provider.logs!.resources!(scope).resources,
  },
  {
    element: "secrets",
    requires: ["secrets"],
    first: async (bench, provider, scope = bench.scope) => [
      provider.secrets!.secret(scope, secretName, redact(kitSecret)) as AnyResource,
    ],
    second: async (bench, provider) => {
      bench.transcript.keepSecret(`${kitSecret}-second`);
      return [
        provider.secrets!.secret(bench.scope, secretName, redact(`${kitSecret}-second`)) as AnyResource,
      ];
    },
  },
  {
    element: "ingress",
    requires: ["ingress", "ingress.customHosts"],
    // Routes lead to processes: where they are the provider's own, they have to be there.
    async prepare(bench) {
      if (bench.provider.containers !== undefined) await up(bench, composed(bench));
    },
    first: async (bench, provider, scope = bench.scope) =>
      provider.ingress!.routes(scope, [{ host: hostsOf(bench).web, process: "web" }], { after: [] })
        .resources,
    second: async (bench, provider) => {
      const { web } = hostsOf(bench);
      const routes = [
        { host: web, process: "web" },
        { host: `two.${web}`, process: "web" },
      ];
      return provider.ingress!.routes(bench.scope, routes, { after: [] }).resources;
    },
  },
  {
    element: "dns",
    requires: ["dns"],
    fixtures: ["zone"],
    first: async (bench, provider, scope) => record(bench, provider, ["one"], scope),
    second: async (bench, provider) => record(bench, provider, ["one", "two"]),
  },
  {
    element: "certificates",
    requires: ["certificates"],
    first: async (bench, provider, scope = bench.scope) => {
      const made = provider.certificates!.certificate(
        scope,
        [hostFor(bench)],
        proofAt(bench, provider, scope),
      );
      return [...made.resources, made.issued];
    },
  },
  {
    element: "addons",
    requires: ["addons"],
    first: async (bench, provider, scope = bench.scope) => {
      const plan = provider.addons!.addon(scope, addonOf(provider, bench.subject.fixtures?.quickAddon));
      return [...plan.resources, ...plan.ready];
    },
  },
];

/** Those that this provider has and this subject can try. */
export function availableAlone(bench: Bench): readonly Alone[] {
  return alone.filter(({ element, fixtures = [], requires }) => {
    const has =
      bench.provider[element] !== undefined &&
      fixtures.every((name) => bench.subject.fixtures?.[name] !== undefined);
    const able = element !== "ingress" || isSupported(bench.provider.ingress?.capabilities.customHosts);
    return (
      has && able && (!requires.includes("logs.resources") || bench.provider.logs?.resources !== undefined)
    );
  });
}
