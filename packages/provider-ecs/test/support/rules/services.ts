import {
  atMost,
  between,
  docs,
  type Input,
  list,
  type Memory,
  type Rule,
  record,
  text,
  texts,
  when,
} from "./rule.js";

const api = docs.ecsApi;
const creating = ["ecs:CreateService"] as const;
const services = ["ecs:CreateService", "ecs:UpdateService"] as const;
const starting = ["ecs:CreateService", "ecs:UpdateService", "ecs:RunTask"] as const;
const name = /^[A-Za-z0-9_-]{1,255}$/;
const printable = /^[!-~]*$/;

function taskDefinitionOf({ taskDefinition }: Input, { taskDefinitions }: Memory): Input | undefined {
  const family = text(taskDefinition).split("/").at(-1)?.split(":")[0] ?? "";
  return taskDefinitions.get(family);
}

function vpcOf(input: Input): Input | undefined {
  const { awsvpcConfiguration } = record(input.networkConfiguration);
  return awsvpcConfiguration === undefined ? undefined : record(awsvpcConfiguration);
}

function tagRules(): readonly Rule[] {
  const on = [
    "ecs:CreateCluster",
    "ecs:CreateService",
    "ecs:RegisterTaskDefinition",
    "ecs:RunTask",
    "ecs:CreateCapacityProvider",
    "ecs:TagResource",
  ];
  return [
    {
      rule: "tags",
      on,
      source: api("Tag"),
      check: ({ tags }) => [
        ...atMost(tags, 50, "tags"),
        ...list(tags).flatMap(({ key, value }) => [
          ...when(text(key).length === 0 || text(key).length > 128, "a tag's key has 1 to 128 characters"),
          ...when(text(value).length > 256, `the value of the tag ${key} has more than 256 characters`),
          ...when(/^aws:/i.test(text(key)), `the tag ${key} begins with aws:`),
          ...when(
            !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(`${key}${value}`),
            `the tag ${key} has other characters`,
          ),
        ]),
      ],
    },
  ];
}

function limit(operation: string, member: string, largest: number): Rule {
  return {
    rule: `at most ${largest} ${member}`,
    on: [`ecs:${operation}`],
    source: api(operation),
    check: (input) => atMost(input[member], largest, member),
  };
}

