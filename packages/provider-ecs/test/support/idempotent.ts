/*
 * Which changes AWS takes twice without doing more, by the API reference of each service. For the kit, which sees that a
 * request was repeated and cannot know whether that was right.
 */

/** They set a state, or take away what may be gone already. */
const setsState =
  /^(?:Add|Associate|Attach|Authorize|Delete|Deregister|Detach|Put|Release|Remove|Revoke|Start|Stop|Tag|Terminate|Untag|Update)/;

/** Their name can be taken once only: the second is refused, or gets the first. */
const takesName: ReadonlySet<string> = new Set([
  "CreateAutoScalingGroup",
  "CreateBucket",
  "CreateCluster",
  "CreateInstanceProfile",
  "CreateLaunchTemplate",
  "CreateLogGroup",
  "CreateRepository",
  "CreateRole",
  "CreateScheduleGroup",
  "CreateSecurityGroup",
  "CreateServiceLinkedRole",
]);

/** They carry a token (`ClientToken`, `clientToken`, `IdempotencyToken`, `CreatorRequestId`) by which AWS knows the first. */
const carriesToken: ReadonlySet<string> = new Set([
  "CreateLaunchTemplateVersion",
  "CreatePrivateDnsNamespace",
  "CreateSecret",
  "RequestCertificate",
  "RunInstances",
  "RunTask",
]);

/** Whether this change may be sent twice. */
export function isIdempotent(operation: string): boolean {
  return setsState.test(operation) || takesName.has(operation) || carriesToken.has(operation);
}
