import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type Service,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import {
  CreateTargetGroupCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  CreateServiceCommand as CreateDiscoveryCommand,
  CreatePrivateDnsNamespaceCommand,
  ListNamespacesCommand,
  ServiceDiscoveryClient,
} from "@aws-sdk/client-servicediscovery";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildImage, removeImages } from "./support/images.js";
import { has } from "./support/needs.js";
import { useVendor } from "./support/use-vendor.js";

/*
 * What the suites on ministack rely on, with its stand-ins (docs/testing-ecs.md). When a new version of it breaks one of
 * them, it is seen here, and not in the provider's own tests.
 */

const hasAll = await has("python", "docker");
const image = `deploy-test-stand-ins:${process.pid}`;
const patience = { timeout: 60_000, interval: 200 };

describe.skipIf(!hasAll)("ministack with real containers", () => {
  const vendor = useVendor({ emulator: "ministack" });
  let ecs: ECSClient;
  let elb: ElasticLoadBalancingV2Client;
  let logs: CloudWatchLogsClient;
  let network: { awsvpcConfiguration: { subnets: string[] } };
  let targetGroupArn: string;
  let discovery: ServiceDiscoveryClient;
  let vpc: string;

  beforeAll(async () => {
    await buildImage(image);
    const settings = {
      endpoint: vendor().proxy.url.href,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    };
    ecs = new ECSClient(settings);
    elb = new ElasticLoadBalancingV2Client(settings);
    logs = new CloudWatchLogsClient(settings);
    discovery = new ServiceDiscoveryClient(settings);
    const ec2 = new EC2Client(settings);
    vpc = (await ec2.send(new DescribeVpcsCommand({}))).Vpcs?.[0]?.VpcId ?? "";
    const subnets = (await ec2.send(new DescribeSubnetsCommand({}))).Subnets ?? [];
    network = { awsvpcConfiguration: { subnets: subnets.slice(0, 2).map(({ SubnetId }) => SubnetId ?? "") } };
    const group = await elb.send(
      new CreateTargetGroupCommand({
        Name: "web",
        Protocol: "HTTP",
        Port: 8080,
        VpcId: vpc,
        TargetType: "ip",
        HealthCheckPath: "/health",
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
      }),
    );
    targetGroupArn = group.TargetGroups?.[0]?.TargetGroupArn ?? "";
    await ecs.send(new CreateClusterCommand({ clusterName: "shop" }));
    await logs.send(new CreateLogGroupCommand({ logGroupName: "/shop" }));
    await new SSMClient(settings).send(
      new PutParameterCommand({ Name: "/shop/TOKEN", Value: "hush", Type: "SecureString" }),
    );
  }, 300_000);
  afterAll(() => removeImages(image), 60_000);

  const register = async (family: string, command: string): Promise<string> => {
    const { taskDefinition } = await ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        networkMode: "awsvpc",
        requiresCompatibilities: ["FARGATE"],
        cpu: "256",
        memory: "512",
        executionRoleArn: "arn:aws:iam::000000000000:role/exec",
        containerDefinitions: [
          {
            name: "main",
            image,
            entryPoint: ["sh", "-c"],
            command: [command],
            workingDirectory: "/tmp",
            secrets: [{ name: "TOKEN", valueFrom: "/shop/TOKEN" }],
            portMappings: [{ containerPort: 8080 }],
            logConfiguration: {
              logDriver: "awslogs",
              options: {
                "awslogs-group": "/shop",
                "awslogs-region": "us-east-1",
                "awslogs-stream-prefix": family,
              },
            },
          },
        ],
      }),
    );
    return taskDefinition?.taskDefinitionArn ?? "";
  };
  const service = async (): Promise<Service> => {
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: "shop", services: ["web"] }));
    const [found] = services ?? [];
    if (found === undefined) throw new Error("there is no service");
    return found;
  };
  const lines = async (prefix: string): Promise<readonly (string | undefined)[]> => {
    const { events } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: "/shop", logStreamNamePrefix: `${prefix}/` }),
    );
    return (events ?? []).map(({ message }) => message);
  };

  it("runs a task to its end: entry point, directory, secret, exit code, log lines of its own stream", async () => {
    await register("other", "true");
    const definition = await register("migrate", 'echo "in $PWD with $TOKEN"; exit 7');
    const request = {
      cluster: "shop",
      taskDefinition: definition,
      launchType: "FARGATE",
      networkConfiguration: network,
      startedBy: "deploy-1",
      clientToken: "once",
    } as const;
    const { tasks } = await ecs.send(new RunTaskCommand(request));
    const again = await ecs.send(new RunTaskCommand(request));
    expect(again.tasks?.[0]?.taskArn).toBe(tasks?.[0]?.taskArn);
    await vi.waitFor(async () => {
      const described = await ecs.send(
        new DescribeTasksCommand({ cluster: "shop", tasks: [tasks?.[0]?.taskArn ?? ""] }),
      );
      expect(described.tasks?.[0]).toMatchObject({
        lastStatus: "STOPPED",
        stopCode: "EssentialContainerExited",
        containers: [{ exitCode: 7 }],
      });
    }, patience);
    await vi.waitFor(async () => expect(await lines("migrate")).toEqual(["in /tmp with hush"]), patience);
    expect(await lines("other")).toEqual([]);
  }, 90_000);

  it("lets tasks find a service by its name in Cloud Map", async () => {
    await discovery.send(new CreatePrivateDnsNamespaceCommand({ Name: "shop.internal", Vpc: vpc }));
    const NamespaceId = await vi.waitFor(async () => {
      const { Namespaces } = await discovery.send(new ListNamespacesCommand({}));
      const id = Namespaces?.[0]?.Id;
      if (id === undefined) throw new Error("not made yet");
      return id;
    }, patience);
    const { Service: registry } = await discovery.send(
      new CreateDiscoveryCommand({
        Name: "api",
        NamespaceId,
        DnsConfig: { DnsRecords: [{ Type: "A", TTL: 5 }] },
      }),
    );
    const serve = "mkdir -p www; echo found > www/index.html; exec httpd -f -p 8080 -h www";
    await ecs.send(
      new CreateServiceCommand({
        cluster: "shop",
        serviceName: "api",
        taskDefinition: await register("api", serve),
        desiredCount: 1,
        launchType: "FARGATE",
        networkConfiguration: network,
        serviceRegistries: [{ registryArn: registry?.Arn ?? "" }],
      }),
    );
    const look = "for i in $(seq 60); do wget -qO- http://api.shop.internal:8080/ && exit; sleep 0.5; done";
    await ecs.send(
      new RunTaskCommand({
        cluster: "shop",
        taskDefinition: await register("look", look),
        launchType: "FARGATE",
        networkConfiguration: network,
      }),
    );
    await vi.waitFor(async () => expect(await lines("look")).toContain("found"), patience);
  }, 120_000);

  it("rolls out: in progress until the targets answer, tasks by deployment, breaker and rollback", async () => {
    const serve = (text: string): string =>
      `mkdir -p www; echo ${text} > www/health; sleep 2; exec httpd -f -p 8080 -h www`;
    const first = await register("web", serve("one"));
    const created = await ecs.send(
      new CreateServiceCommand({
        cluster: "shop",
        serviceName: "web",
        taskDefinition: first,
        desiredCount: 1,
        launchType: "FARGATE",
        networkConfiguration: network,
        loadBalancers: [{ targetGroupArn, containerName: "main", containerPort: 8080 }],
        deploymentConfiguration: {
          deploymentCircuitBreaker: {
            enable: true,
            rollback: true,
            thresholdConfiguration: { type: "COUNT", value: 2 },
          },
        },
      }),
    );
    expect(created.service?.deployments?.[0]?.rolloutState).toBe("IN_PROGRESS");
    await vi.waitFor(
      async () => expect((await service()).deployments?.[0]?.rolloutState).toBe("COMPLETED"),
      patience,
    );
    const health = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
    expect(health.TargetHealthDescriptions).toMatchObject([{ TargetHealth: { State: "healthy" } }]);

    await ecs.send(
      new UpdateServiceCommand({
        cluster: "shop",
        service: "web",
        taskDefinition: await register("web", "exit 3"),
      }),
    );
    const failing = (await service()).deployments?.find(({ status }) => status === "PRIMARY")?.id;
    await vi.waitFor(async () => {
      const { taskDefinition, deployments } = await service();
      expect(taskDefinition).toBe(first);
      expect(deployments?.find(({ id }) => id === failing)?.rolloutState).toBe("FAILED");
      expect(deployments?.find(({ status }) => status === "PRIMARY")?.rolloutState).toBe("COMPLETED");
    }, patience);
    const stopped = await ecs.send(new ListTasksCommand({ cluster: "shop", desiredStatus: "STOPPED" }));
    const { tasks } = await ecs.send(
      new DescribeTasksCommand({ cluster: "shop", tasks: stopped.taskArns ?? [] }),
    );
    expect(tasks?.filter(({ startedBy }) => startedBy === failing)).toMatchObject([
      { containers: [{ exitCode: 3 }] },
      { containers: [{ exitCode: 3 }] },
    ]);
  }, 180_000);
});
