import {
  atMost,
  between,
  docs,
  type Input,
  list,
  type Rule,
  record,
  repeated,
  text,
  texts,
  when,
} from "./rule.js";

const on: readonly string[] = ["ecs:RegisterTaskDefinition"];
const api = docs.ecsApi;

/** What fits each number of CPU units on Fargate: MiB from, to, and in which steps. */
const fargateSizes: Readonly<Record<string, readonly [from: number, to: number, step: number]>> = {
  "256": [512, 2048, 1024],
  "512": [1024, 4096, 1024],
  "1024": [2048, 8192, 1024],
  "2048": [4096, 16384, 1024],
  "4096": [8192, 30720, 1024],
  "8192": [16384, 61440, 4096],
  "16384": [32768, 122880, 8192],
};

const nameOfAContainer = /^[A-Za-z0-9_-]{1,255}$/;

function containers(input: Input): readonly Input[] {
  return list(input.containerDefinitions);
}

function isFargate(input: Input): boolean {
  return texts(input.requiresCompatibilities).includes("FARGATE");
}

/** One line for each container about which something can be said. */
function each(input: Input, problemsOf: (container: Input) => readonly string[]): readonly string[] {
  return containers(input).flatMap((container) =>
    problemsOf(container).map((problem) => `container ${text(container.name)}: ${problem}`),
  );
}

/** One line for each container of a Fargate task about which something can be said. */
function eachOnFargate(input: Input, problemsOf: (container: Input) => readonly string[]): readonly string[] {
  return isFargate(input) ? each(input, problemsOf) : [];
}

function mebibytes(value: unknown): number {
  const [, number = "0", unit] = /^([\d.]+)\s*(gb)?$/i.exec(text(value)) ?? [];
  return Number(number) * (unit === undefined ? 1 : 1024);
}

function cpuUnits(value: unknown): number {
  const [, number = "0", unit] = /^([\d.]+)\s*(vcpu)?$/i.exec(text(value)) ?? [];
  return Number(number) * (unit === undefined ? 1 : 1024);
}