/** Rules of clusters, services and tasks. */
export const serviceRules: readonly Rule[] = [
  ...tagRules(),
  limit("DescribeServices", "services", 10),
  limit("DescribeTasks", "tasks", 100),
  limit("DescribeClusters", "clusters", 100),
  limit("DescribeContainerInstances", "containerInstances", 100),
  limit("DeleteTaskDefinitions", "taskDefinitions", 10),
  {
    rule: "names",
    on: ["ecs:CreateCluster", "ecs:CreateService"],
    source: api("CreateService"),
    check: ({ clusterName, serviceName }) => [
      ...when(
        clusterName !== undefined && !name.test(text(clusterName)),
        `${clusterName} is no name of a cluster`,
      ),
      ...when(
        serviceName !== undefined && !name.test(text(serviceName)),
        `${serviceName} is no name of a service`,
      ),
    ],
  },
  {
    rule: "names of capacity providers",
    on: ["ecs:CreateCapacityProvider"],
    source: api("CreateCapacityProvider"),
    check: (input) => [
      ...when(!name.test(text(input.name)), `${input.name} is no name`),
      ...when(/^(?:aws|ecs|fargate)/.test(text(input.name)), `${input.name} begins with aws, ecs or fargate`),
    ],
  },
  {
    rule: "network of the task",
    on: starting,
    source: api("CreateService"),
    check(input, memory) {
      const definition = taskDefinitionOf(input, memory);
      if (definition === undefined) return [];
      const isOwn = definition.networkMode === "awsvpc";
      // An update keeps what it does not name.
      const isUpdate = input.service !== undefined;
      return [
        ...when(
          isOwn && vpcOf(input) === undefined && !isUpdate,
          "a task with awsvpc needs a networkConfiguration",
        ),
        ...when(!isOwn && vpcOf(input) !== undefined, "a networkConfiguration is for tasks with awsvpc only"),
      ];
    },
  },
  {
    rule: "subnets and security groups",
    on: starting,
    source: api("AwsVpcConfiguration"),
    check(input) {
      const vpc = vpcOf(input);
      if (vpc === undefined) return [];
      return [
        ...when(texts(vpc.subnets).length === 0, "no subnet"),
        ...atMost(vpc.subnets, 16, "subnets"),
        ...atMost(vpc.securityGroups, 5, "security groups"),
      ];
    },
  },
  {
    rule: "public addresses",
    on: ["ecs:CreateService", "ecs:RunTask"],
    source: docs.ecsGuide("task-networking-awsvpc"),
    check: (input, memory) =>
      when(
        vpcOf(input)?.assignPublicIp === "ENABLED" &&
          (input.launchType === "EC2" ||
            texts(taskDefinitionOf(input, memory)?.requiresCompatibilities).join() === "EC2"),
        "only tasks on Fargate get a public address",
      ),
  },
  {
    rule: "one way to choose capacity",
    on: starting,
    source: api("CreateService"),
    check: ({ launchType, capacityProviderStrategy }) =>
      when(
        launchType !== undefined && list(capacityProviderStrategy).length > 0,
        "a launchType and a capacityProviderStrategy",
      ),
  },
  {
    rule: "capacity provider strategy",
    on: [...starting, "ecs:CreateCluster", "ecs:PutClusterCapacityProviders"],
    source: api("CapacityProviderStrategyItem"),
    check({ capacityProviderStrategy, defaultCapacityProviderStrategy }) {
      const items = list(capacityProviderStrategy ?? defaultCapacityProviderStrategy);
      return [
        ...atMost(items, 20, "capacity providers"),
        ...when(items.filter(({ base }) => Number(base ?? 0) > 0).length > 1, "two bases"),
        ...when(
          items.length > 0 && items.every(({ weight }) => Number(weight ?? 0) === 0),
          "no weight above 0",
        ),
      ];
    },
  },
  {
    rule: "desired count",
    on: creating,
    source: api("CreateService"),
    check: ({ desiredCount, schedulingStrategy }) => [
      ...when(schedulingStrategy !== "DAEMON" && desiredCount === undefined, "desiredCount is missing"),
      ...when(typeof desiredCount === "number" && desiredCount < 0, "desiredCount below 0"),
    ],
  },
  {
    rule: "daemons run on instances",
    on: creating,
    source: docs.ecsGuide("service-options"),
    check: (input, memory) =>
      when(
        input.schedulingStrategy === "DAEMON" &&
          (input.launchType === "FARGATE" ||
            texts(taskDefinitionOf(input, memory)?.requiresCompatibilities).includes("FARGATE")),
        "Fargate has no daemons",
      ),
  },
  {
    rule: "daemons replace in place",
    on: creating,
    source: api("DeploymentConfiguration"),
    check: ({ schedulingStrategy, deploymentConfiguration }) => {
      const { maximumPercent } = record(deploymentConfiguration);
      return when(
        schedulingStrategy === "DAEMON" && maximumPercent !== undefined && maximumPercent !== 100,
        `maximumPercent of a daemon is ${maximumPercent}, not 100`,
      );
    },
  },
  {
    rule: "room to deploy",
    on: services,
    source: docs.ecsGuide("deployment-type-ecs"),
    check({ deploymentConfiguration, schedulingStrategy }) {
      const { minimumHealthyPercent = 100, maximumPercent = 200 } = record(deploymentConfiguration);
      return when(
        schedulingStrategy !== "DAEMON" &&
          Number(maximumPercent) <= 100 &&
          Number(minimumHealthyPercent) >= 100,
        "minimumHealthyPercent 100 with maximumPercent 100 can neither stop nor start a task",
      );
    },
  },
  {
    rule: "idempotency tokens",
    on: ["ecs:CreateService", "ecs:RunTask"],
    source: api("CreateService"),
    check({ clientToken, serviceName }) {
      const token = text(clientToken);
      const largest = serviceName === undefined ? 64 : 36;
      return [
        ...when(token.length > largest, `clientToken has more than ${largest} characters`),
        ...when(!printable.test(token), "clientToken has characters outside 33 to 126"),
      ];
    },
  },
  {
    rule: "one-off tasks",
    on: ["ecs:RunTask"],
    source: api("RunTask"),
    check: ({ count, startedBy }) => [
      ...between(count, 1, 10, "count"),
      ...when(!/^[\w/-]{0,128}$/.test(text(startedBy)), "startedBy has other characters or more than 128"),
    ],
  },
  {
    rule: "overrides name a container",
    on: ["ecs:RunTask"],
    source: api("ContainerOverride"),
    check(input, memory) {
      const known = list(taskDefinitionOf(input, memory)?.containerDefinitions).map((one) => one.name);
      return list(record(input.overrides).containerOverrides).flatMap((override) => [
        ...when(override.name === undefined, "an override without the name of a container"),
        ...when(known.length > 0 && !known.includes(override.name), `there is no container ${override.name}`),
      ]);
    },
  },
  {
    rule: "overrides fit",
    on: ["ecs:RunTask"],
    source: api("TaskOverride"),
    check: ({ overrides }) =>
      when(JSON.stringify(overrides ?? {}).length > 8192, "overrides of more than 8192 characters"),
  },
  {
    rule: "load balancers of a service",
    on: services,
    source: api("LoadBalancer"),
    check(input, memory) {
      const definition = taskDefinitionOf(input, memory);
      return list(input.loadBalancers).flatMap((one) => {
        const { containerName, containerPort, targetGroupArn } = one;
        const container = list(definition?.containerDefinitions).find(
          (other) => other.name === containerName,
        );
        const ports = list(container?.portMappings).map((mapping) => mapping.containerPort);
        const group = memory.targetGroups.get(text(targetGroupArn).split("/")[1] ?? "");
        const isOwn = definition?.networkMode === "awsvpc";
        return [
          ...when(
            containerName === undefined || containerPort === undefined,
            "no container or port for a target group",
          ),
          ...when(
            definition !== undefined && container === undefined,
            `there is no container ${containerName}`,
          ),
          ...when(
            container !== undefined && !ports.includes(containerPort),
            `container ${containerName} has no port ${containerPort}`,
          ),
          ...when(
            isOwn && group !== undefined && group.TargetType !== "ip",
            "tasks with awsvpc need a target group of addresses",
          ),
          ...when(
            definition !== undefined && !isOwn && group?.TargetType === "ip",
            "tasks without awsvpc need a target group of instances",
          ),
        ];
      });
    },
  },
  {
    rule: "at most five target groups",
    on: services,
    source: docs.ecsGuide("service-quotas"),
    check: ({ loadBalancers }) => atMost(loadBalancers, 5, "load balancers"),
  },
  {
    rule: "service registries",
    on: services,
    source: api("ServiceRegistry"),
    check(input, memory) {
      const definition = taskDefinitionOf(input, memory);
      return [
        ...atMost(input.serviceRegistries, 1, "service registries"),
        ...list(input.serviceRegistries).flatMap(({ port, containerPort, containerName }) => [
          ...when(
            port !== undefined && containerPort !== undefined,
            "a registry with port and containerPort",
          ),
          ...when(
            definition !== undefined &&
              definition.networkMode !== "awsvpc" &&
              (containerName === undefined || containerPort === undefined),
            "with bridge or host networking a registry needs containerName and containerPort",
          ),
        ]),
      ];
    },
  },
  {
    rule: "service connect",
    on: services,
    source: api("ServiceConnectService"),
    check(input, memory) {
      const { enabled, services: offered } = record(input.serviceConnectConfiguration);
      if (enabled !== true) return [];
      const definition = taskDefinitionOf(input, memory);
      const ports = list(definition?.containerDefinitions).flatMap(({ portMappings }) =>
        list(portMappings).map((mapping) => mapping.name),
      );
      return [
        ...list(offered).flatMap(({ portName, discoveryName, clientAliases }) => [
          ...when(definition !== undefined && !ports.includes(portName), `no port is named ${portName}`),
          ...when(
            discoveryName !== undefined && !/^[a-z0-9_][a-z0-9_-]{0,63}$/.test(text(discoveryName)),
            `${discoveryName} is no name of a service`,
          ),
          ...list(clientAliases).flatMap(({ port }) => between(port, 1, 65535, "port of an alias")),
        ]),
        ...when(
          definition !== undefined &&
            definition.networkMode !== "awsvpc" &&
            definition.networkMode !== "bridge",
          "Service Connect needs awsvpc or bridge",
        ),
      ];
    },
  },
  {
    rule: "exec needs a role",
    on: ["ecs:CreateService", "ecs:RunTask"],
    source: docs.ecsGuide("ecs-exec"),
    check: (input, memory) => {
      const definition = taskDefinitionOf(input, memory);
      return when(
        input.enableExecuteCommand === true &&
          definition !== undefined &&
          definition.taskRoleArn === undefined,
        "enableExecuteCommand without a taskRoleArn",
      );
    },
  },
  {
    rule: "exec is interactive",
    on: ["ecs:ExecuteCommand"],
    source: api("ExecuteCommand"),
    check: ({ interactive }) => when(interactive !== true, "interactive must be true"),
  },
  {
    rule: "circuit breaker",
    on: services,
    source: api("DeploymentCircuitBreaker"),
    check({ deploymentConfiguration }) {
      const { deploymentCircuitBreaker, strategy } = record(deploymentConfiguration);
      return when(
        record(deploymentCircuitBreaker).enable === true && strategy !== undefined && strategy !== "ROLLING",
        `a circuit breaker with the strategy ${strategy}`,
      );
    },
  },
];
