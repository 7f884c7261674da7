import {
  type AnyResource,
  type Context,
  type FieldChange,
  type Foreign,
  type In,
  output,
  type ResolvedJob,
  type Resource,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import type { Input, Output } from "../clients/modules.js";
import { isAwsError, unlessGone } from "../errors.js";
import { appName, boundedName, idOf, shortHash } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource, readOnce } from "../resources.js";
import { eventually } from "../servers/eventually.js";
import type { Foundation, RoleObserved } from "../servers/foundation.js";
import { partitionOf } from "../servers/role-policies.js";
import { role } from "../servers/roles.js";
import { appTags, ifOurs, readTags, type Tags, upperTags } from "../tags.js";
import { familyOf, stableText } from "./families.js";
import { awsvpcOf, type TaskNetwork } from "./run-task.js";
import { type DesiredSchedule, describeRelease, type ObservedSchedule, observedOf } from "./schedule.js";
import { scheduleExpression } from "./schedule-expression.js";
import { placementText } from "./service-settings.js";

type ScheduleInput = Input<"scheduler", "CreateSchedule">;

/** What the nodes of all jobs are made from. */
export interface JobsOptions {
  readonly scope: Scope;
  readonly foundation: Foundation;
  readonly jobs: readonly ResolvedJob[];
  readonly release: In<number>;
  readonly network: In<TaskNetwork> | undefined;
  readonly after: readonly AnyResource[];
  readonly taskDefinition: (context: Context, job: ResolvedJob, release: number) => Promise<string>;
}

/** The schedule group of a scope: schedules carry no tags, their group does. */
export function scheduleGroupName(scope: Scope): string {
  return appName(scope, 64);
}

/** The name of a job's schedule inside its group. */
function scheduleName(job: string): string {
  return boundedName(64, ...job.split("-"));
}

/** Jobs as schedules of EventBridge that start tasks; none without jobs. */
export function jobNodes(parts: Parts, options: JobsOptions): readonly AnyResource[] {
  if (options.jobs.length === 0) return [];
  const group = groupNode(parts, options.scope);
  const starter = starterRole(parts, options.scope, options.foundation);
  const schedules = options.jobs.map((job) =>
    scheduleNode(parts, options, job, starter, group as AnyResource),
  );
  return [group, starter, ...schedules] as readonly AnyResource[];
}

/** The group of a scope's schedules. */
export interface ScheduleGroupObserved {
  readonly arn: string;
}

/** The schedule group of a scope, whoever made it; asked once per plan. */
export function findScheduleGroup(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<(ScheduleGroupObserved & { readonly tags: Tags }) | undefined> {
  const Name = scheduleGroupName(scope);
  return readOnce(parts.settings, context, `schedule group ${Name}`, async () => {
    const found = await unlessGone(parts.clients.send(context, "scheduler", "GetScheduleGroup", { Name }));
    if (found?.Arn === undefined || found.State === "DELETING") return undefined;
    const { Tags: tags } = await parts.clients.send(context, "scheduler", "ListTagsForResource", {
      ResourceArn: found.Arn,
    });
    return { arn: found.Arn, tags: readTags(tags) };
  });
}

function groupNode(parts: Parts, scope: Scope): Resource<Record<string, never>, ScheduleGroupObserved> {
  const Name = scheduleGroupName(scope);
  const read = async (
    context: Context,
  ): Promise<ScheduleGroupObserved | Foreign<ScheduleGroupObserved> | undefined> => {
    const found = await findScheduleGroup(parts, context, scope);
    if (found === undefined) return undefined;
    return ifOurs("app", parts.settings, scope, found.tags, `the schedule group ${Name}`, { arn: found.arn });
  };
  return ecsResource<Record<string, never>, ScheduleGroupObserved>("containers", {
    id: idOf(parts.settings, "containers", scope, "schedules"),
    label: "schedule group",
    desired: {},
    diff: () => [],
    read,
    async create(context) {
      const input: Input<"scheduler", "CreateScheduleGroup"> = {
        Name,
        ClientToken: shortHash(`group ${Name}`, 32),
        Tags: upperTags(appTags(parts.settings, scope)),
      };
      // One that is being deleted goes within minutes.
      const { ScheduleGroupArn } = await eventually(context, ["ConflictException"], () =>
        parts.clients.send(context, "scheduler", "CreateScheduleGroup", input, { repeatable: true }),
      );
      return { arn: ScheduleGroupArn ?? "" };
    },
  });
}

/** The role by which EventBridge starts this app's jobs, and nothing else. */
function starterRole(parts: Parts, scope: Scope, foundation: Foundation): Resource<unknown, RoleObserved> {
  const { settings } = parts;
  const partition = partitionOf(settings.region);
  const roleArn = (purpose: string): string =>
    `arn:${partition}:iam::*:role/${appName(scope, 64, settings.region, purpose)}`;
  return role(parts.clients, settings, scope, {
    id: idOf(settings, "servers", scope, "role", "scheduler"),
    label: "role that starts the jobs",
    name: appName(scope, 64, settings.region, "scheduler"),
    owner: "app",
    tags: appTags(settings, scope),
    service: "scheduler.amazonaws.com",
    policy: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["ecs:RunTask", "ecs:TagResource"],
          Resource: [
            `arn:${partition}:ecs:${settings.region}:*:task-definition/${familyOf(scope, "job")}_*`,
            `arn:${partition}:ecs:${settings.region}:*:task/${foundation.clusterName}/*`,
          ],
        },
        {
          Effect: "Allow",
          Action: ["iam:PassRole"],
          Resource: [roleArn("execution"), roleArn("task")],
          Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
        },
      ],
    },
    attached: [],
  }) as Resource<unknown, RoleObserved>;
}