/** Rules of task definitions as such, and on Fargate. */
export const taskDefinitionRules: readonly Rule[] = [
  {
    rule: "fargate sizes",
    on,
    source: docs.ecsGuide("fargate-tasks-services"),
    check(input) {
      if (!isFargate(input)) return [];
      const size = fargateSizes[String(cpuUnits(input.cpu))];
      if (size === undefined) return [`Fargate has no size of ${input.cpu} CPU units`];
      const [from, to, step] = size;
      const memory = mebibytes(input.memory);
      const fits = memory >= from && memory <= to && (memory === from || memory % step === 0);
      return when(!fits, `Fargate has no ${input.memory} MiB with ${input.cpu} CPU units`);
    },
  },
  {
    rule: "fargate network",
    on,
    source: docs.ecsGuide("fargate-tasks-services"),
    check: (input) => when(isFargate(input) && input.networkMode !== "awsvpc", "a Fargate task needs awsvpc"),
  },
  {
    rule: "family",
    on,
    source: api("RegisterTaskDefinition"),
    check: (input) =>
      when(!nameOfAContainer.test(text(input.family)), `family ${text(input.family)} is no name`),
  },
  {
    rule: "image and name of a container",
    on,
    source: api("ContainerDefinition"),
    check: (input) => [
      ...each(input, ({ image }) => when(text(image) === "", "no image")),
      ...each(input, ({ name }) => when(!nameOfAContainer.test(text(name)), "its name is none")),
    ],
  },
  {
    rule: "image reference",
    on,
    source: api("ContainerDefinition"),
    check: (input) =>
      each(input, ({ image }) => {
        const [reference = "", digest] = text(image).split("@");
        return [
          ...when(reference.length > 255, "its image has more than 255 characters"),
          ...when(
            digest !== undefined && !/^sha256:[A-Fa-f0-9]{64}$/.test(digest),
            "its image's digest is none",
          ),
        ];
      }),
  },
  {
    rule: "containers have names of their own",
    on,
    source: api("ContainerDefinition"),
    check: (input) =>
      repeated(containers(input).map(({ name }) => name)).map((name) => `two containers ${name}`),
  },
  {
    rule: "at most 10 containers",
    on,
    source: docs.ecsGuide("service-quotas"),
    check: (input) => atMost(input.containerDefinitions, 10, "containers"),
  },
  {
    rule: "an essential container",
    on,
    source: api("ContainerDefinition"),
    check: (input) =>
      when(
        containers(input).every(({ essential }) => essential === false),
        "no container is essential",
      ),
  },
  {
    rule: "memory of a container",
    on,
    source: api("ContainerDefinition"),
    check: (input) =>
      each(input, ({ memory, memoryReservation }) => [
        ...when(
          input.memory === undefined && memory === undefined && memoryReservation === undefined,
          "neither it nor its task has memory",
        ),
        ...when(
          typeof memory === "number" && typeof memoryReservation === "number" && memory < memoryReservation,
          "memory is below memoryReservation",
        ),
        ...when(typeof memory === "number" && memory < 6, "less than 6 MiB of memory"),
      ]),
  },
  {
    rule: "containers fit into their task",
    on,
    source: api("ContainerDefinition"),
    check(input) {
      if (input.memory === undefined) return [];
      const sum = containers(input).reduce(
        (total, { memory, memoryReservation }) => total + Number(memoryReservation ?? memory ?? 0),
        0,
      );
      const cpu = containers(input).reduce((total, container) => total + Number(container.cpu ?? 0), 0);
      return [
        ...when(sum > mebibytes(input.memory), `containers reserve ${sum} MiB of ${input.memory}`),
        ...when(
          input.cpu !== undefined && cpu > cpuUnits(input.cpu),
          `containers reserve ${cpu} CPU units of ${input.cpu}`,
        ),
      ];
    },
  },
  {
    rule: "host ports",
    on,
    source: api("PortMapping"),
    check: (input) =>
      each(input, ({ portMappings }) =>
        list(portMappings).flatMap(({ hostPort, containerPort }) =>
          when(
            (input.networkMode === "awsvpc" || input.networkMode === "host") &&
              hostPort !== undefined &&
              hostPort !== containerPort,
            `host port ${hostPort} is not ${containerPort}`,
          ),
        ),
      ),
  },
  {
    rule: "port numbers",
    on,
    source: api("PortMapping"),
    check: (input) =>
      each(input, ({ portMappings }) =>
        list(portMappings).flatMap(({ hostPort, containerPort }) => [
          ...between(containerPort, 1, 65535, "containerPort"),
          ...between(hostPort, 0, 65535, "hostPort"),
          // The agent's own: 2375, 2376 and 51678 to 51680.
          ...when(
            [22, 2375, 2376, 51678, 51679, 51680].includes(Number(hostPort)) &&
              input.networkMode !== "awsvpc",
            `host port ${hostPort} is reserved`,
          ),
        ]),
      ),
  },
  {
    rule: "names of ports",
    on,
    source: api("PortMapping"),
    check(input) {
      const names = containers(input).flatMap(({ portMappings }) =>
        list(portMappings).map(({ name }) => name),
      );
      return [
        ...names
          .filter((name) => name !== undefined && !/^[a-z0-9_][a-z0-9_-]{0,63}$/.test(text(name)))
          .map((name) => `${name} is no name of a port`),
        ...repeated(names).map((name) => `two ports ${name}`),
      ];
    },
  },
  {
    rule: "health check",
    on,
    source: api("HealthCheck"),
    check: (input) =>
      each(input, ({ healthCheck }) => {
        if (healthCheck === undefined) return [];
        const { command, interval, timeout, retries, startPeriod } = record(healthCheck);
        const [first, ...rest] = texts(command);
        return [
          ...when(
            first !== "CMD" && first !== "CMD-SHELL",
            `a health check begins with CMD or CMD-SHELL, not ${first}`,
          ),
          ...when(rest.length === 0, "a health check without a command"),
          ...between(interval, 5, 300, "interval"),
          ...between(timeout, 2, 60, "timeout"),
          ...between(retries, 1, 10, "retries"),
          ...between(startPeriod, 0, 300, "startPeriod"),
        ];
      }),
  },
  {
    rule: "stop timeout",
    on,
    source: api("ContainerDefinition"),
    check: (input) => eachOnFargate(input, ({ stopTimeout }) => between(stopTimeout, 2, 120, "stopTimeout")),
  },
  {
    rule: "not on Fargate",
    on,
    source: docs.ecsGuide("fargate-tasks-services"),
    check: (input) => [
      ...eachOnFargate(input, (container) => [
        ...when(container.privileged === true, "privileged"),
        ...["links", "dockerSecurityOptions", "disableNetworking"]
          .filter((name) => container[name] !== undefined)
          .map((name) => `${name} is not for Fargate`),
      ]),
      ...when(
        isFargate(input) && list(input.placementConstraints).length > 0,
        "placementConstraints on Fargate",
      ),
    ],
  },
  {
    rule: "volumes of Fargate",
    on,
    source: docs.ecsGuide("using_data_volumes"),
    check: (input) =>
      isFargate(input)
        ? list(input.volumes).flatMap(({ name, host, dockerVolumeConfiguration }) => [
            ...when(record(host).sourcePath !== undefined, `volume ${name} is a path of the host`),
            ...when(dockerVolumeConfiguration !== undefined, `volume ${name} is one of Docker`),
          ])
        : [],
  },
  {
    rule: "mounted volumes exist",
    on,
    source: api("MountPoint"),
    check(input) {
      const names = list(input.volumes).map(({ name }) => name);
      return each(input, ({ mountPoints }) =>
        list(mountPoints)
          .filter(({ sourceVolume }) => !names.includes(sourceVolume))
          .map(({ sourceVolume }) => `there is no volume ${sourceVolume}`),
      );
    },
  },
  {
    rule: "capabilities on Fargate",
    on,
    source: api("KernelCapabilities"),
    check: (input) =>
      eachOnFargate(input, ({ linuxParameters }) =>
        texts(record(record(linuxParameters).capabilities).add)
          .filter((one) => one !== "SYS_PTRACE")
          .map((one) => `Fargate adds no ${one}`),
      ),
  },
  {
    rule: "devices and shared memory on Fargate",
    on,
    source: api("LinuxParameters"),
    check: (input) =>
      eachOnFargate(input, ({ linuxParameters }) =>
        ["devices", "sharedMemorySize", "maxSwap", "swappiness"]
          .filter((name) => record(linuxParameters)[name] !== undefined)
          .map((name) => `${name} is not for Fargate`),
      ),
  },
  {
    rule: "limits on Fargate",
    on,
    source: docs.ecsGuide("fargate-tasks-services"),
    check: (input) =>
      eachOnFargate(input, ({ ulimits }) =>
        list(ulimits)
          .filter(({ name }) => name !== "nofile")
          .map(({ name }) => `Fargate sets no limit of ${name}`),
      ),
  },
  {
    rule: "names in the network",
    on,
    source: api("ContainerDefinition"),
    check: (input) =>
      input.networkMode === "awsvpc"
        ? each(input, ({ hostname, links, extraHosts }) => [
            ...when(hostname !== undefined, "hostname with awsvpc"),
            ...when(list(extraHosts).length > 0, "extraHosts with awsvpc"),
            ...when(texts(links).length > 0, "links with awsvpc"),
          ])
        : [],
  },
  {
    rule: "where secrets come from",
    on,
    source: api("Secret"),
    check: (input) =>
      each(input, ({ secrets, logConfiguration }) =>
        [...list(secrets), ...list(record(logConfiguration).secretOptions)]
          .filter(({ valueFrom }) => !isSecretReference(text(valueFrom)))
          .map(({ name }) => `${name} comes from neither a parameter nor a secret`),
      ),
  },
  {
    rule: "a variable comes from one place",
    on,
    source: docs.ecsGuide("secrets-envvar-ssm-paramstore"),
    check: (input) =>
      each(input, ({ secrets, environment }) =>
        repeated([...list(secrets), ...list(environment)].map(({ name }) => name)).map(
          (name) => `${name} twice`,
        ),
      ),
  },
  {
    rule: "the agent's role",
    on,
    source: docs.ecsGuide("task_execution_IAM_role"),
    check: (input) =>
      each(input, ({ image, secrets, logConfiguration }) => {
        const isEcr = /\.dkr\.ecr\./.test(text(image));
        const isLogging = isFargate(input) && record(logConfiguration).logDriver === "awslogs";
        const needs = list(secrets).length > 0 || isLogging || (isFargate(input) && isEcr);
        return when(needs && input.executionRoleArn === undefined, "needs an executionRoleArn");
      }),
  },
  {
    rule: "log options",
    on,
    source: docs.ecsGuide("specify-log-config"),
    check: (input) =>
      each(input, ({ logConfiguration }) => {
        const { logDriver, options } = record(logConfiguration);
        if (logDriver !== "awslogs") return [];
        const known = record(options);
        const needed = [
          "awslogs-group",
          "awslogs-region",
          ...(isFargate(input) ? ["awslogs-stream-prefix"] : []),
        ];
        return [
          ...needed.filter((name) => text(known[name]) === "").map((name) => `log option ${name} is missing`),
          ...Object.keys(known)
            .filter((name) => !logOptions.has(name))
            .map((name) => `unknown log option ${name}`),
          ...when(
            known["awslogs-datetime-format"] !== undefined &&
              known["awslogs-multiline-pattern"] !== undefined,
            "awslogs-datetime-format and awslogs-multiline-pattern",
          ),
        ];
      }),
  },
  {
    rule: "log drivers of Fargate",
    on,
    source: api("LogConfiguration"),
    check: (input) =>
      eachOnFargate(input, ({ logConfiguration }) => {
        const { logDriver } = record(logConfiguration);
        const fits =
          logDriver === undefined || ["awslogs", "splunk", "awsfirelens"].includes(text(logDriver));
        return when(!fits, `Fargate has no log driver ${logDriver}`);
      }),
  },
  {
    rule: "dependencies of containers",
    on,
    source: api("ContainerDependency"),
    check: (input) =>
      each(input, ({ name, dependsOn }) =>
        list(dependsOn).flatMap(({ containerName, condition }) => {
          const other = containers(input).find((one) => one.name === containerName);
          if (other === undefined) return [`depends on ${containerName}, which is not there`];
          return [
            ...when(containerName === name, "depends on itself"),
            ...when(
              (condition === "COMPLETE" || condition === "SUCCESS") && other.essential !== false,
              `waits for the end of ${containerName}, which is essential`,
            ),
            ...when(
              condition === "HEALTHY" && other.healthCheck === undefined,
              `waits for the health of ${containerName}, which has no check`,
            ),
          ];
        }),
      ),
  },
];

const logOptions: ReadonlySet<string> = new Set([
  "awslogs-create-group",
  "awslogs-region",
  "awslogs-group",
  "awslogs-stream-prefix",
  "awslogs-datetime-format",
  "awslogs-multiline-pattern",
  "mode",
  "max-buffer-size",
]);

function isSecretReference(reference: string): boolean {
  return (
    /^arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter\/[\w./-]+(?::[\w.-]+)?$/.test(reference) ||
    /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+(?::[^:]*:[^:]*:[^:]*)?$/.test(
      reference,
    ) ||
    (/^\/?[\w./-]+(?::[\w.-]+)?$/.test(reference) && !reference.startsWith("arn:"))
  );
}
