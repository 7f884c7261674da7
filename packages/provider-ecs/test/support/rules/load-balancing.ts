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

const api = docs.elbApi;
const name = /^(?!-)[A-Za-z0-9-]{1,32}(?<!-)$/;
const routing = [
  "elasticloadbalancing:CreateListener",
  "elasticloadbalancing:ModifyListener",
  "elasticloadbalancing:CreateRule",
  "elasticloadbalancing:ModifyRule",
] as const;
const groups = ["elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:ModifyTargetGroup"] as const;
const listeners = ["elasticloadbalancing:CreateListener", "elasticloadbalancing:ModifyListener"] as const;

function actionsOf(input: Input): readonly Input[] {
  return [...list(input.Actions), ...list(input.DefaultActions)];
}

/** Rules of load balancers, target groups, listeners and their rules. */
export const loadBalancingRules: readonly Rule[] = [
  {
    rule: "name of a load balancer",
    on: ["elasticloadbalancing:CreateLoadBalancer"],
    source: api("CreateLoadBalancer"),
    check: ({ Name }) => [
      ...when(!name.test(text(Name)), `${Name} is no name of a load balancer`),
      ...when(text(Name).startsWith("internal-"), `${Name} begins with internal-`),
    ],
  },
  {
    rule: "two zones",
    on: ["elasticloadbalancing:CreateLoadBalancer"],
    source: api("CreateLoadBalancer"),
    check: ({ Subnets, SubnetMappings, Type }) => [
      ...when(
        (Type ?? "application") === "application" && texts(Subnets).length + list(SubnetMappings).length < 2,
        "an application load balancer needs subnets of two zones",
      ),
      ...when(Subnets !== undefined && SubnetMappings !== undefined, "Subnets and SubnetMappings"),
    ],
  },
  {
    rule: "name of a target group",
    on: ["elasticloadbalancing:CreateTargetGroup"],
    source: api("CreateTargetGroup"),
    check: ({ Name }) => when(!name.test(text(Name)), `${Name} is no name of a target group`),
  },
  {
    rule: "what a target group needs",
    on: ["elasticloadbalancing:CreateTargetGroup"],
    source: api("CreateTargetGroup"),
    check: ({ TargetType, Protocol, Port, VpcId }) =>
      TargetType === "lambda"
        ? []
        : Object.entries({ Protocol, Port, VpcId })
            .filter(([, value]) => value === undefined)
            .map(([member]) => `${member} is missing`),
  },
  {
    rule: "health checks of targets",
    on: groups,
    source: api("CreateTargetGroup"),
    check(input) {
      const interval = input.HealthCheckIntervalSeconds;
      const timeout = input.HealthCheckTimeoutSeconds;
      return [
        ...between(interval, 5, 300, "HealthCheckIntervalSeconds"),
        ...between(timeout, 2, 120, "HealthCheckTimeoutSeconds"),
        ...between(input.HealthyThresholdCount, 2, 10, "HealthyThresholdCount"),
        ...between(input.UnhealthyThresholdCount, 2, 10, "UnhealthyThresholdCount"),
        ...when(
          input.HealthCheckPath !== undefined && !/^\/\S{0,1023}$/.test(text(input.HealthCheckPath)),
          `${input.HealthCheckPath} is no path`,
        ),
        ...when(
          input.HealthCheckPort !== undefined &&
            !/^(?:traffic-port|\d{1,5})$/.test(text(input.HealthCheckPort)),
          `${input.HealthCheckPort} is no port`,
        ),
      ];
    },
  },
  {
    rule: "a health check ends before the next one",
    on: groups,
    source: docs.albGuide("target-group-health-checks"),
    check: ({ HealthCheckIntervalSeconds = 30, HealthCheckTimeoutSeconds = 5 }) =>
      when(
        Number(HealthCheckTimeoutSeconds) >= Number(HealthCheckIntervalSeconds),
        `a timeout of ${HealthCheckTimeoutSeconds} s with an interval of ${HealthCheckIntervalSeconds} s`,
      ),
  },
  {
    rule: "codes of health",
    on: groups,
    source: api("Matcher"),
    check(input) {
      const codes = text(record(input.Matcher).HttpCode);
      if (codes === "") return [];
      const numbers = codes.split(/[,-]/).map(Number);
      return when(
        !/^\d{3}(?:-\d{3})?(?:,\d{3}(?:-\d{3})?)*$/.test(codes) ||
          numbers.some((code) => code < 200 || code > 499),
        `${codes} are no codes from 200 to 499`,
      );
    },
  },
  {
    rule: "attributes of a target group",
    on: ["elasticloadbalancing:ModifyTargetGroupAttributes"],
    source: api("TargetGroupAttribute"),
    check: ({ Attributes }) =>
      list(Attributes).flatMap(({ Key, Value }) => {
        if (Key === "deregistration_delay.timeout_seconds") return between(Number(Value), 0, 3600, text(Key));
        if (Key === "slow_start.duration_seconds" && Value !== "0")
          return between(Number(Value), 30, 900, text(Key));
        return [];
      }),
  },
  {
    rule: "listener protocols",
    on: listeners,
    source: api("CreateListener"),
    check: ({ Protocol, Port, Certificates, SslPolicy, LoadBalancerArn }) => [
      ...when(
        LoadBalancerArn !== undefined && (Protocol === undefined || Port === undefined),
        "no protocol or port",
      ),
      ...between(Port, 1, 65535, "Port"),
      ...when(
        Protocol === "HTTPS" && LoadBalancerArn !== undefined && list(Certificates).length !== 1,
        "HTTPS needs exactly one certificate",
      ),
      ...when(
        Protocol === "HTTP" && (list(Certificates).length > 0 || SslPolicy !== undefined),
        "HTTP has neither certificate nor policy",
      ),
      ...when(
        list(Certificates).some(({ IsDefault }) => IsDefault !== undefined),
        "IsDefault of a listener's certificate must not be set",
      ),
    ],
  },
  {
    rule: "more certificates",
    on: ["elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:RemoveListenerCertificates"],
    source: api("AddListenerCertificates"),
    check: ({ Certificates }) => when(list(Certificates).length !== 1, "one certificate per call"),
  },
  {
    rule: "actions end",
    on: routing,
    source: api("CreateRule"),
    check(input) {
      const actions = actionsOf(input);
      if (actions.length === 0) return [];
      const ends = actions.filter(({ Type }) =>
        ["forward", "redirect", "fixed-response"].includes(text(Type)),
      );
      return [
        ...when(ends.length !== 1, `${ends.length} of forward, redirect and fixed-response`),
        ...repeated(actions.map(({ Order }) => Order)).map((order) => `two actions with order ${order}`),
      ];
    },
  },
  {
    rule: "what an action needs",
    on: routing,
    source: api("Action"),
    check: (input) =>
      actionsOf(input).flatMap(
        ({ Type, TargetGroupArn, ForwardConfig, RedirectConfig, FixedResponseConfig }) => {
          if (Type === "forward") {
            return when(
              TargetGroupArn === undefined && ForwardConfig === undefined,
              "forwards to no target group",
            );
          }
          if (Type === "redirect")
            return when(RedirectConfig === undefined, "a redirect without RedirectConfig");
          return when(
            Type === "fixed-response" && FixedResponseConfig === undefined,
            "a fixed response without FixedResponseConfig",
          );
        },
      ),
  },
  {
    rule: "weights of target groups",
    on: routing,
    source: api("TargetGroupTuple"),
    check: (input) =>
      actionsOf(input).flatMap(({ ForwardConfig }) => [
        ...atMost(record(ForwardConfig).TargetGroups, 5, "target groups of an action"),
        ...list(record(ForwardConfig).TargetGroups).flatMap(({ Weight }) =>
          between(Weight, 0, 999, "Weight"),
        ),
      ]),
  },
  {
    rule: "redirects change something",
    on: routing,
    source: api("RedirectActionConfig"),
    check: (input) =>
      actionsOf(input)
        .filter(({ RedirectConfig }) => RedirectConfig !== undefined)
        .flatMap(({ RedirectConfig }) => {
          const { Protocol, Host, Port, Path } = record(RedirectConfig);
          const isSame = (value: unknown, whole: string): boolean => value === undefined || value === whole;
          return [
            ...when(
              isSame(Protocol, "#{protocol}") &&
                isSame(Host, "#{host}") &&
                isSame(Port, "#{port}") &&
                isSame(Path, "/#{path}"),
              "a redirect to itself",
            ),
            ...when(
              Port !== undefined && Port !== "#{port}" && !(Number(Port) >= 1 && Number(Port) <= 65535),
              `${Port} is no port`,
            ),
            ...when(Path !== undefined && !text(Path).startsWith("/"), `${Path} does not begin with /`),
          ];
        }),
  },
  {
    rule: "fixed responses",
    on: routing,
    source: api("FixedResponseActionConfig"),
    check: (input) =>
      actionsOf(input).flatMap(({ FixedResponseConfig }) => {
        const { MessageBody, StatusCode } = record(FixedResponseConfig);
        return [
          ...when(text(MessageBody).length > 1024, "a message of more than 1024 characters"),
          ...when(
            StatusCode !== undefined && !/^[245]\d\d$/.test(text(StatusCode)),
            `${StatusCode} is no 2xx, 4xx or 5xx`,
          ),
        ];
      }),
  },
  {
    rule: "priorities",
    on: ["elasticloadbalancing:CreateRule"],
    source: api("CreateRule"),
    check: ({ Priority }) => between(Priority, 1, 50000, "Priority"),
  },
  {
    rule: "conditions",
    on: ["elasticloadbalancing:CreateRule", "elasticloadbalancing:ModifyRule"],
    source: docs.albGuide("rule-condition-types"),
    check(input) {
      const conditions = list(input.Conditions);
      const values = conditions.flatMap(valuesOf);
      return [
        ...when(input.Conditions !== undefined && conditions.length === 0, "no condition"),
        ...atMost(values, 5, "values in a rule's conditions"),
        ...when(
          conditions.some((condition) => valuesOf(condition).length === 0),
          "a condition without values",
        ),
        ...when(
          conditions.filter(({ Field }) => Field === "host-header").length > 1,
          "two conditions on the host",
        ),
      ];
    },
  },
  {
    rule: "hosts",
    on: ["elasticloadbalancing:CreateRule", "elasticloadbalancing:ModifyRule"],
    source: api("HostHeaderConditionConfig"),
    check: (input) =>
      list(input.Conditions)
        .filter(({ Field }) => Field === "host-header")
        .flatMap(valuesOf)
        .flatMap((host) => [
          ...when(host.length > 128, `${host} has more than 128 characters`),
          ...when(!/^[A-Za-z0-9.*?-]+\.[A-Za-z*?]+$/.test(host), `${host} is no host name`),
        ]),
  },
  ...[
    ["DescribeLoadBalancers", "LoadBalancerArns"],
    ["DescribeTags", "ResourceArns"],
  ].map(
    ([operation = "", member = ""]): Rule => ({
      rule: `at most 20 ${member}`,
      on: [`elasticloadbalancing:${operation}`],
      source: api(operation),
      check: (input) => atMost(input[member], 20, member),
    }),
  ),
  {
    rule: "one kind of listing",
    on: ["elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules"],
    source: api("DescribeRules"),
    check: ({ ListenerArn, RuleArns, ListenerArns, LoadBalancerArn }) => {
      const given = [ListenerArn, RuleArns, ListenerArns, LoadBalancerArn].filter((one) => one !== undefined);
      return when(given.length !== 1, "either a parent or the things themselves have to be named");
    },
  },
];

function valuesOf(condition: Input): readonly string[] {
  const configs = ["HostHeaderConfig", "PathPatternConfig", "HttpRequestMethodConfig", "SourceIpConfig"];
  return [...texts(condition.Values), ...configs.flatMap((key) => texts(record(condition[key]).Values))];
}