function scheduleNode(
  parts: Parts,
  options: JobsOptions,
  job: ResolvedJob,
  starter: Resource<unknown, RoleObserved>,
  group: AnyResource,
): Resource<DesiredSchedule, ObservedSchedule> {
  const { scope, foundation } = options;
  const GroupName = scheduleGroupName(scope);
  const Name = scheduleName(job.name);

  const inputOf = async (context: Context, desired: DesiredSchedule): Promise<ScheduleInput> => {
    const taskDefinition = await options.taskDefinition(context, job, desired.release);
    const network = awsvpcOf(desired.network).networkConfiguration?.awsvpcConfiguration;
    const placement = JSON.parse(desired.placement) as {
      readonly launchType?: "EC2";
      readonly capacityProviderStrategy?: { capacityProvider: string; weight: number; base: number }[];
    };
    return {
      Name,
      GroupName,
      Description: describeRelease(desired.release, taskDefinition),
      ScheduleExpression: desired.expression,
      ScheduleExpressionTimezone: desired.timeZone,
      FlexibleTimeWindow: { Mode: "OFF" },
      State: "ENABLED",
      Target: {
        Arn: desired.cluster,
        RoleArn: desired.role,
        // What could not be started within the hour is not started late.
        RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 5 },
        EcsParameters: {
          TaskDefinitionArn: taskDefinition,
          TaskCount: 1,
          EnableECSManagedTags: true,
          PropagateTags: "TASK_DEFINITION",
          ...(placement.launchType === undefined ? {} : { LaunchType: placement.launchType }),
          ...(placement.capacityProviderStrategy === undefined
            ? {}
            : { CapacityProviderStrategy: placement.capacityProviderStrategy }),
          ...(network === undefined
            ? {}
            : {
                NetworkConfiguration: {
                  awsvpcConfiguration: {
                    Subnets: network.subnets,
                    SecurityGroups: network.securityGroups,
                    AssignPublicIp: network.assignPublicIp,
                  },
                },
              }),
        },
      },
    };
  };
  const put = async (
    context: Context,
    desired: DesiredSchedule,
    action: "CreateSchedule" | "UpdateSchedule",
  ): Promise<ObservedSchedule> => {
    const input = await inputOf(context, desired);
    const token = shortHash(stableText([action, input]), 32);
    // A new role is not known to EventBridge at once, which says so by ValidationException.
    await eventually(context, ["ValidationException"], () =>
      parts.clients.send(
        context,
        "scheduler",
        action,
        { ...input, ClientToken: token },
        { repeatable: true },
      ),
    ).catch(async (error: unknown) => {
      if (action === "UpdateSchedule" || !isAwsError(error, "ConflictException")) throw error;
      await parts.clients.send(context, "scheduler", "UpdateSchedule", input, { repeatable: true });
    });
    return { ...desired, name: Name, enabled: true };
  };

  return ecsResource<DesiredSchedule, ObservedSchedule>("containers", {
    id: idOf(parts.settings, "containers", scope, "job", job.name),
    label: `job ${job.name}`,
    verb: "schedule",
    desired: {
      expression: scheduleExpression(job.schedule),
      timeZone: job.timeZone,
      release: options.release,
      role: output(starter, ({ arn }) => arn),
      cluster: output(foundation.cluster, ({ arn }) => arn),
      placement: placementText(foundation.placement),
      ...(options.network === undefined ? {} : { network: options.network }),
    } as Resource<DesiredSchedule, ObservedSchedule>["desired"],
    after: [group, ...options.after],
    async read(context) {
      const found = await readSchedule(parts, context, scope, job.name);
      return found === undefined ? undefined : observedOf(found);
    },
    diff(desired, observed) {
      if (desired === UNKNOWN) return [];
      const changes: FieldChange[] = [];
      if (!observed.enabled) changes.push({ path: "state", from: "disabled", to: "enabled" });
      for (const [path, to] of Object.entries(desired)) {
        const from: unknown = Reflect.get(observed, path);
        if (hasUnknown(to)) changes.push({ path, ...(from === undefined ? {} : { from }), unknown: true });
        else if (stableText(from) !== stableText(to))
          changes.push({ path, ...(from === undefined ? {} : { from }), to });
      }
      return changes;
    },
    create: (context, desired) => put(context, desired, "CreateSchedule"),
    update: (context, desired) => put(context, desired, "UpdateSchedule"),
  });
}

/** A schedule by its job's name; undefined when there is none. */
export function readSchedule(
  parts: Parts,
  context: Context,
  scope: Scope,
  job: string,
): Promise<Output<"scheduler", "GetSchedule"> | undefined> {
  const input = { GroupName: scheduleGroupName(scope), Name: scheduleName(job) };
  return readOnce(parts.settings, context, `schedule ${input.GroupName} ${input.Name}`, () =>
    unlessGone(parts.clients.send(context, "scheduler", "GetSchedule", input)),
  );
}

function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}
