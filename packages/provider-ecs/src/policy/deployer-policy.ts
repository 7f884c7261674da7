import type { Settings } from "../options.js";
import { partitionOf } from "../servers/role-policies.js";
import type { PolicyDocument } from "../servers/roles.js";

type Statement = PolicyDocument["Statement"][number];

/** Where a statement applies: everywhere in the region, or to what bears our names. */
interface Grant {
  readonly actions: readonly string[];
  /** Parts of ARNs behind the account; absent: the actions know no resource, or what they make has no name of ours. */
  readonly resources?: readonly string[];
}

/**
 * What a deployer may do, by the prefix of the service's actions. A test reads the sources: every call that this package
 * makes has to be here, and nothing else is.
 */
const common: Readonly<Record<string, readonly Grant[]>> = {
  acm: [
    { actions: ["AddTagsToCertificate", "DeleteCertificate", "DescribeCertificate", "ListCertificates"] },
    { actions: ["ListTagsForCertificate", "RequestCertificate"] },
  ],
  "application-autoscaling": [
    {
      actions: [
        "Describe*",
        "PutScalingPolicy",
        "RegisterScalableTarget",
        "DeregisterScalableTarget",
        "TagResource",
      ],
    },
  ],
  ec2: [
    {
      actions: [
        "Describe*",
        "AuthorizeSecurityGroupIngress",
        "CreateSecurityGroup",
        "CreateTags",
        "DeleteTags",
      ],
    },
    { actions: ["DeleteSecurityGroup", "RevokeSecurityGroupIngress"] },
  ],
  ecr: [
    { actions: ["GetAuthorizationToken"] },
    {
      actions: [
        "BatchCheckLayerAvailability",
        "BatchGetImage",
        "CompleteLayerUpload",
        "CreateRepository",
        "DeleteRepository",
        "DescribeImages",
        "DescribeRepositories",
        "GetDownloadUrlForLayer",
        "GetLifecyclePolicy",
        "InitiateLayerUpload",
        "ListTagsForResource",
        "PutImage",
        "PutImageScanningConfiguration",
        "PutImageTagMutability",
        "PutLifecyclePolicy",
        "TagResource",
        "UntagResource",
        "UploadLayerPart",
      ],
      resources: ["repository/*"],
    },
  ],
  ecs: [
    {
      actions: [
        "CreateCluster",
        "CreateService",
        "DeleteCluster",
        "DeleteService",
        "DeleteTaskDefinitions",
        "DeregisterTaskDefinition",
        "Describe*",
        "ExecuteCommand",
        "List*",
        "PutClusterCapacityProviders",
        "RegisterTaskDefinition",
        "RunTask",
        "StopServiceDeployment",
        "StopTask",
        "TagResource",
        "UpdateService",
      ],
    },
  ],
  elasticloadbalancing: [
    {
      actions: ["Add*", "Create*", "Delete*", "Describe*", "Modify*", "RemoveListenerCertificates", "Set*"],
    },
  ],
  iam: [
    { actions: ["ListPolicies", "ListRoles"] },
    {
      actions: [
        "AttachRolePolicy",
        "CreateRole",
        "DeleteRole",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "PutRolePolicy",
        "TagRole",
        "UpdateAssumeRolePolicy",
      ],
      // The region is in every name of ours.
      resources: ["role/*-{region}-*"],
    },
    {
      actions: ["GetInstanceProfile"],
      resources: ["instance-profile/*-{region}-*"],
    },
    { actions: ["CreateServiceLinkedRole"], resources: ["role/aws-service-role/*"] },
  ],
  logs: [
    { actions: ["DescribeLogGroups"] },
    {
      actions: [
        "CreateLogGroup",
        "DeleteLogGroup",
        "DescribeLogStreams",
        "FilterLogEvents",
        "GetLogEvents",
        "ListTagsForResource",
        "PutRetentionPolicy",
        "TagResource",
      ],
      resources: ["log-group:/deploy/*"],
    },
  ],
  scheduler: [
    {
      actions: ["CreateSchedule*", "DeleteSchedule*", "GetSchedule*", "ListSchedules", "ListTagsForResource"],
    },
    { actions: ["TagResource", "UpdateSchedule"] },
  ],
  secretsmanager: [
    { actions: ["ListSecrets"] },
    {
      actions: [
        "CreateSecret",
        "DeleteSecret",
        "DescribeSecret",
        "GetSecretValue",
        "PutSecretValue",
        "RestoreSecret",
        "TagResource",
      ],
      resources: ["secret:deploy*", "secret:/deploy*"],
    },
  ],
  servicediscovery: [
    {
      actions: [
        "CreatePrivateDnsNamespace",
        "CreateService",
        "DeleteNamespace",
        "DeleteService",
        "GetOperation",
        "List*",
        "TagResource",
      ],
    },
  ],
  ssm: [
    { actions: ["DescribeParameters"] },
    {
      actions: [
        "AddTagsToResource",
        "DeleteParameter",
        "DeleteParameters",
        "GetParameter",
        "GetParameters",
        "GetParametersByPath",
        "PutParameter",
      ],
      resources: ["parameter/deploy*"],
    },
  ],
};

