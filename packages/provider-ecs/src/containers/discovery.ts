import {
  type AnyResource,
  type Context,
  type Foreign,
  output,
  type ResolvedProcess,
  type Resource,
  type Scope,
} from "@deploy/core";
import { isAwsError } from "../errors.js";
import { discoveryName, discoveryService, namespaceName } from "../ingress/discovery.js";
import { groupIdOf, idOf, shortHash } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource, readOnce } from "../resources.js";
import { appTags, groupTags, ifOurs, readTags, type Tags, tagKey, upperTags } from "../tags.js";
import { portOf } from "./task-definition.js";

/** Seconds that a name may be remembered: what has stopped is forgotten soon. */
const secondsToLive = 5;

/** The private DNS namespace of a group. */
export interface NamespaceObserved {
  /** Empty while AWS is still making it. */
  readonly id: string;
  readonly arn: string;
}

/** A service of Cloud Map. */
export interface DiscoveryObserved {
  readonly id: string;
  readonly arn: string;
}

/** How the processes of a release find each other. */
export interface Discovery {
  readonly resources: readonly AnyResource[];
  /** Of processes that are registered: the ARN of their registry. */
  readonly registries: Readonly<Record<string, Resource<unknown, DiscoveryObserved>>>;
  /** Service Connect of bridge mode, by process; see {@link connectOf}. */
  readonly connects: boolean;
  readonly namespace?: Resource<unknown, NamespaceObserved>;
}

/**
 * What has to be there for names.
 *
 * Fargate: an address record for each process that listens, as soon as there is a fellow who might ask. Bridge mode:
 * `instance()` registers what Caddy leads to with its port (SRV), and where a process is internal, Service Connect gives
 * its fellows a name that needs no port, for a small proxy in each task.
 */
export function discoveryOf(parts: Parts, scope: Scope, processes: readonly ResolvedProcess[]): Discovery {
  const foundation = parts.foundation(scope);
  const listening = processes.filter(({ listens }) => listens);
  const isBridge = foundation.networkMode === "bridge";
  const connects = isBridge && listening.some(({ internal }) => internal);
  const registered = isBridge
    ? parts.settings.capacity.kind === "instance"
      ? listening.filter(({ internal }) => !internal)
      : []
    : processes.length > 1
      ? listening
      : [];
  if (registered.length === 0 && !connects) return { resources: [], registries: {}, connects: false };
  const namespace = namespaceNode(parts, scope);
  const registries = Object.fromEntries(
    registered.map((process) => [
      process.name,
      registryNode(parts, scope, process.name, namespace, isBridge ? "SRV" : "A"),
    ]),
  );
  return {
    resources: [namespace, ...Object.values(registries)] as readonly AnyResource[],
    registries: registries as Readonly<Record<string, Resource<unknown, DiscoveryObserved>>>,
    connects,
    namespace: namespace as Resource<unknown, NamespaceObserved>,
  };
}

/** The address under which a process is found by its fellows, known before anything exists. */
export function internalAddress(parts: Parts, scope: Scope, process: ResolvedProcess): string {
  const isBridge = parts.settings.capacity.kind !== "fargate";
  const host = isBridge
    ? discoveryService(scope, process.name)
    : discoveryName(parts.settings, scope, process.name);
  return `http://${host}:${portOf(process)}`;
}

/** Service Connect of one service: it asks by name, and answers where it listens. */
export function connectOf(namespaceArn: string, scope: Scope, process: ResolvedProcess): object {
  if (!process.listens) return { enabled: true, namespace: namespaceArn };
  const dnsName = discoveryService(scope, process.name);
  return {
    enabled: true,
    namespace: namespaceArn,
    services: [
      { portName: process.name, discoveryName: dnsName, clientAliases: [{ port: portOf(process), dnsName }] },
    ],
  };
}

function namespaceNode(parts: Parts, scope: Scope): Resource<{ readonly vpc: string }, NamespaceObserved> {
  const Name = namespaceName(parts.settings, scope);
  const { network } = parts.foundation(scope);
  return ecsResource<{ readonly vpc: string }, NamespaceObserved>("containers", {
    id: groupIdOf(parts.settings, "containers", scope, "namespace"),
    label: `namespace ${Name}`,
    desired: { vpc: output(network, ({ vpcId }) => vpcId) },
    // It shows no VPC; one of another VPC has another name, because it is of another group.
    diff: () => [],
    read: (context) => findNamespace(parts, context, scope),
    pending: ({ id }) => (id === "" ? "AWS makes the private zone, which takes some 30 s" : undefined),
    async create(context, { vpc }) {
      try {
        await parts.clients.send(
          context,
          "serviceDiscovery",
          "CreatePrivateDnsNamespace",
          {
            Name,
            Vpc: vpc,
            CreatorRequestId: shortHash(`${Name} ${vpc}`, 32),
            Description: "Names of processes for each other, made by Deploy",
            Tags: upperTags(groupTags(parts.settings, scope)),
          },
          { repeatable: true },
        );
      } catch (error) {
        if (!isAwsError(error, "DuplicateRequest", "NamespaceAlreadyExists")) throw error;
      }
      return { id: "", arn: "" };
    },
  });
}

