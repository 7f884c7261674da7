import type { Output } from "../clients/modules.js";
import { readTaskDefinitionArn } from "./families.js";
import type { TaskNetwork } from "./run-task.js";
import { placementText } from "./service-settings.js";

/** What a schedule should be. */
export interface DesiredSchedule {
  readonly expression: string;
  readonly timeZone: string;
  readonly release: number;
  readonly role: string;
  readonly cluster: string;
  readonly placement: string;
  readonly network?: TaskNetwork;
}

/** A schedule as it is. */
export interface ObservedSchedule extends Partial<DesiredSchedule> {
  readonly name: string;
  readonly enabled: boolean;
}

/** A schedule as EventBridge Scheduler describes it, in our terms. */
export function observedOf(found: Output<"scheduler", "GetSchedule">): ObservedSchedule {
  const target = found.Target;
  const parameters = target?.EcsParameters;
  const network = parameters?.NetworkConfiguration?.awsvpcConfiguration;
  const release = releaseIn(found.Description, parameters?.TaskDefinitionArn);
  const strategy = parameters?.CapacityProviderStrategy;
  return {
    name: found.Name ?? "",
    enabled: found.State !== "DISABLED",
    ...(found.ScheduleExpression === undefined ? {} : { expression: found.ScheduleExpression }),
    timeZone: found.ScheduleExpressionTimezone ?? "UTC",
    ...(release === undefined ? {} : { release }),
    ...(target?.RoleArn === undefined ? {} : { role: target.RoleArn }),
    ...(target?.Arn === undefined ? {} : { cluster: target.Arn }),
    placement: placementText(
      strategy !== undefined && strategy.length > 0
        ? { capacityProviderStrategy: strategy }
        : { launchType: parameters?.LaunchType },
    ),
    ...(network === undefined
      ? {}
      : {
          network: {
            subnets: network.Subnets ?? [],
            securityGroups: network.SecurityGroups ?? [],
            publicAddress: network.AssignPublicIp === "ENABLED",
          },
        }),
  };
}

/** The release and the revision, for the description: what was changed by hand does not fit it any more. */
export function describeRelease(release: number, taskDefinition: string): string {
  return `release ${release}, revision ${readTaskDefinitionArn(taskDefinition)?.revision ?? "?"}`;
}

function releaseIn(description: string | undefined, taskDefinition: string | undefined): number | undefined {
  const found = /^release (\d+), revision (\d+)$/.exec(description ?? "");
  if (found === null || taskDefinition === undefined) return undefined;
  const { revision } = readTaskDefinitionArn(taskDefinition) ?? {};
  return Number(found[2]) === revision ? Number(found[1]) : undefined;
}