/** What `ec2()` and `instance()` need besides. */
const machines: Readonly<Record<string, readonly Grant[]>> = {
  autoscaling: [
    {
      actions: [
        "CreateAutoScalingGroup",
        "CreateOrUpdateTags",
        "DeleteAutoScalingGroup",
        "DescribeAutoScalingGroups",
        "UpdateAutoScalingGroup",
      ],
    },
  ],
  ec2: [
    {
      actions: [
        "AllocateAddress",
        "AssociateAddress",
        "AttachVolume",
        "CreateLaunchTemplate",
        "CreateLaunchTemplateVersion",
        "DeleteLaunchTemplate",
        "DeleteVolume",
        "ReleaseAddress",
        "RunInstances",
        "StartInstances",
        "TerminateInstances",
      ],
    },
  ],
  ecs: [
    {
      actions: [
        "CreateCapacityProvider",
        "DeleteCapacityProvider",
        "DeregisterContainerInstance",
        "UpdateCapacityProvider",
      ],
    },
  ],
  iam: [
    {
      actions: [
        "AddRoleToInstanceProfile",
        "CreateInstanceProfile",
        "DeleteInstanceProfile",
        "RemoveRoleFromInstanceProfile",
        "TagInstanceProfile",
      ],
      resources: ["instance-profile/*-{region}-*"],
    },
  ],
};

/** What add-ons need besides: databases, caches, and the bucket of backups. */
const addons: Readonly<Record<string, readonly Grant[]>> = {
  elasticache: [
    {
      actions: [
        "AddTagsToResource",
        "Create*",
        "Delete*",
        "Describe*",
        "ListTagsForResource",
        "ModifyReplicationGroup",
      ],
    },
  ],
  rds: [
    {
      actions: [
        "AddTagsToResource",
        "CreateDBInstance",
        "CreateDBSnapshot",
        "CreateDBSubnetGroup",
        "DeleteDBInstance",
        "DeleteDBSnapshot",
        "DeleteDBSubnetGroup",
        "Describe*",
        "ModifyDBInstance",
      ],
    },
  ],
  s3: [
    {
      actions: ["CreateBucket", "Get*", "ListBucket", "Put*", "DeleteObject", "DeleteBucket"],
      resources: ["deploy-*"],
    },
  ],
};

