import { type Context, DeployError } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError, isGone, unlessGone } from "../errors.js";
import { describeScalingGroup } from "./auto-scaling-group.js";
import { describeCapacityProvider } from "./capacity-provider.js";
import { describeCluster } from "./cluster.js";
import { getInstanceStates } from "./instance-states.js";
import { listContainerInstances } from "./status.js";

/** Milliseconds between two tries of something that AWS still holds. */
const pauseMs = 4_000;
/** Milliseconds that AWS gets to let go: network interfaces of a load balancer take minutes. */
const patienceMs = 15 * 60_000;

/**
 * Repeats a removal while AWS refuses it because something still uses the thing: what was removed before vanishes in its
 * own time. "Already gone" is success.
 *
 * @throws what AWS said last, after fifteen minutes.
 */
export async function removePatiently(
  context: Context,
  what: string,
  codes: readonly string[],
  remove: () => Promise<unknown>,
): Promise<void> {
  const deadline = context.clock.now() + patienceMs;
  for (let said = false; ; ) {
    try {
      await remove();
      return;
    } catch (error) {
      if (isGone(error)) return;
      if (!isAwsError(error, ...codes) || context.clock.now() >= deadline) throw error;
      if (!said) context.log(`Waiting until nothing uses ${what} any more.`);
      said = true;
      await context.clock.sleep(pauseMs, context.signal);
    }
  }
}

const again = { repeatable: true };

/** Removes a role: what hangs on it first. */
export async function removeRole(clients: Clients, context: Context, RoleName: string): Promise<void> {
  const [inline, attached] = await Promise.all([
    unlessGone(clients.all(context, "iam", "ListRolePolicies", { RoleName }, (page) => page.PolicyNames)),
    unlessGone(
      clients.all(context, "iam", "ListAttachedRolePolicies", { RoleName }, (page) => page.AttachedPolicies),
    ),
  ]);
  await Promise.all([
    ...(inline ?? []).map((PolicyName) =>
      unlessGone(clients.send(context, "iam", "DeleteRolePolicy", { RoleName, PolicyName }, again)),
    ),
    ...(attached ?? []).map(({ PolicyArn }) =>
      unlessGone(clients.send(context, "iam", "DetachRolePolicy", { RoleName, PolicyArn }, again)),
    ),
  ]);
  await removePatiently(context, `the role ${RoleName}`, ["DeleteConflict", "DeleteConflictException"], () =>
    clients.send(context, "iam", "DeleteRole", { RoleName }, again),
  );
}

/** Removes an instance profile, and the role from it. */
export async function removeProfile(
  clients: Clients,
  context: Context,
  InstanceProfileName: string,
): Promise<void> {
  const found = await unlessGone(clients.send(context, "iam", "GetInstanceProfile", { InstanceProfileName }));
  for (const { RoleName } of found?.InstanceProfile?.Roles ?? []) {
    const input = { InstanceProfileName, RoleName };
    await unlessGone(clients.send(context, "iam", "RemoveRoleFromInstanceProfile", input, again));
  }
  await removePatiently(context, `the instance profile ${InstanceProfileName}`, ["DeleteConflict"], () =>
    clients.send(context, "iam", "DeleteInstanceProfile", { InstanceProfileName }, again),
  );
}

/** Removes a security group: its own rules first, because two groups that name each other hold each other. */
export async function removeSecurityGroup(
  clients: Clients,
  context: Context,
  GroupId: string,
): Promise<void> {
  const rules = await unlessGone(
    clients.all(
      context,
      "ec2",
      "DescribeSecurityGroupRules",
      { Filters: [{ Name: "group-id", Values: [GroupId] }] },
      (page) => page.SecurityGroupRules,
    ),
  );
  const ingress = (rules ?? []).flatMap((one) =>
    one.IsEgress === false && one.SecurityGroupRuleId !== undefined ? [one.SecurityGroupRuleId] : [],
  );
  if (ingress.length > 0) {
    const input = { GroupId, SecurityGroupRuleIds: ingress };
    await unlessGone(clients.send(context, "ec2", "RevokeSecurityGroupIngress", input, again));
  }
  await removePatiently(
    context,
    `the security group ${GroupId}`,
    ["DependencyViolation", "InvalidGroup.InUse", "ResourceInUse"],
    () => clients.send(context, "ec2", "DeleteSecurityGroup", { GroupId }, again),
  );
}

