import {
  ApplicationAutoScalingClient,
  RegisterScalableTargetCommand,
} from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchLogsClient, PutRetentionPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { ECRClient, PutLifecyclePolicyCommand } from "@aws-sdk/client-ecr";
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  PutClusterCapacityProvidersCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  SetRulePrioritiesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  AttachRolePolicyCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { GetScheduleCommand, SchedulerClient, UpdateScheduleCommand } from "@aws-sdk/client-scheduler";
import { DescribeParametersCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

/** A change that somebody makes past us, and what a plan has to say about it. */
export interface ByHand {
  readonly kind: string;
  /** Part of the id of the change that shows it. */
  readonly shownBy: string;
  change(): Promise<unknown>;
}

const document = (statement: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
const otherPolicy = document({ Action: ["s3:ListAllMyBuckets"], Resource: ["*"] });
const otherTrust = document({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });

/** One attribute of each kind of thing that an app on Fargate is made of, changed with clients of its own. */
export function changesByHand(endpoint: string): readonly ByHand[] {
  const settings = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" },
  };
  const [ecs, elb, ec2, iam] = [
    new ECSClient(settings),
    new ElasticLoadBalancingV2Client(settings),
    new EC2Client(settings),
    new IAMClient(settings),
  ];
  const [logs, ecr, ssm] = [
    new CloudWatchLogsClient(settings),
    new ECRClient(settings),
    new SSMClient(settings),
  ];
  const [scheduler, scaling] = [new SchedulerClient(settings), new ApplicationAutoScalingClient(settings)];
  const cluster = "deploy-production";
  const service = (process: string): string => `shop-production-${process}`;
  const roleOf = async (end: string): Promise<string> => {
    const { Roles } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
    const names = (Roles ?? []).map(({ RoleName }) => RoleName ?? "");
    return must(
      names.find((name) => name.startsWith("shop-") && name.includes(end)),
      `role ${end} among ${names.join(", ")}`,
    );
  };
  const balancer = async (): Promise<string> => {
    const { LoadBalancers } = await elb.send(new DescribeLoadBalancersCommand({}));
    return must(LoadBalancers?.[0]?.LoadBalancerArn, "load balancer");
  };
  const listener = async (): Promise<string> => {
    const { Listeners } = await elb.send(new DescribeListenersCommand({ LoadBalancerArn: await balancer() }));
    return must(Listeners?.[0]?.ListenerArn, "listener");
  };
  const targetGroup = async (): Promise<string> => {
    const { TargetGroups } = await elb.send(new DescribeTargetGroupsCommand({}));
    return must(TargetGroups?.[0]?.TargetGroupArn, "target group");
  };
  return [
    {
      kind: "rule of a security group",
      shownBy: "security-group",
      async change() {
        const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({}));
        const group = SecurityGroups?.find(({ GroupName }) => GroupName?.includes("shop"));
        const rule = { FromPort: 22, ToPort: 22, IpProtocol: "tcp", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
        return ec2.send(
          new AuthorizeSecurityGroupIngressCommand({ GroupId: group?.GroupId, IpPermissions: [rule] }),
        );
      },
    },
    {
      kind: "inline policy of a role",
      shownBy: "role/execution",
      change: async () =>
        iam.send(
          new PutRolePolicyCommand({
            RoleName: await roleOf("execution"),
            PolicyName: "deploy",
            PolicyDocument: otherPolicy,
          }),
        ),
    },
    {
      kind: "policy attached to a role",
      shownBy: "role/task",
      change: async () =>
        iam.send(
          new AttachRolePolicyCommand({
            RoleName: await roleOf("task"),
            PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
          }),
        ),
    },
    {
      kind: "who may take a role",
      shownBy: "role/scheduler",
      change: async () =>
        iam.send(
          new UpdateAssumeRolePolicyCommand({
            RoleName: await roleOf("scheduler"),
            PolicyDocument: otherTrust,
          }),
        ),
    },
    {
      kind: "attribute of the load balancer",
      shownBy: "/load-balancer",
      change: async () =>
        elb.send(
          new ModifyLoadBalancerAttributesCommand({
            LoadBalancerArn: await balancer(),
            Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "17" }],
          }),
        ),
    },
    {
      kind: "default action of a listener",
      shownBy: "listener",
      change: async () =>
        elb.send(
          new ModifyListenerCommand({
            ListenerArn: await listener(),
            DefaultActions: [
              {
                Type: "fixed-response",
                FixedResponseConfig: { StatusCode: "418", ContentType: "text/plain" },
              },
            ],
          }),
        ),
    },
    {
      kind: "priority of a rule",
      shownBy: "door",
      async change() {
        const { Rules } = await elb.send(new DescribeRulesCommand({ ListenerArn: await listener() }));
        const RuleArn = must(Rules?.find(({ IsDefault }) => IsDefault !== true)?.RuleArn, "rule");
        return elb.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn, Priority: 7 }] }));
      },
    },
    {
      kind: "attribute of a target group",
      shownBy: "targets/web",
      change: async () =>
        elb.send(
          new ModifyTargetGroupAttributesCommand({
            TargetGroupArn: await targetGroup(),
            Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "299" }],
          }),
        ),
    },
    {
      kind: "health check of a target group",
      shownBy: "targets/web",
      change: async () =>
        elb.send(
          new ModifyTargetGroupCommand({ TargetGroupArn: await targetGroup(), HealthCheckPath: "/other" }),
        ),
    },
    {
      kind: "setting of a service",
      shownBy: "service/web",
      change: () =>
        ecs.send(
          new UpdateServiceCommand({
            cluster,
            service: service("web"),
            deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 150 },
          }),
        ),
    },
    {
      kind: "another revision in service",
      shownBy: "service/worker",
      async change() {
        const { services } = await ecs.send(
          new DescribeServicesCommand({ cluster, services: [service("worker")] }),
        );
        const { taskDefinition } = await ecs.send(
          new DescribeTaskDefinitionCommand({ taskDefinition: services?.[0]?.taskDefinition }),
        );
        const made = await ecs.send(
          new RegisterTaskDefinitionCommand({
            family: taskDefinition?.family,
            containerDefinitions: taskDefinition?.containerDefinitions,
            cpu: taskDefinition?.cpu,
            memory: taskDefinition?.memory,
            networkMode: taskDefinition?.networkMode,
            requiresCompatibilities: taskDefinition?.requiresCompatibilities,
            executionRoleArn: taskDefinition?.executionRoleArn,
          }),
        );
        return ecs.send(
          new UpdateServiceCommand({
            cluster,
            service: service("worker"),
            taskDefinition: made.taskDefinition?.taskDefinitionArn,
          }),
        );
      },
    },
    {
      kind: "bounds of autoscaling",
      shownBy: "scal",
      change: () =>
        scaling.send(
          new RegisterScalableTargetCommand({
            ServiceNamespace: "ecs",
            ScalableDimension: "ecs:service:DesiredCount",
            ResourceId: `service/${cluster}/${service("worker")}`,
            MinCapacity: 2,
            MaxCapacity: 9,
          }),
        ),
    },
    {
      kind: "capacity of the cluster",
      shownBy: "/cluster/",
      change: () =>
        ecs.send(
          new PutClusterCapacityProvidersCommand({
            cluster,
            capacityProviders: ["FARGATE"],
            defaultCapacityProviderStrategy: [],
          }),
        ),
    },
    {
      kind: "time of a schedule",
      shownBy: "job/nightly",
      async change() {
        const name = { GroupName: "shop-production", Name: "nightly" };
        const { Target, FlexibleTimeWindow } = await scheduler.send(new GetScheduleCommand(name));
        return scheduler.send(
          new UpdateScheduleCommand({
            ...name,
            Target,
            FlexibleTimeWindow,
            ScheduleExpression: "cron(0 4 * * ? *)",
          }),
        );
      },
    },
    {
      kind: "retention of the logs",
      shownBy: "logs/",
      change: () =>
        logs.send(
          new PutRetentionPolicyCommand({ logGroupName: "/deploy/shop/production", retentionInDays: 1 }),
        ),
    },
    {
      kind: "lifecycle policy of the repository",
      shownBy: "repository",
      change: () =>
        ecr.send(
          new PutLifecyclePolicyCommand({
            repositoryName: "deploy/shop",
            lifecyclePolicyText: JSON.stringify({
              rules: [
                {
                  rulePriority: 1,
                  selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 1 },
                  action: { type: "expire" },
                },
              ],
            }),
          }),
        ),
    },
    {
      kind: "version of a secret",
      shownBy: "release",
      async change() {
        const { Parameters } = await ssm.send(new DescribeParametersCommand({}));
        const Name = must(
          Parameters?.find((one) => one.Name?.endsWith("/SECRET_KEY"))?.Name,
          "parameter of the secret",
        );
        const Value = JSON.stringify({ deploy: 1, version: "9-abcdef" });
        return ssm.send(new PutParameterCommand({ Name, Value, Overwrite: true }));
      },
    },
  ];
}

function must(found: string | undefined, what: string): string {
  if (found === undefined) throw new Error(`there is no ${what} to change`);
  return found;
}
