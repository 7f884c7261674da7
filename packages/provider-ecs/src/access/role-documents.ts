import type { Role, Scope } from "@deploy/core";
import { familyPrefix, logGroupOf } from "../containers/families.js";
import { repositoryName } from "../images/ecr-repository.js";
import { lockName } from "../lease.js";
import { appName, appPath } from "../names.js";
import type { Settings } from "../options.js";
import { clusterName } from "../servers/cluster.js";
import { partitionOf } from "../servers/role-policies.js";
import type { PolicyDocument } from "../servers/roles.js";
import { tagKey } from "../tags.js";

type Statement = PolicyDocument["Statement"][number];

/** Roles, weakest first: each may do what those before it may. */
export const rolesWeakestFirst: readonly Role[] = ["viewer", "deployer", "operator", "manager"];

/**
 * The policy of a role for one app in one environment, least privilege.
 *
 * Which actions know resources and which only `*` is from the Service Authorization Reference. The account in the ARNs
 * is a wildcard: a person's policy reaches their own account only.
 */
export function roleDocument(settings: Settings, scope: Scope, role: Role): PolicyDocument {
  const upTo = rolesWeakestFirst.slice(0, rolesWeakestFirst.indexOf(role) + 1);
  return {
    Version: "2012-10-17",
    Statement: joined(upTo.flatMap((one) => statementsOf[one](namesOf(settings, scope)))),
  };
}

/** Statements about the same under the same condition as one: a managed policy holds 6,144 characters ("IAM quotas"). */
function joined(statements: readonly Statement[]): readonly Statement[] {
  const byPlace = new Map<string, Statement>();
  for (const { Sid = "", Action, Resource, Condition, ...rest } of statements) {
    const place = JSON.stringify([Resource, Condition]);
    const before = byPlace.get(place);
    byPlace.set(place, {
      ...rest,
      Sid: `${before?.Sid ?? ""}${Sid}`,
      Action: [...new Set([...(before?.Action ?? []), ...Action])],
      Resource,
      ...(Condition === undefined ? {} : { Condition }),
    });
  }
  return [...byPlace.values()];
}

interface Names {
  readonly scope: Scope;
  readonly region: string;
  arn(service: string, resource: string, region?: string): string;
  readonly cluster: string;
  readonly family: string;
  readonly path: string;
}

function namesOf(settings: Settings, scope: Scope): Names {
  const { region } = settings;
  return {
    scope,
    region,
    arn: (service, resource, where = region) =>
      `arn:${partitionOf(region)}:${service}:${where}:*:${resource}`,
    cluster: clusterName(settings, scope),
    family: familyPrefix(scope),
    path: appPath(scope).slice(1),
  };
}

function allow(
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: Statement["Condition"],
): Statement {
  return { Sid, Effect: "Allow", Action, Resource, ...(Condition === undefined ? {} : { Condition }) };
}

/** The thing itself carries the app's tags. */
function taggedOurs({ scope }: Names): NonNullable<Statement["Condition"]> {
  return {
    StringEquals: {
      [`aws:ResourceTag/${tagKey.app}`]: scope.app,
      [`aws:ResourceTag/${tagKey.environment}`]: scope.environment,
    },
  };
}

