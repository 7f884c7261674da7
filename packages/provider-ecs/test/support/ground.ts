import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from "@aws-sdk/client-auto-scaling";
import {
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeLaunchTemplatesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type Instance,
} from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  ECSClient,
  ListClustersCommand,
  PutClusterCapacityProvidersCommand,
  RegisterContainerInstanceCommand,
} from "@aws-sdk/client-ecs";
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  IAMClient,
  ListInstanceProfilesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { DescribeParametersCommand, SSMClient } from "@aws-sdk/client-ssm";
import { appName } from "../../src/names.js";
import { shop } from "./servers-bench.js";
import type { Vendor } from "./use-vendor.js";

/** The SDK as it comes, at the emulator itself: unseen by the proxy and its judges. */
function configuration(vendor: Vendor) {
  return {
    region: "us-east-1",
    endpoint: vendor.emulator.url.href,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  };
}

/** The default VPC as a real account has it: moto's has no way out. */
export async function openDefaultNetwork(vendor: Vendor): Promise<{ readonly vpcId: string }> {
  const ec2 = new EC2Client(configuration(vendor));
  const { Vpcs = [] } = await ec2.send(
    new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }),
  );
  const vpcId = Vpcs[0]?.VpcId ?? "";
  const { InternetGateways = [] } = await ec2.send(
    new DescribeInternetGatewaysCommand({ Filters: [{ Name: "attachment.vpc-id", Values: [vpcId] }] }),
  );
  if (InternetGateways.length > 0) return { vpcId };
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId;
  await ec2.send(new AttachInternetGatewayCommand({ VpcId: vpcId, InternetGatewayId }));
  const { RouteTables = [] } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] }),
  );
  for (const { RouteTableId } of RouteTables) {
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId,
        DestinationCidrBlock: "0.0.0.0/0",
        GatewayId: InternetGatewayId,
      }),
    );
  }
  return { vpcId };
}

