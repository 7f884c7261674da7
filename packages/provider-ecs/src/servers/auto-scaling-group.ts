import type { Context, Foreign, In, Resource, Scope } from "@deploy/core";
import type { Clients } from "../clients.js";
import { isAwsError } from "../errors.js";
import { groupIdOf, groupName } from "../names.js";
import type { Ec2Capacity, Settings } from "../options.js";
import { alone, ecsResource, madeByUs } from "../resources.js";
import { groupTags, ifOurs, readTags, type Tags } from "../tags.js";
import { eventually } from "./eventually.js";
import type { AutoScalingGroupObserved } from "./foundation.js";

interface Desired {
  readonly min: number;
  readonly max: number;
  readonly subnetIds: readonly string[];
  readonly launchTemplate: string;
  readonly protectedFromScaleIn: boolean;
}

/** The group's name, which its capacity provider has too. */
export function scalingGroupName(settings: Settings, scope: Scope, instanceType: string): string {
  return groupName(settings, scope, 255, "ec2", instanceType.replace(".", "-"));
}

/**
 * The instances of `ec2()`. Their number stays as it is, unless there is a `max`: then ECS decides on it between the two,
 * and instances that run tasks are protected.
 */
export function scalingGroupOf(
  clients: Clients,
  settings: Settings,
  scope: Scope,
  capacity: Ec2Capacity,
  spec: {
    readonly subnetIds: In<readonly string[]>;
    readonly launchTemplate: string;
    readonly after: Resource["after"];
  },
): Resource<Desired, AutoScalingGroupObserved> {
  const name = scalingGroupName(settings, scope, capacity.instanceType);
  const label = `instances (${capacity.count} of ${capacity.instanceType})`;
  const read = async (
    context: Context,
  ): Promise<AutoScalingGroupObserved | Foreign<AutoScalingGroupObserved> | undefined> => {
    const found = await describeScalingGroup(clients, context, name);
    if (found === undefined) return undefined;
    return ifOurs("group", settings, scope, found.tags, `the Auto Scaling group ${name}`, found.observed);
  };
  return ecsResource<Desired, AutoScalingGroupObserved>("servers", {
    id: groupIdOf(settings, "servers", scope, "scaling-group", name),
    label,
    desired: {
      min: capacity.count,
      max: capacity.max,
      subnetIds: spec.subnetIds,
      launchTemplate: spec.launchTemplate,
      protectedFromScaleIn: capacity.max > capacity.count,
    },
    ...(spec.after === undefined ? {} : { after: spec.after }),
    read,
    pending: (observed) => (observed.deleting ? "an earlier group of this name is being deleted" : undefined),
    create: async (context, desired) => {
      await eventually(
        context,
        ["ValidationError"],
        () =>
          clients
            .send(
              context,
              "autoscaling",
              "CreateAutoScalingGroup",
              {
                ...inputOf(name, desired),
                DesiredCapacity: desired.min,
                Tags: Object.entries({ ...groupTags(settings, scope), AmazonECSManaged: "true" }).map(
                  ([Key, Value]) => ({
                    Key,
                    Value,
                    PropagateAtLaunch: true,
                    ResourceId: name,
                    ResourceType: "auto-scaling-group",
                  }),
                ),
              },
              { repeatable: true },
            )
            .catch((error: unknown) => {
              if (!isAwsError(error, "AlreadyExists", "AlreadyExistsFault")) throw error;
            }),
        // "Invalid IamInstanceProfile": it was made a moment ago.
        (error) => /instance ?profile|launch template/i.test(String((error as Error).message)),
      );
      return madeByUs(await read(alone(context)), `the Auto Scaling group ${name}`);
    },
    update: async (context, desired, observed) => {
      await clients.send(
        context,
        "autoscaling",
        "UpdateAutoScalingGroup",
        {
          ...inputOf(name, desired),
          // Without a range of its own the number is the desired one; with one it is ECS that decides.
          ...(desired.min === desired.max ? { DesiredCapacity: desired.min } : {}),
        },
        { repeatable: true },
      );
      return { ...observed, ...desired };
    },
  });
}

function inputOf(AutoScalingGroupName: string, desired: Desired) {
  return {
    AutoScalingGroupName,
    MinSize: desired.min,
    MaxSize: desired.max,
    VPCZoneIdentifier: desired.subnetIds.join(","),
    LaunchTemplate: { LaunchTemplateName: desired.launchTemplate, Version: "$Latest" },
    NewInstancesProtectedFromScaleIn: desired.protectedFromScaleIn,
  };
}

/** A group of EC2 Auto Scaling by its name. */
export async function describeScalingGroup(
  clients: Clients,
  context: Context,
  name: string,
): Promise<{ readonly tags: Tags; readonly observed: AutoScalingGroupObserved } | undefined> {
  const answer = await clients.send(context, "autoscaling", "DescribeAutoScalingGroups", {
    AutoScalingGroupNames: [name],
  });
  const found = answer.AutoScalingGroups?.[0];
  if (found === undefined) return undefined;
  return {
    tags: readTags(found.Tags),
    observed: {
      arn: found.AutoScalingGroupARN ?? "",
      min: found.MinSize ?? 0,
      max: found.MaxSize ?? 0,
      subnetIds: (found.VPCZoneIdentifier ?? "").split(",").filter((id) => id !== ""),
      launchTemplate: found.LaunchTemplate?.LaunchTemplateName,
      protectedFromScaleIn: found.NewInstancesProtectedFromScaleIn === true,
      deleting: found.Status !== undefined,
    },
  };
}