/** The namespace of the group, by name. */
export async function findNamespace(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<NamespaceObserved | Foreign<NamespaceObserved> | undefined> {
  const name = namespaceName(parts.settings, scope);
  return readOnce(parts.settings, context, `namespace ${name}`, async () => {
    const found = await listNamespace(parts, context, scope);
    if (found === undefined) return undefined;
    const { Tags } = await parts.clients.send(context, "serviceDiscovery", "ListTagsForResource", {
      ResourceARN: found.arn,
    });
    return ifOurs("group", parts.settings, scope, readTags(Tags), `the namespace ${name}`, found);
  });
}

/** The namespace as it is listed, whoever's it is. */
function listNamespace(parts: Parts, context: Context, scope: Scope): Promise<NamespaceObserved | undefined> {
  const name = namespaceName(parts.settings, scope);
  return readOnce(parts.settings, context, `listed namespace ${name}`, async () => {
    const all = await parts.clients.all(
      context,
      "serviceDiscovery",
      "ListNamespaces",
      { Filters: [{ Name: "NAME", Values: [name], Condition: "EQ" }] },
      (page) => page.Namespaces,
    );
    const found = all.find((one) => one.Name === name && one.Type === "DNS_PRIVATE");
    return found?.Id === undefined || found.Arn === undefined ? undefined : { id: found.Id, arn: found.Arn };
  });
}

function registryNode(
  parts: Parts,
  scope: Scope,
  process: string,
  namespace: Resource<{ readonly vpc: string }, NamespaceObserved>,
  kind: "A" | "SRV",
): Resource<{ readonly namespace: string; readonly kind: string }, DiscoveryObserved> {
  const Name = discoveryService(scope, process);
  return ecsResource<{ readonly namespace: string; readonly kind: string }, DiscoveryObserved>("containers", {
    // The kind of record cannot be changed: another one is another resource.
    id: idOf(parts.settings, "containers", scope, "registry", process, kind),
    label: `name of ${process}`,
    desired: { namespace: output(namespace, ({ id }) => id), kind },
    diff: () => [],
    async read(context) {
      const services = await listRegistries(parts, context, scope);
      const found = services.find((service) => service.name === Name);
      if (found === undefined) return undefined;
      const tags = await registryTags(parts, context, found);
      return ifOurs("app", parts.settings, scope, tags, `the Cloud Map service ${Name}`, {
        id: found.id,
        arn: found.arn,
      });
    },
    async create(context, desired) {
      const { Service } = await parts.clients.send(
        context,
        "serviceDiscovery",
        "CreateService",
        {
          Name,
          NamespaceId: desired.namespace,
          CreatorRequestId: shortHash(`${Name} ${desired.namespace} ${kind}`, 32),
          DnsConfig: { RoutingPolicy: "MULTIVALUE", DnsRecords: [{ Type: kind, TTL: secondsToLive }] },
          // ECS tells which instances are healthy.
          HealthCheckCustomConfig: { FailureThreshold: 1 },
          Tags: upperTags(appTags(parts.settings, scope, { [tagKey.process]: process })),
        },
        { repeatable: true },
      );
      return { id: Service?.Id ?? "", arn: Service?.Arn ?? "" };
    },
  });
}

/** A service of Cloud Map as it is listed. */
export interface Registry extends DiscoveryObserved {
  readonly name: string;
  /** The type of its records: `A`, `SRV`. */
  readonly kind: string;
}

/** Whose a service of Cloud Map is. */
export function registryTags(parts: Parts, context: Context, { arn }: Pick<Registry, "arn">): Promise<Tags> {
  return readOnce(parts.settings, context, `tags of ${arn}`, async () => {
    const { Tags } = await parts.clients.send(context, "serviceDiscovery", "ListTagsForResource", {
      ResourceARN: arn,
    });
    return readTags(Tags);
  });
}

/** All services in the group's namespace, of every app. */
export async function listRegistries(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly Registry[]> {
  const listed = await listNamespace(parts, context, scope);
  if (listed === undefined) return [];
  return readOnce(parts.settings, context, `registries ${listed.id}`, async () => {
    // Whose the namespace is, and what is in it: neither waits for the other.
    const [namespace, all] = await Promise.all([
      findNamespace(parts, context, scope),
      parts.clients.all(
        context,
        "serviceDiscovery",
        "ListServices",
        { Filters: [{ Name: "NAMESPACE_ID", Values: [listed.id], Condition: "EQ" }] },
        (page) => page.Services,
      ),
    ]);
    if (namespace === undefined || "foreign" in namespace) return [];
    return all.flatMap(({ Id, Arn, Name: name, DnsConfig }) =>
      Id === undefined || Arn === undefined || name === undefined
        ? []
        : [{ id: Id, arn: Arn, name, kind: DnsConfig?.DnsRecords?.[0]?.Type ?? "" }],
    );
  });
}
