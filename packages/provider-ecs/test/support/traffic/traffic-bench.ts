import {
  type AnyResource,
  type Context,
  DeployError,
  type DnsRecordSet,
  type In,
  type Owned,
  type ResolvedProcess,
  type Resource,
  type Scope,
} from "@deploy/core";
import type { EcsOptions } from "../../../src/options.js";
import type { Parts } from "../../../src/parts.js";
import { ecsResource } from "../../../src/resources.js";
import type {
  AddressObserved,
  ClusterObserved,
  Foundation,
  InstanceObserved,
  NetworkObserved,
  RoleObserved,
  SecurityGroupObserved,
} from "../../../src/servers/foundation.js";
import { createElementBench, type ElementBench } from "../element-bench.js";
import type { Vendor } from "../use-vendor.js";

/** A bench whose foundation is there already: what the traffic stands on is not what is tried. */
export interface TrafficBench extends Omit<ElementBench, "parts"> {
  readonly parts: Parts;
  /** The same group, another app. */
  other(app: string): TrafficBench;
}

/** What stands at the emulator for all benches of a test. */
export interface Ground {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly groupId: string;
  readonly instanceId?: string;
}

/** Makes a network, and an instance where there is to be one. */
export async function layGround(vendor: Vendor, withInstance = false): Promise<Ground> {
  const { parts, context } = createElementBench({ env: vendor.env });
  const { clients } = parts;
  const now = context();
  const vpcs = await clients.send(now, "ec2", "DescribeVpcs", {});
  const vpcId = vpcs.Vpcs?.find(({ IsDefault }) => IsDefault)?.VpcId ?? "";
  const subnets = await clients.send(now, "ec2", "DescribeSubnets", {
    Filters: [{ Name: "vpc-id", Values: [vpcId] }],
  });
  const group = await clients.send(now, "ec2", "CreateSecurityGroup", {
    GroupName: "ground",
    Description: "ground",
    VpcId: vpcId,
  });
  const subnetIds = (subnets.Subnets ?? []).map(({ SubnetId = "" }) => SubnetId).slice(0, 2);
  const ground = { vpcId, subnetIds, groupId: group.GroupId ?? "" };
  if (!withInstance) return ground;
  const made = await clients.send(now, "ec2", "RunInstances", {
    ImageId: "ami-12c6146b",
    InstanceType: "t3.small",
    MinCount: 1,
    MaxCount: 1,
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "deploy:group", Value: "production" }] }],
  });
  return { ...ground, instanceId: made.Instances?.[0]?.InstanceId ?? "" };
}

/** A bench for one app. */
export function createTrafficBench(
  vendor: Vendor,
  ground: Ground,
  options: Partial<EcsOptions> = {},
  app = "shop",
): TrafficBench {
  const scope: Scope = { app, environment: "production" };
  const bench = createElementBench({ env: vendor.env, options, scope });
  const parts: Parts = {
    ...bench.parts,
    foundation: (of) => foundationOn(ground, of, bench.settings.capacity.kind),
  };
  return { ...bench, parts, other: (name) => createTrafficBench(vendor, ground, options, name) };
}

function foundationOn(ground: Ground, scope: Scope, kind: string): Foundation {
  const role = given<RoleObserved>("role", {
    name: "role",
    arn: "arn:aws:iam::123456789012:role/role",
    createdAt: 0,
    policy: undefined,
    trust: "{}",
    attached: [],
  });
  const cluster = given<ClusterObserved>("cluster", {
    name: "deploy-production",
    arn: "arn:aws:ecs:us-east-1:123456789012:cluster/deploy-production",
    status: "ACTIVE",
    capacityProviders: [],
  });
  const group = given<SecurityGroupObserved>("group", {
    groupId: ground.groupId,
    vpcId: ground.vpcId,
    ingress: [],
  });
  return {
    scope,
    clusterName: "deploy-production",
    networkMode: kind === "fargate" ? "awsvpc" : "bridge",
    targetType: kind === "fargate" ? "ip" : "instance",
    placement: { launchType: "EC2" },
    network: given<NetworkObserved>("network", {
      vpcId: ground.vpcId,
      cidr: "172.31.0.0/16",
      subnetIds: ground.subnetIds,
      publicSubnetIds: ground.subnetIds,
      zones: {},
    }),
    cluster,
    executionRole: role,
    taskRole: role,
    ingressGroup: group,
    taskGroup: group,
    ...(ground.instanceId === undefined
      ? {}
      : {
          address: given<AddressObserved>("address", { allocationId: "eipalloc-1", ipv4: "203.0.113.5" }),
          instance: given<InstanceObserved>("instance", {
            instanceId: ground.instanceId,
            state: "running",
            privateIp: "172.31.0.5",
            availabilityZone: "us-east-1a",
            instanceType: "t3.small",
            dataVolumeId: undefined,
          }),
        }),
    ready: [cluster as AnyResource],
    resources: [],
  };
}

function given<Observed>(name: string, observed: Observed): Resource<unknown, Observed> {
  return ecsResource<unknown, Observed>("servers", {
    id: `ecs/servers/given/${name}`,
    label: name,
    desired: {},
    read: async () => observed,
    diff: () => [],
  });
}

/** A process as core resolves it. */
export function webProcess(changes: Partial<ResolvedProcess> = {}): ResolvedProcess {
  return {
    name: "web",
    command: "serve",
    health: { path: "/healthz", everyMs: 500, timeoutMs: 5_000, startWithinMs: 60_000 },
    listens: true,
    internal: false,
    volumes: {},
    drainMs: 30_000,
    stopWithinMs: 10_000,
    config: {},
    ...changes,
  };
}

/** A DNS provider that only notes what is published; `prove` of core. */
export function noteProofs(): {
  readonly published: DnsRecordSet[];
  readonly keys: string[];
  prove(key: string, host: string, record: In<DnsRecordSet>): AnyResource;
} {
  const published: DnsRecordSet[] = [];
  const keys: string[] = [];
  return {
    published,
    keys,
    prove(key, host, record) {
      keys.push(key);
      const find = (): DnsRecordSet | undefined => published.find(({ name }) => name.endsWith(host));
      const node: Resource<DnsRecordSet, DnsRecordSet> = {
        id: `notes/dns/validation/${key}`,
        label: `validation record of ${host}`,
        provider: "ecs",
        element: "dns",
        desired: record,
        read: async () => find(),
        async create(_context, desired) {
          published.push(desired);
          return desired;
        },
        async update(_context, desired) {
          published.splice(published.indexOf(find()!), 1, desired);
          return desired;
        },
      };
      return node as AnyResource;
    },
  };
}

/** Removes everything, each after what it says has to be gone first. */
export async function removeInOrder(context: Context, owned: readonly Owned[]): Promise<void> {
  const left = [...owned];
  while (left.length > 0) {
    const at = left.findIndex(({ after = [] }) => !after.some((id) => left.some((one) => one.id === id)));
    if (at < 0) throw new DeployError({ code: "test.cycle", message: "each waits for another one" });
    const [one] = left.splice(at, 1);
    if (one!.shared !== true) await one!.remove(context);
  }
}
