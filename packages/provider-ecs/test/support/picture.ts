import { ACMClient, ListCertificatesCommand } from "@aws-sdk/client-acm";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { DescribeRepositoriesCommand, ECRClient } from "@aws-sdk/client-ecr";
import {
  DescribeServicesCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
  ListTaskDefinitionFamiliesCommand,
} from "@aws-sdk/client-ecs";
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  IAMClient,
  ListInstanceProfilesCommand,
  ListPoliciesCommand,
  ListRolesCommand,
} from "@aws-sdk/client-iam";
import { ListScheduleGroupsCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { ListNamespacesCommand, ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { GetParametersByPathCommand, SSMClient } from "@aws-sdk/client-ssm";

/** What an account holds, by kind: names and facts that are the same in every run, sorted. */
export type Picture = Readonly<Record<string, readonly string[]>>;

/**
 * Looks at everything in an emulator's account with clients of its own, past the provider. Ids, addresses and numbers of
 * revisions, which are others in every run, are left out; that a thing is there twice is seen.
 */
export async function pictureOf(emulator: URL): Promise<Picture> {
  const settings = {
    endpoint: emulator.href,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" },
  };
  const [ecs, elb, ec2, iam] = [
    new ECSClient(settings),
    new ElasticLoadBalancingV2Client(settings),
    new EC2Client(settings),
    new IAMClient(settings),
  ];
  const [clusters, families, balancers, groups, security, roles, profiles, policies] = await Promise.all([
    ecs.send(new ListClustersCommand({})),
    ecs.send(new ListTaskDefinitionFamiliesCommand({ status: "ACTIVE" })),
    elb.send(new DescribeLoadBalancersCommand({})),
    elb.send(new DescribeTargetGroupsCommand({})),
    ec2.send(new DescribeSecurityGroupsCommand({})),
    iam.send(new ListRolesCommand({})),
    iam.send(new ListInstanceProfilesCommand({})),
    iam.send(new ListPoliciesCommand({ Scope: "Local" })),
  ]);
  const [instances, addresses, logGroups, repositories, parameters, certificates, schedules, namespaces] =
    await Promise.all([
      ec2.send(new DescribeInstancesCommand({})),
      ec2.send(new DescribeAddressesCommand({})),
      new CloudWatchLogsClient(settings).send(new DescribeLogGroupsCommand({})),
      new ECRClient(settings).send(new DescribeRepositoriesCommand({})),
      new SSMClient(settings).send(
        new GetParametersByPathCommand({ Path: "/", Recursive: true, WithDecryption: true, MaxResults: 10 }),
      ),
      new ACMClient(settings).send(new ListCertificatesCommand({})),
      new SchedulerClient(settings).send(new ListScheduleGroupsCommand({})),
      new ServiceDiscoveryClient(settings).send(new ListNamespacesCommand({})),
    ]);
  return {
    clusters: named(clusters.clusterArns),
    services: await servicesOf(ecs, clusters.clusterArns ?? []),
    families: named(families.families),
    loadBalancers: named(balancers.LoadBalancers?.map(({ LoadBalancerName }) => LoadBalancerName)),
    rules: await rulesOf(
      elb,
      (balancers.LoadBalancers ?? []).map(({ LoadBalancerArn }) => LoadBalancerArn),
    ),
    targetGroups: named(groups.TargetGroups?.map(({ TargetGroupName }) => TargetGroupName)),
    securityGroups: named(
      security.SecurityGroups?.map(
        ({ GroupName, IpPermissions }) =>
          `${GroupName}: ${(IpPermissions ?? []).map(({ FromPort, ToPort }) => `${FromPort}-${ToPort}`).sort()}`,
      ),
    ),
    roles: named(roles.Roles?.map(({ RoleName }) => RoleName)),
    instanceProfiles: named(profiles.InstanceProfiles?.map(({ InstanceProfileName }) => InstanceProfileName)),
    policies: named(policies.Policies?.map(({ PolicyName }) => PolicyName)),
    instances: named(
      instances.Reservations?.flatMap(({ Instances }) => Instances ?? [])
        .filter(({ State }) => State?.Name !== "terminated")
        .map(({ InstanceType, State }) => `${InstanceType} ${State?.Name}`),
    ),
    addresses: named(addresses.Addresses?.map(({ Domain }) => Domain)),
    logGroups: named(
      logGroups.logGroups?.map(({ logGroupName, retentionInDays }) => `${logGroupName} ${retentionInDays}`),
    ),
    repositories: named(repositories.repositories?.map(({ repositoryName }) => repositoryName)),
    // Who holds the lock, and the random end of a secret's version, are others in every run.
    parameters: named(
      parameters.Parameters?.map(({ Name }) => Name?.replace(/(\/\d+)-[0-9a-f]{6}$/, "$1")).filter(
        (name) => !name?.includes("lock"),
      ),
    ),
    certificates: named(certificates.CertificateSummaryList?.map(({ DomainName }) => DomainName)),
    scheduleGroups: named(schedules.ScheduleGroups?.map(({ Name }) => Name)),
    namespaces: named(namespaces.Namespaces?.map(({ Name }) => Name)),
  };
}

async function servicesOf(ecs: ECSClient, clusters: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    clusters.map(async (cluster) => {
      const { serviceArns } = await ecs.send(new ListServicesCommand({ cluster }));
      if (serviceArns === undefined || serviceArns.length === 0) return [];
      const { services } = await ecs.send(
        new DescribeServicesCommand({ cluster, services: serviceArns.slice(0, 10) }),
      );
      return (services ?? []).map(
        ({ serviceName, desiredCount, status }) => `${serviceName} ${desiredCount} ${status}`,
      );
    }),
  );
  return found.flat().sort();
}

async function rulesOf(
  elb: ElasticLoadBalancingV2Client,
  balancers: readonly (string | undefined)[],
): Promise<readonly string[]> {
  const lines = await Promise.all(
    balancers.map(async (LoadBalancerArn) => {
      const { Listeners } = await elb.send(new DescribeListenersCommand({ LoadBalancerArn }));
      return Promise.all(
        (Listeners ?? []).map(async ({ Port, ListenerArn }) => {
          const { Rules } = await elb.send(new DescribeRulesCommand({ ListenerArn }));
          return (Rules ?? []).map(
            ({ Conditions, Actions }) =>
              `${Port} ${(Conditions ?? []).flatMap(({ HostHeaderConfig, Values }) => HostHeaderConfig?.Values ?? Values ?? [])} ${(Actions ?? []).map(({ Type }) => Type)}`,
          );
        }),
      );
    }),
  );
  return lines.flat(2).sort();
}

function named(names: readonly (string | undefined)[] | undefined): readonly string[] {
  return (names ?? []).map(String).sort();
}
