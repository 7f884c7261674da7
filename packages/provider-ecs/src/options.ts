import { DeployError } from "@deploy/core";
import type { AddonOptions } from "./addons/options.js";
import type { ServiceName } from "./clients/service-name.js";
import type { AutoscalingOptions } from "./containers/autoscaling.js";
import type { Sidecar } from "./containers/sidecar.js";
import type { BuildOptions } from "./images/build.js";

/** Processor architecture of tasks, images and instances. */
export type Architecture = "amd64" | "arm64";

/** Tasks on AWS's own machines. */
export interface FargateCapacity {
  readonly kind: "fargate";
  /** The part of the instances that runs on spare capacity, which AWS may take back: 0 to 1. */
  readonly spot: number;
  readonly architecture: Architecture;
}

/** Tasks on instances of the account, in a group that keeps their number. */
export interface Ec2Capacity {
  readonly kind: "ec2";
  readonly instanceType: string;
  readonly count: number;
  /** More than `count`: ECS adds instances while tasks do not fit, up to so many. */
  readonly max: number;
  readonly architecture: Architecture;
}

/** Tasks on one instance with a fixed address: no load balancer, no NAT. */
export interface InstanceCapacity {
  readonly kind: "instance";
  readonly instanceType: string;
  readonly architecture: Architecture;
  /** Gigabytes of the instance's disk. */
  readonly disk: number;
  /** Another image of Caddy than the pinned one: a mirror, or a build with plugins. */
  readonly proxyImage?: string;
  /** Where the certificate authority writes to when a certificate is about to expire. */
  readonly certificateEmail?: string;
  /** Gigabytes of the volume that keeps what processes and add-ons store; it outlives the instance. */
  readonly dataDisk: number;
  /** The id of the instance that may be replaced, because it is of another type. */
  readonly replace?: string;
}

/** What the processes run on. */
export type Capacity = FargateCapacity | Ec2Capacity | InstanceCapacity;

/** Something that is there already, by its id or by one of its tags. */
export type Existing = string | { readonly tag: readonly [key: string, value: string] };

/** The network that everything stands in. Default: the account's default VPC and its public subnets. */
export interface NetworkOptions {
  /** `vpc-…`, or by tag. */
  readonly vpc?: Existing;
  /** `subnet-…`, or all with a tag. */
  readonly subnets?: readonly string[] | { readonly tag: readonly [key: string, value: string] };
  /** Security groups which tasks get besides their own. */
  readonly securityGroups?: readonly string[];
  /** Tasks get a public address: they need one where the subnets have no NAT. Default true. */
  readonly publicAddresses?: boolean;
}

/** Options of `ecs()`. */
export interface EcsOptions {
  /** Such as `us-east-1`. */
  readonly region: string;
  /** Default {@link fargate}`()`. */
  readonly capacity?: Capacity;
  /** The twelve digits of the account that this may be deployed to; any other is refused. */
  readonly account?: string;
  /** A profile of `~/.aws/config`. Default: `AWS_PROFILE`, else the SDK's default chain. */
  readonly profile?: string;
  readonly network?: NetworkOptions;
  /** Where secrets are kept. Default `ssm`. */
  readonly secrets?: "ssm" | "secrets-manager";
  /** Id or ARN of the KMS key that encrypts secrets. Default: the service's own, which costs nothing. */
  readonly secretsKey?: string;
  /** Secrets of builds, and images whose layers may be used again. */
  readonly build?: BuildOptions;
  /** How add-ons are made. */
  readonly addons?: AddonOptions;
  /**
   * Apps of one group share cluster, load balancer, and the instance of `instance()`. Default: the environment's
   * name up to its first slash, so that review apps share one.
   */
  readonly group?: string;
  /** Days that logs are kept. Default 30. */
  readonly logRetentionDays?: number;
  /**
   * Seconds that a new role rests before tasks are started with it, because it is not known everywhere in AWS at once:
   * a task that starts too early fails, and ECS waits 30 s before the next. Default 10.
   */
  readonly roleRestSeconds?: number;
  /** ARNs of policies that the app's own code needs, such as for a bucket. */
  readonly taskPolicies?: readonly string[];
  /** Instances by load, by process: target tracking. What it owns is left alone by `instances` and `deploy scale`. */
  readonly autoscaling?: Readonly<Record<string, AutoscalingOptions>>;
  /** Raw container definitions beside the app's own, by process; `*` for all. ECS's own words. */
  readonly sidecars?: Readonly<Record<string, readonly Sidecar[]>>;
  /** Other addresses of services, for tests. `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are honoured too. */
  readonly endpoints?: Partial<Readonly<Record<ServiceName, string>>>;
  /** `host:port` of the registry to push to in place of ECR's own, for tests. Default `DEPLOY_ECR_REGISTRY`, else ECR's. */
  readonly registryHost?: string;
}

/** The options with their defaults filled in: what every element works with. */
export interface Settings {
  readonly region: string;
  readonly capacity: Capacity;
  readonly account: string | undefined;
  readonly profile: string | undefined;
  readonly network: Required<Pick<NetworkOptions, "publicAddresses" | "securityGroups">> &
    Pick<NetworkOptions, "vpc" | "subnets">;
  readonly secrets: "ssm" | "secrets-manager";
  readonly secretsKey: string | undefined;
  readonly build: BuildOptions;
  readonly addons: AddonOptions;
  readonly group: string | undefined;
  readonly logRetentionDays: number;
  readonly taskPolicies: readonly string[];
  readonly autoscaling: Readonly<Record<string, AutoscalingOptions>>;
  readonly sidecars: Readonly<Record<string, readonly Sidecar[]>>;
  readonly roleRestSeconds: number;
  readonly endpoints: Partial<Readonly<Record<ServiceName, string>>>;
  readonly registryHost: string | undefined;
}

