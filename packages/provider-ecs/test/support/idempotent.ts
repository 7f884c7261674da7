/*
 * Which changes AWS takes twice without doing more, by the API reference of each service. For the kit, which sees that a
 * request was repeated and cannot know whether that was right. Every operation is named: what is not, may not be repeated.
 */

/** They set a state, or take away what may be gone already. */
const setsState: ReadonlySet<string> = new Set([
  "AddListenerCertificates",
  "AddRoleToInstanceProfile",
  "AddTags",
  "AddTagsToResource",
  "AssociateAddress",
  "AttachGroupPolicy",
  "AttachRolePolicy",
  "AttachUserPolicy",
  "AttachVolume",
  // A rule that is there already is refused as a duplicate.
  "AuthorizeSecurityGroupIngress",
  "CreateTags",
  "DeleteAutoScalingGroup",
  "DeleteBucket",
  "DeleteCacheSubnetGroup",
  "DeleteCapacityProvider",
  "DeleteCertificate",
  "DeleteCluster",
  "DeleteDBInstance",
  "DeleteDBSnapshot",
  "DeleteDBSubnetGroup",
  "DeleteInstanceProfile",
  "DeleteLaunchTemplate",
  "DeleteListener",
  "DeleteLoadBalancer",
  "DeleteLogGroup",
  "DeleteNamespace",
  "DeleteParameter",
  "DeleteParameters",
  "DeletePolicy",
  "DeletePolicyVersion",
  "DeleteReplicationGroup",
  "DeleteRepository",
  "DeleteRole",
  "DeleteRolePolicy",
  "DeleteRule",
  "DeleteSchedule",
  "DeleteScheduleGroup",
  "DeleteSecret",
  "DeleteSecurityGroup",
  "DeleteService",
  "DeleteTags",
  "DeleteTargetGroup",
  "DeleteTaskDefinitions",
  "DeleteVolume",
  "DeregisterContainerInstance",
  "DeregisterScalableTarget",
  "DeregisterTaskDefinition",
  "DetachGroupPolicy",
  "DetachRolePolicy",
  "DetachUserPolicy",
  "ModifyListener",
  "ModifyLoadBalancerAttributes",
  "ModifyRule",
  "ModifyTargetGroup",
  "ModifyTargetGroupAttributes",
  "PutBucketLifecycleConfiguration",
  "PutBucketTagging",
  "PutClusterCapacityProviders",
  "PutImageScanningConfiguration",
  "PutImageTagMutability",
  "PutLifecyclePolicy",
  "PutPublicAccessBlock",
  "PutRetentionPolicy",
  "PutRolePolicy",
  "PutScalingPolicy",
  "RegisterScalableTarget",
  "ReleaseAddress",
  "RemoveListenerCertificates",
  "RemoveRoleFromInstanceProfile",
  "RestoreSecret",
  "RevokeSecurityGroupIngress",
  "SetSecurityGroups",
  "SetSubnets",
  "StartInstances",
  "StopServiceDeployment",
  "StopTask",
  "TagPolicy",
  "TagResource",
  "TagRole",
  "TerminateInstances",
  "UntagResource",
  "UpdateAssumeRolePolicy",
  "UpdateAutoScalingGroup",
  "UpdateCapacityProvider",
  "UpdateSchedule",
]);

/** Their name can be taken once only: the second is refused, or gets the first. */
const takesName: ReadonlySet<string> = new Set([
  "CreateAutoScalingGroup",
  "CreateBucket",
  "CreateCacheSubnetGroup",
  "CreateCapacityProvider",
  "CreateCluster",
  "CreateDBInstance",
  "CreateDBSnapshot",
  "CreateDBSubnetGroup",
  "CreateInstanceProfile",
  "CreateLaunchTemplate",
  "CreateLoadBalancer",
  "CreateLogGroup",
  "CreatePolicy",
  "CreateReplicationGroup",
  "CreateRepository",
  "CreateRole",
  "CreateScheduleGroup",
  "CreateSecurityGroup",
  "CreateServiceLinkedRole",
  "CreateSnapshot",
  "CreateTargetGroup",
]);

/** AWS knows the first by a token, under this name; without it each one counts. */
const tokens: Readonly<Record<string, string>> = {
  CreateLaunchTemplateVersion: "ClientToken",
  CreatePrivateDnsNamespace: "CreatorRequestId",
  CreateSchedule: "ClientToken",
  CreateSecret: "ClientRequestToken",
  PutSecretValue: "ClientRequestToken",
  RequestCertificate: "IdempotencyToken",
  RunInstances: "ClientToken",
  RunTask: "clientToken",
};

/** Whether this change may be sent twice; `text` is the body as it was sent. */
export function isIdempotent(operation: string, text: string): boolean {
  if (setsState.has(operation) || takesName.has(operation)) return true;
  // A parameter that is not overwritten takes its name; one that is, has the value that it had.
  if (operation === "PutParameter") return true;
  // A new deployment for each, although nothing is different ("UpdateService").
  if (operation === "UpdateService") return !/"forceNewDeployment":\s*true/.test(text);
  // The same name twice in one cluster: of ECS it needs the token, in Cloud Map the name is taken.
  if (operation === "CreateService")
    return hasField(text, "clientToken") || hasField(text, "CreatorRequestId");
  const token = tokens[operation];
  return token !== undefined && hasField(text, token);
}

/** Whether a body, JSON or a form, has a field that is not empty. */
function hasField(text: string, name: string): boolean {
  return new RegExp(`"${name}":\\s*"[^"]+"|(?:^|&)${name}=[^&]+`).test(text);
}
