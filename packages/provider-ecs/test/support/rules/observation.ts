import { between, list, type Rule, record, text, texts, when } from "./rule.js";

const logs = (page: string): string =>
  `https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_${page}.html`;
const scheduler = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html";
const schedules = ["scheduler:CreateSchedule", "scheduler:UpdateSchedule"] as const;

/** The only numbers of days that a log group may keep its events. */
const retentions: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Rules of logs, schedules and names in the network. */
export const observationRules: readonly Rule[] = [
  {
    rule: "retention",
    on: ["logs:PutRetentionPolicy"],
    source: logs("PutRetentionPolicy"),
    check: ({ retentionInDays }) =>
      when(!retentions.includes(Number(retentionInDays)), `logs are not kept for ${retentionInDays} days`),
  },
  {
    rule: "name of a log group",
    on: ["logs:CreateLogGroup"],
    source: logs("CreateLogGroup"),
    check: ({ logGroupName }) => when(/^aws\//.test(text(logGroupName)), `${logGroupName} begins with aws/`),
  },
  {
    rule: "one way to choose streams",
    on: ["logs:FilterLogEvents"],
    source: logs("FilterLogEvents"),
    check: ({ logStreamNames, logStreamNamePrefix }) =>
      when(
        logStreamNames !== undefined && logStreamNamePrefix !== undefined,
        "logStreamNames and logStreamNamePrefix",
      ),
  },
  {
    rule: "one name of a log group",
    on: ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:DescribeLogStreams"],
    source: logs("FilterLogEvents"),
    check: ({ logGroupName, logGroupIdentifier }) =>
      when(
        (logGroupName === undefined) === (logGroupIdentifier === undefined),
        "either logGroupName or logGroupIdentifier",
      ),
  },
  {
    rule: "a span of time",
    on: ["logs:FilterLogEvents"],
    source: logs("FilterLogEvents"),
    check: ({ startTime, endTime }) =>
      when(
        startTime !== undefined && endTime !== undefined && Number(startTime) > Number(endTime),
        `from ${startTime} to ${endTime}`,
      ),
  },
  {
    rule: "streams by name or by time",
    on: ["logs:DescribeLogStreams"],
    source: logs("DescribeLogStreams"),
    check: ({ orderBy, logStreamNamePrefix }) =>
      when(orderBy === "LastEventTime" && logStreamNamePrefix !== undefined, "LastEventTime with a prefix"),
  },
  {
    rule: "schedule",
    on: schedules,
    source: scheduler,
    check({ ScheduleExpression }) {
      const expression = text(ScheduleExpression);
      const cron = /^cron\((.*)\)$/.exec(expression)?.[1]?.trim().split(/\s+/);
      if (cron === undefined) {
        const fits = /^(?:rate\([1-9]\d* (?:minute|hour|day)s?\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\))$/.test(
          expression,
        );
        return when(!fits, `${expression} is no schedule`);
      }
      const [, , dayOfMonth, , dayOfWeek] = cron;
      return [
        ...when(cron.length !== 6, `${expression} has ${cron.length} fields, not 6`),
        ...when(
          (dayOfMonth === "?") === (dayOfWeek === "?"),
          `${expression}: of day of month and day of week, one is ?`,
        ),
      ];
    },
  },
  {
    rule: "flexible window",
    on: schedules,
    source: "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_FlexibleTimeWindow.html",
    check({ FlexibleTimeWindow }) {
      const { Mode, MaximumWindowInMinutes } = record(FlexibleTimeWindow);
      return when(
        (Mode === "FLEXIBLE") !== (MaximumWindowInMinutes !== undefined),
        "MaximumWindowInMinutes belongs to FLEXIBLE, and only to it",
      );
    },
  },
  {
    rule: "tasks by schedule",
    on: schedules,
    source: "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html",
    check({ Target }) {
      const { EcsParameters, Arn } = record(Target);
      if (EcsParameters === undefined) return [];
      const { LaunchType, CapacityProviderStrategy, NetworkConfiguration, TaskCount } = record(EcsParameters);
      const vpc = record(record(NetworkConfiguration).awsvpcConfiguration);
      return [
        ...when(!/:cluster\//.test(text(Arn)), `a task's target is its cluster, not ${Arn}`),
        ...between(TaskCount, 1, 10, "TaskCount"),
        ...when(LaunchType === "FARGATE" && texts(vpc.Subnets).length === 0, "Fargate without subnets"),
        ...when(
          LaunchType !== undefined && list(CapacityProviderStrategy).length > 0,
          "LaunchType and CapacityProviderStrategy",
        ),
      ];
    },
  },
  {
    rule: "records of a discovered service",
    on: ["servicediscovery:CreateService"],
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsRecord.html",
    check({ DnsConfig, HealthCheckConfig, HealthCheckCustomConfig }) {
      const types = list(record(DnsConfig).DnsRecords)
        .map(({ Type }) => text(Type))
        .sort()
        .join();
      return [
        ...when(types !== "" && !["A", "AAAA", "A,AAAA", "SRV", "CNAME"].includes(types), `records ${types}`),
        ...when(
          HealthCheckConfig !== undefined && HealthCheckCustomConfig !== undefined,
          "two health checks",
        ),
        ...when(
          types === "CNAME" && record(DnsConfig).RoutingPolicy !== "WEIGHTED",
          "a CNAME needs the policy WEIGHTED",
        ),
      ];
    },
  },
];