/** Tasks on AWS's own machines: nothing to look after. `spot` is the part that may be taken back, 0 (default) to 1. */
export function fargate(
  options: { readonly spot?: number; readonly cpuArchitecture?: Architecture } = {},
): FargateCapacity {
  const { spot = 0, cpuArchitecture: architecture = "amd64" } = options;
  if (!(spot >= 0 && spot <= 1))
    throw badOption("fargate({ spot })", String(spot), "A part between 0 and 1, such as 0.5.");
  return { kind: "fargate", spot, architecture };
}

/**
 * Tasks on `count` instances of the account behind the load balancer. Default: two `t3.small`. With `max`, ECS adds
 * instances while tasks do not fit, and takes them away again.
 */
export function ec2(
  options: { readonly instanceType?: string; readonly count?: number; readonly max?: number } = {},
): Ec2Capacity {
  const { instanceType = "t3.small", count = 2, max = count } = options;
  if (!Number.isInteger(count) || count < 1)
    throw badOption("ec2({ count })", String(count), "A whole number from 1 on.");
  if (!Number.isInteger(max) || max < count)
    throw badOption("ec2({ max })", String(max), "A whole number that is not below count.");
  return { kind: "ec2", instanceType, count, max, architecture: architectureOf(instanceType) };
}

/**
 * One instance with a fixed address and a proxy of its own: the cheap way for small apps; several may share it.
 *
 * Default: a `t3.small` with a disk of 30 GB, and 20 GB for data, which outlive it. An instance of another type is put
 * in its place only by word: `replace` names the one that goes. The apps on it are down meanwhile.
 */
export function instance(
  options: Partial<Omit<InstanceCapacity, "kind" | "architecture">> = {},
): InstanceCapacity {
  const { instanceType = "t3.small", disk = 30, dataDisk = 20, ...rest } = options;
  if (!Number.isInteger(disk) || disk < 30) {
    throw badOption(
      "instance({ disk })",
      String(disk),
      "Whole gigabytes, 30 or more: the machine image needs them.",
    );
  }
  if (!Number.isInteger(dataDisk) || dataDisk < 1) {
    throw badOption("instance({ dataDisk })", String(dataDisk), "Whole gigabytes, 1 or more.");
  }
  return {
    kind: "instance",
    instanceType,
    disk,
    dataDisk,
    architecture: architectureOf(instanceType),
    ...rest,
  };
}

/** Checks the options and fills in the defaults. @throws `config.bad-option`. */
export function settingsOf(options: EcsOptions): Settings {
  const { region, account, logRetentionDays = 30, network = {} } = options;
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d+$/.test(region)) {
    throw badOption("ecs({ region })", String(region), "A region of AWS, such as us-east-1.");
  }
  if (account !== undefined && !/^\d{12}$/.test(account)) {
    throw badOption("ecs({ account })", account, "The twelve digits of an account, as a string.");
  }
  if (options.group !== undefined && !/^[a-z][a-z0-9-]{0,28}[a-z0-9]$/.test(options.group)) {
    throw badOption(
      "ecs({ group })",
      options.group,
      "Lower case letters, digits and hyphens, 2 to 30 characters.",
    );
  }
  if (!retentionDays.includes(logRetentionDays)) {
    throw badOption(
      "ecs({ logRetentionDays })",
      String(logRetentionDays),
      `One of ${retentionDays.join(", ")}.`,
    );
  }
  return {
    region,
    capacity: options.capacity ?? fargate(),
    account,
    profile: options.profile,
    network: {
      publicAddresses: network.publicAddresses ?? true,
      securityGroups: network.securityGroups ?? [],
      ...(network.vpc === undefined ? {} : { vpc: network.vpc }),
      ...(network.subnets === undefined ? {} : { subnets: network.subnets }),
    },
    secrets: options.secrets ?? "ssm",
    secretsKey: options.secretsKey,
    build: options.build ?? {},
    addons: options.addons ?? {},
    group: options.group,
    logRetentionDays,
    taskPolicies: options.taskPolicies ?? [],
    autoscaling: options.autoscaling ?? {},
    sidecars: options.sidecars ?? {},
    roleRestSeconds: options.roleRestSeconds ?? 10,
    endpoints: options.endpoints ?? {},
    registryHost: options.registryHost,
  };
}

/** What PutRetentionPolicy takes (CloudWatch Logs API reference). */
const retentionDays: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Instance families with Graviton processors carry a `g` behind their generation: `t4g`, `m7gd`, `c6gn`. */
function architectureOf(instanceType: string): Architecture {
  const family = /^([a-z]+(?:-[a-z0-9]+)?)(\d+)([a-z-]*)\.[a-z0-9-]+$/.exec(instanceType);
  if (family === null)
    throw badOption("instanceType", instanceType, "An instance type of EC2, such as t3.small.");
  return family[3]!.includes("g") || family[1] === "a" ? "arm64" : "amd64";
}

function badOption(option: string, value: string, hint: string): DeployError {
  return new DeployError({
    code: "config.bad-option",
    message: `${option} cannot be ${JSON.stringify(value)}.`,
    hint,
  });
}