/** What an instance's agent does once it has started, in place of moto, whose instances run nothing. Every 100 ms. */
export function joinAsAgents(vendor: Vendor, cluster: string): { stop(): Promise<void> } {
  const ec2 = new EC2Client(configuration(vendor));
  const ecs = new ECSClient(configuration(vendor));
  const joined = new Set<string>();
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      // The emulator is away for a moment when a reset starts it anew.
      const { Reservations = [] } = await ec2
        .send(
          new DescribeInstancesCommand({ Filters: [{ Name: "instance-state-name", Values: ["running"] }] }),
        )
        .catch(() => ({ Reservations: [] }));
      for (const { InstanceId = "" } of Reservations.flatMap((one) => one.Instances ?? [])) {
        if (joined.has(InstanceId)) continue;
        const document = { instanceId: InstanceId, region: "us-east-1", accountId: "123456789012" };
        const registered = await ecs
          .send(
            new RegisterContainerInstanceCommand({
              cluster,
              instanceIdentityDocument: JSON.stringify(document),
            }),
          )
          .catch(() => undefined);
        if (registered !== undefined) joined.add(InstanceId);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

/** Everything at the emulator that an empty account does not have, of what the servers element can make. */
export async function rest(
  vendor: Vendor,
  capacityProviders: readonly string[] = [],
): Promise<readonly string[]> {
  const own = configuration(vendor);
  const [ec2, ecs, iam, ssm, autoscaling] = [
    new EC2Client(own),
    new ECSClient(own),
    new IAMClient(own),
    new SSMClient(own),
    new AutoScalingClient(own),
  ];
  const [
    groups,
    clusters,
    roles,
    profiles,
    parameters,
    instances,
    addresses,
    volumes,
    templates,
    scaling,
    providers,
  ] = await Promise.all([
    ec2.send(new DescribeSecurityGroupsCommand({})),
    ecs.send(new ListClustersCommand({})),
    iam.send(new ListRolesCommand({})),
    iam.send(new ListInstanceProfilesCommand({})),
    ssm.send(new DescribeParametersCommand({})),
    ec2.send(new DescribeInstancesCommand({})),
    ec2.send(new DescribeAddressesCommand({})),
    ec2.send(new DescribeVolumesCommand({})),
    ec2.send(new DescribeLaunchTemplatesCommand({})),
    autoscaling.send(new DescribeAutoScalingGroupsCommand({})),
    // Moto answers with a page of HTML where no name is given.
    ecs.send(new DescribeCapacityProvidersCommand({ capacityProviders: ["FARGATE", ...capacityProviders] })),
  ]);
  return [
    ...(groups.SecurityGroups ?? []).flatMap((one) =>
      one.GroupName === "default" ? [] : [`security group ${one.GroupName}`],
    ),
    ...(await activeClusters(ecs, clusters.clusterArns ?? [])),
    ...(roles.Roles ?? []).flatMap((one) =>
      one.Path?.startsWith("/aws-service-role/") === true ? [] : [`role ${one.RoleName}`],
    ),
    ...(profiles.InstanceProfiles ?? []).map((one) => `instance profile ${one.InstanceProfileName}`),
    // AWS's own parameters are nobody's.
    ...(parameters.Parameters ?? []).flatMap((one) =>
      one.Name?.startsWith("/aws/") === true ? [] : [`parameter ${one.Name}`],
    ),
    ...(instances.Reservations ?? [])
      .flatMap((one) => one.Instances ?? [])
      .flatMap((one) => (one.State?.Name === "terminated" ? [] : [`instance ${one.InstanceId}`])),
    ...(addresses.Addresses ?? []).map((one) => `address ${one.PublicIp}`),
    ...(volumes.Volumes ?? []).map((one) => `volume ${one.VolumeId}`),
    ...(templates.LaunchTemplates ?? []).map((one) => `launch template ${one.LaunchTemplateName}`),
    ...(scaling.AutoScalingGroups ?? []).map((one) => `Auto Scaling group ${one.AutoScalingGroupName}`),
    ...(providers.capacityProviders ?? []).flatMap((one) =>
      one.name?.startsWith("FARGATE") === true ? [] : [`capacity provider ${one.name}`],
    ),
  ];
}

/** Moto goes on listing a cluster that was deleted; described, it is inactive. */
async function activeClusters(ecs: ECSClient, arns: readonly string[]): Promise<readonly string[]> {
  if (arns.length === 0) return [];
  const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: [...arns] }));
  return clusters.flatMap((one) => (one.status === "INACTIVE" ? [] : [`cluster ${one.clusterName}`]));
}

/** What somebody does by hand: a rule more, other rights, another policy, a capacity provider less. */
export async function drift(vendor: Vendor): Promise<void> {
  const own = configuration(vendor);
  const ec2 = new EC2Client(own);
  const iam = new IAMClient(own);
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  const GroupId = SecurityGroups.find((one) => one.GroupName === "deploy-production-ingress")?.GroupId;
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    }),
  );
  const { Roles = [] } = await iam.send(new ListRolesCommand({}));
  const RoleName = Roles.find((one) => one.RoleName?.includes("execution"))?.RoleName;
  const PolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
  });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "deploy", PolicyDocument }));
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  await new ECSClient(own).send(
    new PutClusterCapacityProvidersCommand({
      cluster: "deploy-production",
      capacityProviders: ["FARGATE"],
      defaultCapacityProviderStrategy: [],
    }),
  );
}

/** A cluster and a role of our names which somebody else has made. */
export async function foreign(vendor: Vendor): Promise<void> {
  const own = configuration(vendor);
  await new ECSClient(own).send(new CreateClusterCommand({ clusterName: "deploy-production" }));
  await new IAMClient(own).send(
    new CreateRoleCommand({
      RoleName: appName(shop, 64, "us-east-1", "execution"),
      AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
    }),
  );
}

/** The instances that are not gone. */
export async function instances(vendor: Vendor): Promise<readonly Instance[]> {
  const { Reservations = [] } = await new EC2Client(configuration(vendor)).send(
    new DescribeInstancesCommand({
      Filters: [{ Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] }],
    }),
  );
  return Reservations.flatMap((one) => one.Instances ?? []);
}
