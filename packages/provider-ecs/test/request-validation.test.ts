import {
  CreateSecurityGroupCommand,
  DescribeVpcsCommand,
  EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import {
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateBucketCommand, PutBucketTaggingCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateScheduleCommand, ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AwsProxy, createAwsProxy } from "./support/aws-proxy.js";
import { type Emulator, startMoto } from "./support/emulators.js";
import { has } from "./support/needs.js";

/*
 * The judge of requests, judged: what the SDK's clients really send, in each of AWS's protocols, is read back as it was
 * meant, and what AWS would refuse is found. The emulator behind it accepts most of it.
 */

describe.skipIf(!(await has("python")))("what AWS would refuse", () => {
  let moto: Emulator;
  let proxy: AwsProxy;
  let start = 0;
  const settings = (): {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
  } => ({
    endpoint: proxy.url.href,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  });
  const found = (): readonly string[] => proxy.violations.slice(start);
  const last = (): unknown => proxy.calls.at(-1)?.input;
  // What the emulator thinks of it is of no interest here.
  const send = async (call: Promise<unknown>): Promise<void> => {
    await call.catch(() => undefined);
  };

  beforeAll(async () => {
    moto = await startMoto();
    proxy = await createAwsProxy({ target: moto.url });
  }, 300_000);
  beforeEach(() => {
    start = proxy.violations.length;
  });
  afterAll(async () => {
    await proxy?.close();
    await moto?.stop();
  });

  it("nothing of a good request, in every protocol, and the input is read back", async () => {
    const ecs = new ECSClient(settings());
    const definition = {
      family: "web",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      executionRoleArn: "arn:aws:iam::123456789012:role/exec",
      containerDefinitions: [
        {
          name: "web",
          image: "public.ecr.aws/nginx:1",
          essential: true,
          environment: [{ name: "A", value: "é & <b>" }],
          portMappings: [{ containerPort: 8080 }],
        },
      ],
    } as const;
    await send(
      ecs.send(
        new RegisterTaskDefinitionCommand({
          ...definition,
          requiresCompatibilities: [...definition.requiresCompatibilities],
          containerDefinitions: [
            {
              ...definition.containerDefinitions[0],
              environment: [...definition.containerDefinitions[0].environment],
              portMappings: [...definition.containerDefinitions[0].portMappings],
            },
          ],
        }),
      ),
    );
    expect(last()).toEqual(definition);

    const run = {
      ImageId: "ami-12345678",
      InstanceType: "t3.small",
      MinCount: 1,
      MaxCount: 1,
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 2 },
      SecurityGroupIds: ["sg-1", "sg-2"],
      SubnetId: "subnet-1",
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 30, Encrypted: true } }],
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "deploy:app", Value: "a & b" }] }],
      ClientToken: "token",
    } as const;
    const ec2 = new EC2Client(settings());
    await send(
      ec2.send(
        new RunInstancesCommand({
          ...run,
          SecurityGroupIds: [...run.SecurityGroupIds],
          BlockDeviceMappings: [...run.BlockDeviceMappings],
          TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "deploy:app", Value: "a & b" }] }],
        }),
      ),
    );
    expect(last()).toEqual(run);

    const elb = new ElasticLoadBalancingV2Client(settings());
    const group = {
      Name: "web",
      Protocol: "HTTP",
      Port: 8080,
      VpcId: "vpc-1",
      TargetType: "ip",
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      Matcher: { HttpCode: "200-399" },
      Tags: [{ Key: "deploy:app", Value: "x" }],
    } as const;
    await send(elb.send(new CreateTargetGroupCommand({ ...group, Tags: [...group.Tags] })));
    expect(last()).toEqual(group);

    const schedules = new SchedulerClient(settings());
    const schedule = {
      Name: "nightly",
      GroupName: "shop",
      ScheduleExpression: "cron(0 3 * * ? *)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: {
        Arn: "arn:aws:ecs:us-east-1:123456789012:cluster/shop",
        RoleArn: "arn:aws:iam::123456789012:role/scheduler",
        EcsParameters: {
          TaskDefinitionArn: "arn:aws:ecs:us-east-1:123456789012:task-definition/web",
          TaskCount: 1,
        },
      },
    } as const;
    await send(schedules.send(new CreateScheduleCommand(schedule)));
    expect(last()).toMatchObject(schedule);
    await send(schedules.send(new ListSchedulesCommand({ GroupName: "shop", MaxResults: 10 })));
    expect(last()).toEqual({ GroupName: "shop", MaxResults: 10 });

    const s3 = new S3Client({ ...settings(), forcePathStyle: true });
    await send(s3.send(new CreateBucketCommand({ Bucket: "backups-1" })));
    expect(last()).toMatchObject({ Bucket: "backups-1" });
    await send(
      s3.send(
        new PutBucketTaggingCommand({
          Bucket: "backups-1",
          Tagging: { TagSet: [{ Key: "a", Value: "<&>" }] },
        }),
      ),
    );
    expect(last()).toMatchObject({ Bucket: "backups-1", Tagging: { TagSet: [{ Key: "a", Value: "<&>" }] } });

    await send(ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] })));
    expect(found()).toEqual([]);
  });

  it("what the models say: missing, types, enums, ranges, patterns, unknown members", async () => {
    const wire = async (service: string, target: string, body: object): Promise<void> => {
      await fetch(proxy.url, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": target,
          authorization: `AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/${service}/aws4_request, Signature=0`,
        },
        body: JSON.stringify(body),
      });
    };
    await wire("ecs", "AmazonEC2ContainerServiceV20141113.CreateService", {
      desiredCount: "1",
      launchType: "MOON",
      serviceNmae: 1,
    });
    await wire("logs", "Logs_20140328.FilterLogEvents", { logGroupName: "a b", limit: 20_000 });
    expect(found()).toEqual([
      "ecs:CreateService: the input lacks serviceName",
      "ecs:CreateService: the input has an unknown member serviceNmae",
      'ecs:CreateService: desiredCount is no integer but "1"',
      'ecs:CreateService: launchType is "MOON", no value of its enum',
      'logs:FilterLogEvents: logGroupName is "a b" and does not match [\\.\\-_/#A-Za-z0-9]+',
      "logs:FilterLogEvents: limit is 20000, more than 10000",
    ]);
  });

  it("what only the documentation says", async () => {
    const ecs = new ECSClient(settings());
    await send(
      ecs.send(
        new RegisterTaskDefinitionCommand({
          family: "api",
          networkMode: "awsvpc",
          requiresCompatibilities: ["FARGATE"],
          cpu: "256",
          memory: "4096",
          containerDefinitions: [
            {
              name: "api",
              portMappings: [{ containerPort: 80, hostPort: 8080 }],
              healthCheck: { command: ["curl"], interval: 1 },
            },
          ],
        }),
      ),
    );
    await send(
      ecs.send(new CreateServiceCommand({ serviceName: "api", taskDefinition: "api", desiredCount: 1 })),
    );
    await send(
      ecs.send(
        new DescribeServicesCommand({ services: Array.from({ length: 11 }, (_, index) => `s${index}`) }),
      ),
    );
    await send(
      new EC2Client(settings()).send(
        new CreateSecurityGroupCommand({ GroupName: "sg-web", Description: "for: web" }),
      ),
    );
    await send(
      new IAMClient(settings()).send(
        new CreateRoleCommand({
          RoleName: "exec",
          AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
        }),
      ),
    );
    expect(found().map((line) => line.replace(/ \(.*/, ""))).toEqual([
      "ecs:RegisterTaskDefinition: Fargate has no 4096 MiB with 256 CPU units",
      "ecs:RegisterTaskDefinition: container api: no image",
      "ecs:RegisterTaskDefinition: container api: host port 8080 is not 80",
      "ecs:RegisterTaskDefinition: container api: a health check begins with CMD or CMD-SHELL, not curl",
      "ecs:RegisterTaskDefinition: container api: a health check without a command",
      "ecs:RegisterTaskDefinition: container api: interval is 1, not 5 to 300",
      "ecs:CreateService: a task with awsvpc needs a networkConfiguration",
      "ecs:DescribeServices: more than 10 services",
      "ec2:CreateSecurityGroup: sg-web begins with sg-",
      "iam:CreateRole: a policy without a statement",
    ]);
    expect(found()[0]).toContain("https://docs.aws.amazon.com/AmazonECS/");
  });
});
