import type { Scope } from "@deploy/core";
import { appPath } from "../names.js";
import type { Settings } from "../options.js";
import type { PolicyDocument } from "./roles.js";

/** The part of AWS that a region belongs to, as the second field of an ARN. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return "aws";
}

/**
 * What ECS itself may do for the app's tasks: pull its images, read its secrets and no other app's, write its logs.
 *
 * The account in the ARNs is a wildcard: a role reaches its own account only, unless the other side lets it in.
 * Parameters encrypted with AWS's own key need no right on the key (Systems Manager, "How Parameter Store uses KMS").
 */
export function executionPolicy(settings: Settings, scope: Scope): PolicyDocument {
  const arn = arnIn(settings);
  const path = appPath(scope).slice(1);
  return policy([
    { Action: ["ecr:GetAuthorizationToken"], Resource: ["*"] },
    {
      Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      Resource: [arn("ecr", "repository/*")],
    },
    {
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: [arn("logs", `log-group:/${path}:*`), arn("logs", `log-group:/${path}/*`)],
    },
    { Action: ["ssm:GetParameters"], Resource: [arn("ssm", `parameter/${path}/*`)] },
    {
      Action: ["secretsmanager:GetSecretValue"],
      Resource: [arn("secretsmanager", `secret:${path}/*`), arn("secretsmanager", `secret:/${path}/*`)],
    },
    ...(settings.secretsKey === undefined ? [] : [decrypt(settings.secretsKey, arn)]),
  ]);
}

/** A key of the user's own has to be named; one that is named by an alias cannot be (IAM: "Using key aliases"). */
function decrypt(
  key: string,
  arn: (service: string, resource: string) => string,
): { readonly Action: readonly string[]; readonly Resource: readonly string[] } {
  const isAlias = key.startsWith("alias/") || key.includes(":alias/");
  const resource = key.startsWith("arn:") && !isAlias ? key : arn("kms", isAlias ? "key/*" : `key/${key}`);
  return { Action: ["kms:Decrypt"], Resource: [resource] };
}

/** What the app's own code may do: nothing but to be reached by ECS Exec ("Using ECS Exec", IAM permissions). */
export function taskPolicy(): PolicyDocument {
  return policy([
    {
      Action: [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      Resource: ["*"],
    },
  ]);
}

/**
 * What the agent of an instance may do: AmazonEC2ContainerServiceforEC2Role without making clusters, pulling images and
 * writing logs, which are the execution role's.
 */
export function instancePolicy(settings: Settings, cluster: string): PolicyDocument {
  const arn = arnIn(settings);
  return policy([
    { Action: ["ec2:DescribeTags", "ecs:DiscoverPollEndpoint"], Resource: ["*"] },
    {
      Action: ["ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance", "ecs:TagResource"],
      Resource: [arn("ecs", `cluster/${cluster}`), arn("ecs", `container-instance/${cluster}/*`)],
    },
    {
      Action: [
        "ecs:Poll",
        "ecs:StartTelemetrySession",
        "ecs:UpdateContainerInstancesState",
        "ecs:SubmitAttachmentStateChanges",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitTaskStateChange",
      ],
      Resource: ["*"],
    },
  ]);
}

function policy(
  statements: readonly { readonly Action: readonly string[]; readonly Resource: readonly string[] }[],
): PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({ Effect: "Allow", ...statement })),
  };
}

function arnIn(settings: Settings): (service: string, resource: string) => string {
  return (service, resource) =>
    `arn:${partitionOf(settings.region)}:${service}:${settings.region}:*:${resource}`;
}