const statementsOf: Readonly<Record<Role, (names: Names) => readonly Statement[]>> = {
  viewer: (names) => [
    // None of these knows resources: they list, and show no value of a secret.
    allow(
      "Look",
      [
        "ecs:DescribeTaskDefinition",
        "ecs:ListServices",
        "ecs:ListTaskDefinitionFamilies",
        "ecs:ListTaskDefinitions",
        "elasticloadbalancing:Describe*",
        "ssm:DescribeParameters",
      ],
      ["*"],
    ),
    allow(
      "LookAtServices",
      [
        "ecs:DescribeClusters",
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "ecs:DescribeServices",
        "ecs:DescribeTasks",
        "ecs:ListServiceDeployments",
        "ecs:ListTasks",
        "ecs:ListTagsForResource",
      ],
      [
        names.arn("ecs", `cluster/${names.cluster}`),
        names.arn("ecs", `service/${names.cluster}/*`),
        names.arn("ecs", `service-deployment/${names.cluster}/*`),
        names.arn("ecs", `service-revision/${names.cluster}/*`),
        names.arn("ecs", `container-instance/${names.cluster}/*`),
        names.arn("ecs", `task/${names.cluster}/*`),
      ],
    ),
    allow(
      "ReadLogs",
      ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
      logGroups(names),
    ),
  ],
  deployer: (names) => [
    allow("StoreBuildOutput", ["logs:CreateLogStream", "logs:PutLogEvents"], logGroups(names)),
    allow("SignInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
    allow(
      "PushImages",
      [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:DescribeImages",
        "ecr:DescribeRepositories",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:ListTagsForResource",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ],
      [names.arn("ecr", `repository/${repositoryName(names.scope)}`)],
    ),
    allow(
      "Release",
      ["ecs:RegisterTaskDefinition", "ecs:TagResource"],
      [names.arn("ecs", `task-definition/${names.family}*:*`)],
    ),
    allow("ForgetReleases", ["ecs:DeregisterTaskDefinition"], ["*"]),
    allow(
      "RollOut",
      ["ecs:CreateService", "ecs:UpdateService", "ecs:StopServiceDeployment", "ecs:TagResource"],
      [
        names.arn("ecs", `service/${names.cluster}/*`),
        names.arn("ecs", `service-deployment/${names.cluster}/*`),
      ],
      taggedOurs(names),
    ),
    allow("RunReleaseCommand", ["ecs:RunTask"], [names.arn("ecs", `task-definition/${names.family}*:*`)]),
    allow(
      "HandOverRoles",
      ["iam:PassRole"],
      [
        names.arn("iam", `role/${appName(names.scope, 64, names.region, "execution")}`, ""),
        names.arn("iam", `role/${appName(names.scope, 64, names.region, "task")}`, ""),
      ],
      { StringEquals: { "iam:PassedToService": ["ecs-tasks.amazonaws.com", "scheduler.amazonaws.com"] } },
    ),
    // Storing, never reading: a value is shown to operators only.
    allow(
      "StoreParameters",
      ["ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:PutParameter"],
      [names.arn("ssm", `parameter/${names.path}/*`)],
    ),
    allow(
      "Lock",
      ["ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"],
      [names.arn("ssm", `parameter${lockName(names.scope)}`)],
    ),
    allow(
      "StoreSecrets",
      [
        "secretsmanager:CreateSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
      ],
      [names.arn("secretsmanager", `secret:${names.path}/*`)],
    ),
  ],
  operator: (names) => [
    allow(
      "Operate",
      ["ecs:ExecuteCommand", "ecs:RunTask", "ecs:StopTask"],
      [names.arn("ecs", `task/${names.cluster}/*`), names.arn("ecs", `cluster/${names.cluster}`)],
      taggedOurs(names),
    ),
    allow(
      "Scale",
      [
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:RegisterScalableTarget",
      ],
      [names.arn("application-autoscaling", "scalable-target/*")],
      taggedOurs(names),
    ),
    allow("LookAtScaling", ["application-autoscaling:Describe*"], ["*"]),
    allow(
      "RevealSecrets",
      ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
      [names.arn("ssm", `parameter/${names.path}`), names.arn("ssm", `parameter/${names.path}/*`)],
    ),
    allow(
      "RevealManagedSecrets",
      ["secretsmanager:GetSecretValue"],
      [names.arn("secretsmanager", `secret:${names.path}/*`)],
    ),
  ],
  manager: (names) => [
    allow(
      "LetPeopleIn",
      [
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
      ],
      [names.arn("iam", "user/*", ""), names.arn("iam", "group/*", ""), names.arn("iam", "role/*", "")],
      { ArnLike: { "iam:PolicyARN": names.arn("iam", `policy/${names.path}/*`, "") } },
    ),
    allow(
      "SeeWhoIsIn",
      ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"],
      [names.arn("iam", `policy/${names.path}/*`, "")],
    ),
    allow("FindPolicies", ["iam:ListPolicies"], ["*"]),
    allow(
      "RemoveServices",
      ["ecs:DeleteService"],
      [names.arn("ecs", `service/${names.cluster}/*`)],
      taggedOurs(names),
    ),
  ],
};

function logGroups({ scope, arn }: Names): readonly string[] {
  return [arn("logs", `log-group:${logGroupOf(scope)}`), arn("logs", `log-group:${logGroupOf(scope)}:*`)];
}
