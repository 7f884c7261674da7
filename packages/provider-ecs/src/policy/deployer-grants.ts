/*
 * What a deployer may do, as data. The conditions that an action knows are those of the "Service Authorization Reference".
 */

/** Where a statement applies: everywhere in the region, or to what bears our names. */
export interface Grant {
  readonly actions: readonly string[];
  /** Parts of ARNs behind the account; absent: the actions know no resource, or what they make has no name of ours. */
  readonly resources?: readonly string[];
  /** Only what bears our tag: for what takes things away, where the service knows the condition `aws:ResourceTag`. */
  readonly tagged?: true;
}

/** Grants by the prefix of a service's actions. */
export type Grants = Readonly<Record<string, readonly Grant[]>>;

/**
 * What a deployer may do, by the prefix of the service's actions. A test reads the sources: every call that this package
 * makes has to be here, and nothing else is.
 */
const common: Grants = {
  acm: [
    { actions: ["AddTagsToCertificate", "DescribeCertificate", "ListCertificates"] },
    { actions: ["ListTagsForCertificate", "RequestCertificate"] },
    { actions: ["DeleteCertificate"], tagged: true },
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
    { actions: ["RevokeSecurityGroupIngress"] },
    { actions: ["DeleteSecurityGroup"], tagged: true },
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
    { actions: ["DeleteCluster", "DeleteService"], tagged: true },
  ],
  elasticloadbalancing: [
    {
      actions: [
        "Add*",
        "Create*",
        "DeleteListener",
        "DeleteRule",
        "Describe*",
        "Modify*",
        "RemoveListenerCertificates",
        "Set*",
      ],
    },
    { actions: ["DeleteLoadBalancer", "DeleteTargetGroup"], tagged: true },
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
        "CreateLogStream",
        "DeleteLogGroup",
        "DescribeLogStreams",
        "FilterLogEvents",
        "GetLogEvents",
        "ListTagsForResource",
        "PutLogEvents",
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
      actions: ["CreatePrivateDnsNamespace", "CreateService", "List*", "TagResource"],
    },
    { actions: ["DeleteNamespace", "DeleteService"], tagged: true },
  ],
  ssm: [
    { actions: ["DescribeParameters"] },
    {
      actions: [
        "AddTagsToResource",
        "DeleteParameter",
        "DeleteParameters",
        "GetParameter",
        "GetParametersByPath",
        "PutParameter",
      ],
      resources: ["parameter/deploy*"],
    },
  ],
};

/** What `ec2()` and `instance()` need besides. */
const machines: Grants = {
  autoscaling: [
    {
      actions: [
        "CreateAutoScalingGroup",
        "CreateOrUpdateTags",
        "DescribeAutoScalingGroups",
        "UpdateAutoScalingGroup",
      ],
    },
    { actions: ["DeleteAutoScalingGroup"], tagged: true },
  ],
  ec2: [
    {
      actions: [
        "AllocateAddress",
        "AssociateAddress",
        "AttachVolume",
        "CreateLaunchTemplate",
        "CreateLaunchTemplateVersion",
        "RunInstances",
      ],
    },
    {
      actions: [
        "DeleteLaunchTemplate",
        "DeleteVolume",
        "ReleaseAddress",
        "StartInstances",
        "TerminateInstances",
      ],
      tagged: true,
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
const addons: Grants = {
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
        "DeleteDBSnapshot",
        "DeleteDBSubnetGroup",
        "Describe*",
        "ModifyDBInstance",
      ],
    },
    { actions: ["DeleteDBInstance"], tagged: true },
  ],
  s3: [
    {
      actions: ["CreateBucket", "Get*", "ListBucket", "Put*"],
      resources: ["deploy-*"],
    },
  ],
};

/** What managing who may do what needs besides (`deploy access`): only a manager's credentials should have it. */
const access: Grants = {
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

/** What the deployer's policies are made from, by when each is needed. */
export const deployerGrants: {
  readonly common: Grants;
  readonly machines: Grants;
  readonly addons: Grants;
  readonly access: Grants;
} = { common, machines, addons, access };