/** Removes a cluster: instances that are still registered first. */
export async function removeCluster(clients: Clients, context: Context, name: string): Promise<void> {
  if ((await describeCluster(clients, context, name)) === undefined) return;
  const instances = await listContainerInstances({ clients }, context, name);
  await Promise.all(
    instances.map(({ arn }) => {
      const input = { cluster: name, containerInstance: arn, force: true };
      return unlessGone(clients.send(context, "ecs", "DeregisterContainerInstance", input, again)).catch(
        (error: unknown) => {
          // It has left by itself meanwhile.
          if (!isAwsError(error, "InvalidParameterException")) throw error;
        },
      );
    }),
  );
  await removePatiently(
    context,
    `the cluster ${name}`,
    [
      "ClusterContainsTasksException",
      "ClusterContainsServicesException",
      "ClusterContainsContainerInstancesException",
      "ClusterContainsCapacityProviderException",
      "UpdateInProgressException",
      "ResourceInUseException",
    ],
    () => clients.send(context, "ecs", "DeleteCluster", { cluster: name }, again),
  );
}

/**
 * Removes a capacity provider: off the cluster first. One that is attached answers with success, and fails later
 * (terraform-provider-aws#48156), hence the look afterwards.
 */
export async function removeCapacityProvider(
  clients: Clients,
  context: Context,
  cluster: string,
  name: string,
): Promise<void> {
  await removePatiently(
    context,
    `the capacity provider ${name}`,
    ["UpdateInProgressException", "ResourceInUseException", "CapacityProviderStillAttached"],
    async () => {
      const found = await describeCluster(clients, context, cluster);
      const left = (found?.capacityProviders ?? []).filter((one) => one !== name);
      if (found !== undefined && left.length !== (found.capacityProviders ?? []).length) {
        const input = { cluster, capacityProviders: left, defaultCapacityProviderStrategy: [] };
        await clients.send(context, "ecs", "PutClusterCapacityProviders", input, again);
      }
      const present = await describeCapacityProvider(clients, context, name);
      if (present === undefined) return;
      if (present.observed.updateStatus !== "DELETE_IN_PROGRESS") {
        await clients.send(context, "ecs", "DeleteCapacityProvider", { capacityProvider: name }, again);
      }
      const after = await describeCapacityProvider(clients, context, name);
      if (after !== undefined) throw stillThere(`the capacity provider ${name}`);
    },
  );
}

function stillThere(what: string): DeployError {
  return new DeployError({
    code: "servers.still-there",
    message: `${what} is still being deleted.`,
    hint: "Run the same again in a minute.",
    details: { awsCode: "CapacityProviderStillAttached" },
  });
}

/** Removes an Auto Scaling group with its instances, and waits until they are gone. */
export async function removeScalingGroup(clients: Clients, context: Context, name: string): Promise<void> {
  await removePatiently(
    context,
    `the Auto Scaling group ${name}`,
    ["ScalingActivityInProgress", "ScalingActivityInProgressFault", "ResourceInUse", "ResourceInUseFault"],
    async () => {
      const found = await describeScalingGroup(clients, context, name);
      if (found === undefined) return;
      if (!found.observed.deleting) {
        const input = { AutoScalingGroupName: name, ForceDelete: true };
        await clients
          .send(context, "autoscaling", "DeleteAutoScalingGroup", input, again)
          .catch((error: unknown) => {
            // "AutoScalingGroup name not found": there is no code of its own for it.
            if (!isAwsError(error, "ValidationError") || !/not found/i.test((error as Error).message))
              throw error;
          });
      }
      if ((await describeScalingGroup(clients, context, name)) === undefined) return;
      throw new DeployError({
        code: "servers.still-there",
        message: `The Auto Scaling group ${name} is still being deleted.`,
        hint: "Run the same again in a minute.",
        details: { awsCode: "ResourceInUse" },
      });
    },
  );
}

/** Terminates an instance and waits until it is gone: its security group and its volume are free only then. */
export async function removeInstance(clients: Clients, context: Context, instanceId: string): Promise<void> {
  await unlessGone(clients.send(context, "ec2", "TerminateInstances", { InstanceIds: [instanceId] }, again));
  const deadline = context.clock.now() + patienceMs;
  for (;;) {
    const [state] = await getInstanceStates(clients, context, [instanceId]);
    if (state === undefined || state === "terminated") return;
    if (context.clock.now() >= deadline) {
      throw new DeployError({
        code: "servers.still-there",
        message: `The instance ${instanceId} is still ${state}.`,
        hint: "Look at it in the EC2 console, and run the same again.",
      });
    }
    await context.clock.sleep(pauseMs, context.signal);
  }
}