/** What managing who may do what needs besides (`deploy access`): only a manager's credentials should have it. */
const access: Readonly<Record<string, readonly Grant[]>> = {
  iam: [
    {
      actions: [
        "CreatePolicy",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "GetPolicy",
        "GetPolicyVersion",
        "ListEntitiesForPolicy",
        "ListPolicyVersions",
        "TagPolicy",
      ],
      resources: ["policy/deploy/*"],
    },
    {
      actions: [
        "AttachGroupPolicy",
        "AttachUserPolicy",
        "DetachGroupPolicy",
        "DetachUserPolicy",
        "ListAttachedGroupPolicies",
        "ListAttachedUserPolicies",
      ],
      resources: ["user/*", "group/*"],
    },
  ],
};

/** A policy of the deployer, to be attached as it is. */
export interface DeployerPolicy {
  readonly name: "deploy" | "deploy-machines" | "deploy-addons" | "deploy-access";
  /** When it is needed. */
  readonly when: string;
  readonly document: PolicyDocument;
}

/**
 * The smallest policies that a deployer needs with these settings, each below the 6,144 characters of a managed policy
 * (IAM quotas). Those for add-ons and access are needed only by whoever uses them.
 */
export function deployerPolicies(settings: Pick<Settings, "region" | "capacity">): readonly DeployerPolicy[] {
  const { region, capacity } = settings;
  return [
    {
      name: "deploy",
      when: "always",
      document: documentOf(region, common, [passRole(region)]),
    },
    ...(capacity.kind === "fargate"
      ? []
      : [
          {
            name: "deploy-machines",
            when: `for ${capacity.kind}()`,
            document: documentOf(region, machines, [machineImages(region)]),
          } as const,
        ]),
    { name: "deploy-addons", when: "for add-ons", document: documentOf(region, addons, []) },
    { name: "deploy-access", when: "to give and take access", document: documentOf(region, access, []) },
  ];
}

/** Services without regions, whose ARNs name none. */
const global: ReadonlySet<string> = new Set(["iam", "s3"]);

function documentOf(
  region: string,
  grants: Readonly<Record<string, readonly Grant[]>>,
  more: readonly Statement[],
): PolicyDocument {
  const anywhere: string[] = [];
  const inRegion: string[] = [];
  const named: Statement[] = [];
  for (const [service, list] of Object.entries(grants)) {
    for (const { actions, resources } of list) {
      const full = actions.map((action) => `${service}:${action}`);
      if (resources !== undefined) {
        const Resource = resources.flatMap((part) => arns(region, service, part.replace("{region}", region)));
        named.push({ Effect: "Allow", Action: full, Resource });
      } else (global.has(service) ? anywhere : inRegion).push(...full);
    }
  }
  return {
    Version: "2012-10-17",
    Statement: [
      ...(inRegion.length === 0
        ? []
        : [
            {
              Effect: "Allow",
              Action: inRegion,
              Resource: ["*"],
              Condition: { StringEquals: { "aws:RequestedRegion": region } },
            } as const,
          ]),
      ...(anywhere.length === 0 ? [] : [{ Effect: "Allow", Action: anywhere, Resource: ["*"] } as const]),
      ...named,
      ...more,
    ],
  };
}

function arns(region: string, service: string, part: string): readonly string[] {
  const partition = partitionOf(region);
  if (service === "s3") return [`arn:${partition}:s3:::${part}`];
  return [`arn:${partition}:${service}:${global.has(service) ? "" : region}:*:${part}`];
}

/** The roles that we make may be handed to the services that take them, and to no other. */
function passRole(region: string): Statement {
  return {
    Effect: "Allow",
    Action: ["iam:PassRole"],
    Resource: arns(region, "iam", `role/*-${region}-*`),
    Condition: {
      StringEquals: {
        "iam:PassedToService": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com", "scheduler.amazonaws.com"],
      },
    },
  };
}

/** AWS's own parameters, which name the machine images, belong to no account. */
function machineImages(region: string): Statement {
  return {
    Effect: "Allow",
    Action: ["ssm:GetParameter", "ssm:GetParameters"],
    Resource: [`arn:${partitionOf(region)}:ssm:${region}::parameter/aws/service/ecs/optimized-ami/*`],
  };
}
