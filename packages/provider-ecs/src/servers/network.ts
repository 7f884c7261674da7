import { type Context, DeployError, type Resource, type Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { idOf } from "../names.js";
import type { Existing, Settings } from "../options.js";
import { ecsResource, readOnce } from "../resources.js";
import type { NetworkObserved } from "./foundation.js";

interface Subnet {
  readonly id: string;
  readonly zone: string;
  readonly isPublic: boolean;
}

/**
 * The network that is used: the account's default VPC and its public subnets, or what the options name. Nothing is made,
 * so it is a gate; what is missing is an error of the plan, before anything is changed.
 *
 * @throws (while reading) `servers.no-default-vpc`, `servers.unknown-vpc`, `servers.unknown-subnet`,
 * `servers.no-public-subnet`, `servers.one-zone`.
 */
export function networkOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
): Resource<Record<string, never>, NetworkObserved> {
  return ecsResource("servers", {
    id: idOf(settings, "servers", scope, "network"),
    label: "network",
    desired: {},
    read: (context) => readOnce(settings, context, "network", () => readNetwork(clients, settings, context)),
  });
}

/** The network as the options name it, checked. */
export async function readNetwork(
  clients: Clients,
  settings: Settings,
  context: Context,
): Promise<NetworkObserved> {
  const vpc = await findVpc(clients, settings, context);
  const inVpc = [{ Name: "vpc-id", Values: [vpc.id] }];
  const [subnets, tables] = await Promise.all([
    clients.all(context, "ec2", "DescribeSubnets", { Filters: inVpc }, (page) => page.Subnets),
    clients.all(context, "ec2", "DescribeRouteTables", { Filters: inVpc }, (page) => page.RouteTables),
  ]);
  const leadsOut = (table: (typeof tables)[number]): boolean =>
    (table.Routes ?? []).some(
      (route) => route.DestinationCidrBlock === "0.0.0.0/0" && route.GatewayId?.startsWith("igw-") === true,
    );
  const publicTables = new Map(
    tables.flatMap((table) =>
      (table.Associations ?? []).map((one) => [
        one.Main === true ? "main" : (one.SubnetId ?? ""),
        leadsOut(table),
      ]),
    ),
  );
  const known = subnets
    .filter((subnet) => subnet.State !== "pending")
    .map(
      (subnet): Subnet => ({
        id: subnet.SubnetId ?? "",
        zone: subnet.AvailabilityZone ?? "",
        isPublic: publicTables.get(subnet.SubnetId ?? "") ?? publicTables.get("main") ?? false,
      }),
    )
    .sort((a, b) => compare(a.zone, b.zone) || compare(a.id, b.id));
  const wanted = chosenSubnets(settings, vpc.id, known, subnets);
  return pickSubnets(settings, vpc, known, wanted);
}

async function findVpc(
  clients: Clients,
  settings: Settings,
  context: Context,
): Promise<{ readonly id: string; readonly cidr: string }> {
  const { vpc } = settings.network;
  const Filters = filtersOf(vpc);
  const vpcs = await clients.all(context, "ec2", "DescribeVpcs", { Filters }, (page) => page.Vpcs);
  const [found, second] = vpcs;
  if (second !== undefined) {
    throw new DeployError({
      code: "servers.ambiguous-vpc",
      message: `${vpcs.length} VPCs in ${settings.region} fit ${nameOf(vpc)}.`,
      hint: 'Name the one by its id: network: { vpc: "vpc-…" }.',
    });
  }
  if (found?.VpcId !== undefined) return { id: found.VpcId, cidr: found.CidrBlock ?? "" };
  if (vpc === undefined) {
    throw new DeployError({
      code: "servers.no-default-vpc",
      message: `The account has no default VPC in ${settings.region}.`,
      hint: 'Make one (`aws ec2 create-default-vpc`), or name a VPC of yours: network: { vpc: "vpc-…" }.',
      docs: "https://docs.aws.amazon.com/vpc/latest/userguide/work-with-default-vpc.html",
    });
  }
  throw new DeployError({
    code: "servers.unknown-vpc",
    message: `There is no VPC ${nameOf(vpc)} in ${settings.region}.`,
    hint: "Look at network.vpc of ecs(), and at the region.",
  });
}

