import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AllocateAddressCommand,
  CreateSecurityGroupCommand,
  CreateVolumeCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { CreateRepositoryCommand, ECRClient } from "@aws-sdk/client-ecr";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import {
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { type Picture, pictureOf, settingsFor } from "./picture.js";

/** A part of every foreign name, by which they are told from the sample app's own. */
const mark = /foreign/;

/**
 * Puts things of somebody else's into an emulator's account whose names begin like those of the sample app: what is found
 * by a prefix instead of a whole name or a tag would be taken for ours, and removed.
 */
export async function plantForeign(emulator: URL): Promise<void> {
  const settings = settingsFor(emulator);
  const [ecs, ec2, ssm] = [new ECSClient(settings), new EC2Client(settings), new SSMClient(settings)];
  const { Vpcs = [] } = await ec2.send(
    new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }),
  );
  const VpcId = Vpcs[0]?.VpcId;
  const cluster = "deploy-production-foreign";
  await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "deploy_shop_production_process_web_foreign",
      containerDefinitions: [{ name: "web", image: "nginx", memory: 64, cpu: 0 }],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({
      cluster,
      serviceName: "shop-production-web-foreign",
      taskDefinition: "deploy_shop_production_process_web_foreign",
      desiredCount: 1,
    }),
  );
  for (const GroupName of ["deploy-shop-production-tasks-foreign", "deploy-production-ingress-foreign"]) {
    await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: "of somebody else", VpcId }));
  }
  await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 7 }));
  await new IAMClient(settings).send(
    new CreateRoleCommand({
      RoleName: "shop-production-us-east-1-execution-foreign",
      AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
    }),
  );
  const parameters = [
    "/deploy/shop/production-foreign/secrets/SECRET_KEY",
    "/deploy/shop-foreign/production/secrets/SECRET_KEY",
    "/deploy/shop/production/foreign/SECRET_KEY",
  ];
  for (const Name of parameters) {
    await ssm.send(new PutParameterCommand({ Name, Type: "SecureString", Value: "somebody else's" }));
  }
  await new CloudWatchLogsClient(settings).send(
    new CreateLogGroupCommand({ logGroupName: "/deploy/shop/production-foreign" }),
  );
  await new ElasticLoadBalancingV2Client(settings).send(
    new CreateTargetGroupCommand({
      Name: "shop-foreign-web",
      Protocol: "HTTP",
      Port: 80,
      VpcId,
      TargetType: "ip",
    }),
  );
  await new ECRClient(settings).send(new CreateRepositoryCommand({ repositoryName: "shop-foreign" }));
}

/** What is left of what {@link plantForeign} has put there, of an account's picture. */
export async function foreignOf(emulator: URL): Promise<Picture> {
  const picture = await pictureOf(emulator);
  const isForeign = (kind: string, line: string): boolean =>
    mark.test(line) ||
    (kind === "addresses" && line === "vpc free") ||
    (kind === "volumes" && line.startsWith("7 GB"));
  return Object.fromEntries(
    Object.entries(picture).map(([kind, lines]) => [kind, lines.filter((line) => isForeign(kind, line))]),
  );
}
