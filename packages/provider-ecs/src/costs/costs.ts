import type { CostEstimate, CostItem, Costs, ResolvedAddon, ResolvedEnvironment } from "@deploy/core";
import { fargateSize } from "../containers/task-size.js";
import { providerName } from "../names.js";
import type { FargateCapacity, Settings } from "../options.js";
import type { Parts } from "../parts.js";
import {
  addressHour,
  cacheHour,
  databaseGigabyte,
  databaseHour,
  fargateHour,
  hoursPerMonth,
  instanceHour,
  loadBalancerHour,
  pricesOf,
  source,
  spotPart,
  volumeGigabyte,
} from "./prices.js";

/** Gigabytes of a database's storage, and of the disk of an instance of `ec2()`. */
const databaseDisk = 20;
const instanceDisk = 30;

/** What a month costs at list prices, per resource; nothing is asked of AWS, so that no account is needed. */
export function createCosts({ settings }: Pick<Parts, "settings">): Costs {
  return { estimate: async (_context, environment) => estimate(settings, environment) };
}

/** What an environment costs with these settings. */
export function estimate(settings: Settings, environment: ResolvedEnvironment): CostEstimate {
  const priced = [
    ...capacityItems(settings, environment),
    ...trafficItems(settings, environment),
    ...addonItems(settings, environment),
  ];
  const unknown = priced.filter((item) => item.monthly === undefined);
  return {
    currency: "USD",
    items: priced.flatMap(({ monthly, ...item }) =>
      monthly === undefined ? [] : [{ ...item, monthly: Math.round(monthly * 100) / 100 }],
    ),
    notCounted: [
      ...unknown.map(({ label }) => `${label}, whose price is not in the table`),
      ...(settings.region === "us-east-1" ? [] : [`what ${settings.region} costs more than us-east-1`]),
      "data transfer, and the load balancer's capacity units",
      "log lines stored and searched (CloudWatch Logs), images (ECR), backups and snapshots (S3, RDS)",
      "tasks of release commands, jobs and one-off commands",
      ...(settings.secrets === "secrets-manager" || environment.addons.length > 0
        ? ["secrets in Secrets Manager"]
        : []),
      "taxes, free tiers and savings plans",
    ],
    pricesOf,
    source,
  };
}

/** An item whose price may not be known. */
type Priced = Omit<CostItem, "monthly"> & { readonly monthly: number | undefined };

function monthly(hourly: number | undefined): number | undefined {
  return hourly === undefined ? undefined : hourly * hoursPerMonth;
}

function capacityItems(settings: Settings, environment: ResolvedEnvironment): readonly Priced[] {
  const { capacity } = settings;
  if (capacity.kind === "fargate") return fargateItems(settings, capacity, environment);
  const { instanceType } = capacity;
  const quantity = capacity.kind === "ec2" ? capacity.count : 1;
  const disk = capacity.kind === "ec2" ? instanceDisk : capacity.disk;
  const shared = "shared by the apps of the group";
  return [
    { label: `instance ${instanceType}, ${shared}`, quantity, monthly: monthly(instanceHour[instanceType]) },
    { label: `disk of ${disk} GB`, quantity, monthly: disk * volumeGigabyte },
    ...(capacity.kind === "instance"
      ? [
          {
            label: `data volume of ${capacity.dataDisk} GB`,
            quantity,
            monthly: capacity.dataDisk * volumeGigabyte,
          },
        ]
      : []),
    ...(capacity.kind === "ec2" && !settings.network.publicAddresses
      ? []
      : [{ label: "public IPv4 address of an instance", quantity, monthly: monthly(addressHour) }]),
  ];
}

function fargateItems(
  settings: Settings,
  capacity: FargateCapacity,
  environment: ResolvedEnvironment,
): readonly Priced[] {
  const prices = fargateHour[capacity.architecture];
  const part = 1 - capacity.spot + capacity.spot * spotPart;
  const tasks = environment.processes.map(({ name, memory, cpu, instances = 1 }): Priced => {
    const size = fargateSize({
      ...(memory === undefined ? {} : { memory }),
      ...(cpu === undefined ? {} : { cpu }),
    });
    const hourly = (size.cpu / 1024) * prices.cpu + (size.memory / 1024) * prices.gigabyte;
    return {
      label: `${name} (${size.cpu / 1024} vCPU, ${size.memory / 1024} GB)`,
      quantity: instances,
      monthly: monthly(hourly * part),
    };
  });
  if (!settings.network.publicAddresses) return tasks;
  const addresses = environment.processes.reduce((sum, { instances = 1 }) => sum + instances, 0);
  return [
    ...tasks,
    { label: "public IPv4 address of a task", quantity: addresses, monthly: monthly(addressHour) },
  ];
}

/** A load balancer is one for the group; it has an address in each of its zones, two at least. */
function trafficItems(settings: Settings, environment: ResolvedEnvironment): readonly Priced[] {
  const isPublic =
    environment.domains.length > 0 ||
    environment.processes.some(({ listens, internal }) => listens && !internal);
  if (settings.capacity.kind === "instance" || !isPublic) return [];
  return [
    {
      label: "load balancer, shared by the apps of the group",
      quantity: 1,
      monthly: monthly(loadBalancerHour),
    },
    { label: "public IPv4 address of the load balancer", quantity: 2, monthly: monthly(addressHour) },
  ];
}

function addonItems(settings: Settings, environment: ResolvedEnvironment): readonly Priced[] {
  if (environment.providers.addons.name !== providerName) return [];
  const external = settings.addons.external ?? {};
  return environment.addons
    .filter(({ name }) => external[name] === undefined)
    .flatMap((addon) => addonItem(settings, addon));
}

function addonItem(settings: Settings, { name, kind, plan }: ResolvedAddon): readonly Priced[] {
  if (settings.capacity.kind === "instance") {
    return [{ label: `${name}: ${kind} on the instance itself`, quantity: 1, monthly: 0 }];
  }
  if (kind === "redis") {
    const node = plan ?? "cache.t4g.micro";
    return [{ label: `${name}: ElastiCache ${node}`, quantity: 1, monthly: monthly(cacheHour[node]) }];
  }
  const instanceClass = plan ?? "db.t4g.micro";
  const copies = settings.addons.standby === true ? 2 : 1;
  return [
    {
      label: `${name}: RDS ${instanceClass}`,
      quantity: copies,
      monthly: monthly(databaseHour[instanceClass]),
    },
    {
      label: `${name}: ${databaseDisk} GB of RDS storage`,
      quantity: copies,
      monthly: databaseDisk * databaseGigabyte,
    },
  ];
}