function filtersOf(existing: Existing | undefined): { Name: string; Values: string[] }[] {
  if (existing === undefined) return [{ Name: "is-default", Values: ["true"] }];
  // A filter finds nothing where an id as such is an error of its own kind.
  if (typeof existing === "string") return [{ Name: "vpc-id", Values: [existing] }];
  return [{ Name: `tag:${existing.tag[0]}`, Values: [existing.tag[1]] }];
}

function nameOf(existing: Existing | undefined): string {
  if (existing === undefined) return "that is the default one";
  return typeof existing === "string" ? existing : `with the tag ${existing.tag.join("=")}`;
}

/** The subnets that the options name; undefined when they name none. */
function chosenSubnets(
  settings: Settings,
  vpcId: string,
  known: readonly Subnet[],
  described: readonly {
    readonly SubnetId?: string | undefined;
    readonly Tags?:
      | readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[]
      | undefined;
  }[],
): readonly Subnet[] | undefined {
  const { subnets } = settings.network;
  if (subnets === undefined) return undefined;
  if ("tag" in subnets) {
    const [key, value] = subnets.tag;
    const ids = new Set(
      described
        .filter((one) => (one.Tags ?? []).some((tag) => tag.Key === key && tag.Value === value))
        .map((one) => one.SubnetId),
    );
    if (ids.size > 0) return known.filter((subnet) => ids.has(subnet.id));
    throw unknownSubnet(`with the tag ${key}=${value}`, vpcId);
  }
  const missing = subnets.find((id) => !known.some((subnet) => subnet.id === id));
  if (missing !== undefined) throw unknownSubnet(missing, vpcId);
  return known.filter((subnet) => subnets.includes(subnet.id));
}

function pickSubnets(
  settings: Settings,
  vpc: { readonly id: string; readonly cidr: string },
  known: readonly Subnet[],
  wanted: readonly Subnet[] | undefined,
): NetworkObserved {
  const isPublic = (subnet: Subnet): boolean => subnet.isPublic;
  const open = onePerZone((wanted?.some(isPublic) === true ? wanted : known).filter(isPublic));
  const forTasks = wanted ?? (settings.network.publicAddresses ? open : onePerZone(known));
  const closed = settings.network.publicAddresses ? forTasks.find((subnet) => !subnet.isPublic) : undefined;
  if (closed !== undefined || open.length === 0) {
    throw new DeployError({
      code: "servers.no-public-subnet",
      message:
        closed === undefined
          ? `The VPC ${vpc.id} has no public subnet: none has a route to an internet gateway.`
          : `The subnet ${closed.id} is not public: it has no route to an internet gateway.`,
      hint: "Name public subnets (network: { subnets: […] }), or set network.publicAddresses to false where a NAT leads out.",
      docs: "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html",
    });
  }
  if (settings.capacity.kind !== "instance" && open.length < 2) {
    throw new DeployError({
      code: "servers.one-zone",
      message: `The VPC ${vpc.id} has public subnets in one availability zone only (${open[0]!.zone}), and a load balancer needs two.`,
      hint: "Add a public subnet in another zone, or use instance(), which needs no load balancer.",
    });
  }
  return {
    vpcId: vpc.id,
    cidr: vpc.cidr,
    subnetIds: forTasks.map((subnet) => subnet.id),
    publicSubnetIds: open.map((subnet) => subnet.id),
    zones: Object.fromEntries([...forTasks, ...open].map((subnet) => [subnet.id, subnet.zone])),
  };
}

function onePerZone(subnets: readonly Subnet[]): readonly Subnet[] {
  return subnets.filter((subnet, index) => subnets[index - 1]?.zone !== subnet.zone);
}

function unknownSubnet(what: string, vpcId: string): DeployError {
  return new DeployError({
    code: "servers.unknown-subnet",
    message: `There is no subnet ${what} in the VPC ${vpcId}.`,
    hint: "Look at network.subnets of ecs(), and name network.vpc when they are not in the default VPC.",
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
