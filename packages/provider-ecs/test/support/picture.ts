import { ACMClient, paginateListCertificates } from "@aws-sdk/client-acm";
import {
  ApplicationAutoScalingClient,
  paginateDescribeScalableTargets,
} from "@aws-sdk/client-application-auto-scaling";
import { AutoScalingClient, paginateDescribeAutoScalingGroups } from "@aws-sdk/client-auto-scaling";
import { CloudWatchLogsClient, paginateDescribeLogGroups } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeAddressesCommand,
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeLaunchTemplates,
  paginateDescribeSecurityGroups,
  paginateDescribeVolumes,
} from "@aws-sdk/client-ec2";
import { ECRClient, paginateDescribeRepositories } from "@aws-sdk/client-ecr";
import {
  DescribeClustersCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  paginateListClusters,
  paginateListServices,
  paginateListTaskDefinitions,
} from "@aws-sdk/client-ecs";
import {
  ElasticLoadBalancingV2Client,
  paginateDescribeListeners,
  paginateDescribeLoadBalancers,
  paginateDescribeRules,
  paginateDescribeTargetGroups,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  paginateListInstanceProfiles,
  paginateListPolicies,
  paginateListRoles,
} from "@aws-sdk/client-iam";
import { paginateDescribeDBInstances, RDSClient } from "@aws-sdk/client-rds";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import {
  paginateListScheduleGroups,
  paginateListSchedules,
  SchedulerClient,
} from "@aws-sdk/client-scheduler";
import { paginateListSecrets, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import {
  paginateListServices as paginateListDiscovery,
  paginateListNamespaces,
  ServiceDiscoveryClient,
} from "@aws-sdk/client-servicediscovery";
import { GetParameterCommand, paginateDescribeParameters, SSMClient } from "@aws-sdk/client-ssm";

/** What an account holds, by kind: names and facts that are the same in every run, sorted. */
export type Picture = Readonly<Record<string, readonly string[]>>;

interface Settings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Where Deploy writes; AWS's own parameters are thousands, which moto lists ten at a time. */
const ownPaths = { Key: "Path", Option: "Recursive", Values: ["/deploy", "/deploy-groups", "/deploy-locks"] };

/** For clients that look at an emulator past the proxy and its judges. */
export function settingsFor(emulator: URL): Settings {
  return {
    endpoint: emulator.href,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" },
  };
}

/**
 * Looks at everything in an emulator's account with clients of its own, past the provider: all pages of every listing.
 * Ids, addresses and numbers of revisions, which are others in every run, are left out; that a thing is there twice is
 * seen, and which image a service runs.
 */
export async function pictureOf(emulator: URL): Promise<Picture> {
  const settings = settingsFor(emulator);
  const kinds = [computing, balancing, network, rights, storage, observation] as const;
  const parts = await Promise.all(kinds.map((look) => look(settings)));
  const sorted = parts
    .flatMap((part) => Object.entries(part))
    .map(([kind, lines]) => [kind, [...lines].sort()]);
  return Object.fromEntries(sorted) as Picture;
}

async function computing(settings: Settings): Promise<Picture> {
  const ecs = new ECSClient(settings);
  const client = new ApplicationAutoScalingClient(settings);
  const arns = await all(paginateListClusters({ client: ecs }, {}), (page) => page.clusterArns);
  // Moto goes on listing what was deleted, as ECS does for a while; it is INACTIVE then.
  const { clusters = [] } = await (arns.length === 0
    ? { clusters: [] }
    : ecs.send(new DescribeClustersCommand({ clusters: arns })));
  const active = clusters.filter(({ status }) => status !== "INACTIVE");
  const services = await Promise.all(active.map(({ clusterArn = "" }) => servicesOf(ecs, clusterArn)));
  const definitions = await all(
    paginateListTaskDefinitions({ client: ecs }, { status: "ACTIVE" }),
    (page) => page.taskDefinitionArns,
  );
  return {
    clusters: active.map(
      ({ clusterName, capacityProviders }) => `${clusterName} ${[...(capacityProviders ?? [])].sort()}`,
    ),
    services: services.flat(),
    // One line for each revision that is not retired, without its number.
    taskDefinitions: definitions.map((arn) => (arn.split("/").at(-1) ?? "").replace(/:\d+$/, "")),
    scalableTargets: await all(
      paginateDescribeScalableTargets({ client }, { ServiceNamespace: "ecs" }),
      (page) => page.ScalableTargets?.map((one) => `${one.ResourceId} ${one.MinCapacity}-${one.MaxCapacity}`),
    ),
  };
}

async function servicesOf(ecs: ECSClient, cluster: string): Promise<readonly string[]> {
  const arns = await all(paginateListServices({ client: ecs }, { cluster }), (page) => page.serviceArns);
  const lines: string[] = [];
  for (let at = 0; at < arns.length; at += 10) {
    const { services = [] } = await ecs.send(
      new DescribeServicesCommand({ cluster, services: arns.slice(at, at + 10) }),
    );
    for (const { serviceName, desiredCount, status, taskDefinition } of services) {
      if (status === "INACTIVE") continue;
      lines.push(`${serviceName} ${desiredCount} ${status} ${await imagesOf(ecs, taskDefinition)}`);
    }
  }
  return lines;
}

async function imagesOf(ecs: ECSClient, taskDefinition: string | undefined): Promise<string> {
  const found = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  return (found.taskDefinition?.containerDefinitions ?? []).map(({ image }) => image).join(" ");
}

async function balancing(settings: Settings): Promise<Picture> {
  const client = new ElasticLoadBalancingV2Client(settings);
  const balancers = await all(paginateDescribeLoadBalancers({ client }, {}), (page) => page.LoadBalancers);
  const groups = await all(paginateDescribeTargetGroups({ client }, {}), (page) => page.TargetGroups);
  const rules: string[] = [];
  for (const { LoadBalancerArn, LoadBalancerName } of balancers) {
    const listeners = await all(
      paginateDescribeListeners({ client }, { LoadBalancerArn }),
      (page) => page.Listeners,
    );
    for (const { Port, ListenerArn } of listeners) {
      for (const rule of await all(
        paginateDescribeRules({ client }, { ListenerArn }),
        (page) => page.Rules,
      )) {
        const hosts = (rule.Conditions ?? []).flatMap(
          (one) => one.HostHeaderConfig?.Values ?? one.Values ?? [],
        );
        rules.push(`${LoadBalancerName} ${Port} ${hosts} ${(rule.Actions ?? []).map(({ Type }) => Type)}`);
      }
    }
  }
  return {
    loadBalancers: balancers.map(({ LoadBalancerName }) => String(LoadBalancerName)),
    rules,
    targetGroups: groups.map(
      (one) => `${one.TargetGroupName} ${one.HealthCheckPath} for ${one.LoadBalancerArns?.length ?? 0}`,
    ),
    certificates: await all(paginateListCertificates({ client: new ACMClient(settings) }, {}), (page) =>
      page.CertificateSummaryList?.map(({ DomainName }) => String(DomainName)),
    ),
  };
}

async function network(settings: Settings): Promise<Picture> {
  const client = new EC2Client(settings);
  const cloudMap = new ServiceDiscoveryClient(settings);
  const { Addresses = [] } = await client.send(new DescribeAddressesCommand({}));
  return {
    securityGroups: await all(paginateDescribeSecurityGroups({ client }, {}), (page) =>
      page.SecurityGroups?.map(
        ({ GroupName, IpPermissions = [] }) =>
          `${GroupName}: ${IpPermissions.map((one) => `${one.IpProtocol} ${one.FromPort}-${one.ToPort}`).sort()}`,
      ),
    ),
    instances: await all(paginateDescribeInstances({ client }, {}), (page) =>
      page.Reservations?.flatMap(({ Instances = [] }) => Instances)
        .filter(({ State }) => State?.Name !== "terminated")
        .map(({ InstanceType, State }) => `${InstanceType} ${State?.Name}`),
    ),
    volumes: await all(paginateDescribeVolumes({ client }, {}), (page) =>
      page.Volumes?.map(({ Size, State }) => `${Size} GB ${State}`),
    ),
    addresses: Addresses.map(({ Domain, InstanceId }) => `${Domain} ${InstanceId ? "in use" : "free"}`),
    launchTemplates: await all(paginateDescribeLaunchTemplates({ client }, {}), (page) =>
      page.LaunchTemplates?.map(({ LaunchTemplateName }) => String(LaunchTemplateName)),
    ),
    scalingGroups: await all(
      paginateDescribeAutoScalingGroups({ client: new AutoScalingClient(settings) }, {}),
      (page) =>
        page.AutoScalingGroups?.map((one) => `${one.AutoScalingGroupName} ${one.MinSize}-${one.MaxSize}`),
    ),
    namespaces: await all(paginateListNamespaces({ client: cloudMap }, {}), (page) =>
      page.Namespaces?.map(({ Name }) => String(Name)),
    ),
    discovery: await all(paginateListDiscovery({ client: cloudMap }, {}), (page) =>
      page.Services?.map(({ Name }) => String(Name)),
    ),
  };
}

async function rights(settings: Settings): Promise<Picture> {
  const client = new IAMClient(settings);
  const roles = await all(paginateListRoles({ client }, {}), (page) => page.Roles);
  return {
    roles: await Promise.all(
      roles.map(async ({ RoleName }) => {
        const [inline, attached] = await Promise.all([
          client.send(new ListRolePoliciesCommand({ RoleName })),
          client.send(new ListAttachedRolePoliciesCommand({ RoleName })),
        ]);
        const names = (attached.AttachedPolicies ?? []).map(({ PolicyName }) => PolicyName);
        return `${RoleName}: ${[...(inline.PolicyNames ?? []), ...names].sort()}`;
      }),
    ),
    instanceProfiles: await all(paginateListInstanceProfiles({ client }, {}), (page) =>
      page.InstanceProfiles?.map(
        (one) => `${one.InstanceProfileName}: ${one.Roles?.map(({ RoleName }) => RoleName)}`,
      ),
    ),
    policies: await all(paginateListPolicies({ client }, { Scope: "Local" }), (page) =>
      page.Policies?.map(({ PolicyName }) => String(PolicyName)),
    ),
  };
}

async function storage(settings: Settings): Promise<Picture> {
  const client = new SSMClient(settings);
  const names = await all(
    paginateDescribeParameters({ client }, { MaxResults: 50, ParameterFilters: [ownPaths] }),
    (page) => page.Parameters?.map(({ Name = "" }) => Name),
  );
  const { Buckets = [] } = await new S3Client({ ...settings, forcePathStyle: true }).send(
    new ListBucketsCommand({}),
  );
  return {
    // The random end of a secret's version is another in every run; that a pointer leads somewhere is not.
    parameters: await Promise.all(
      names.map(async (name) => {
        const shown = name.replace(/(\/\d+)-[0-9a-f]{6}$/, "$1");
        if (!/\/(?:secrets|addons)\/[^/]+$/.test(name)) return shown;
        const { Parameter } = await client.send(new GetParameterCommand({ Name: name }));
        const version = /"version":"([^"]+)"/.exec(Parameter?.Value ?? "")?.[1];
        return version === undefined
          ? shown
          : `${shown} → ${names.includes(`${name}/${version}`) ? version.split("-")[0] : "nothing"}`;
      }),
    ),
    secrets: await all(paginateListSecrets({ client: new SecretsManagerClient(settings) }, {}), (page) =>
      page.SecretList?.map(({ Name }) => String(Name)),
    ),
    repositories: await all(paginateDescribeRepositories({ client: new ECRClient(settings) }, {}), (page) =>
      page.repositories?.map(({ repositoryName }) => String(repositoryName)),
    ),
    databases: await all(paginateDescribeDBInstances({ client: new RDSClient(settings) }, {}), (page) =>
      page.DBInstances?.map(({ DBInstanceIdentifier }) => String(DBInstanceIdentifier)),
    ),
    buckets: Buckets.map(({ Name }) => String(Name)),
  };
}

async function observation(settings: Settings): Promise<Picture> {
  const client = new SchedulerClient(settings);
  return {
    logGroups: await all(
      paginateDescribeLogGroups({ client: new CloudWatchLogsClient(settings) }, {}),
      (page) =>
        page.logGroups?.map(({ logGroupName, retentionInDays }) => `${logGroupName} ${retentionInDays}`),
    ),
    scheduleGroups: await all(paginateListScheduleGroups({ client }, {}), (page) =>
      page.ScheduleGroups?.map(({ Name }) => String(Name)),
    ),
    schedules: await all(paginateListSchedules({ client }, {}), (page) =>
      page.Schedules?.map(({ GroupName, Name }) => `${GroupName}/${Name}`),
    ),
  };
}

/** What is on all pages of a listing. */
async function all<Page, Item>(
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...(itemsOf(page) ?? []));
  return items;
}
