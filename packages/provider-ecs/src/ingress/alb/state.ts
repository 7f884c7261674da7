import type { Context, Scope } from "@deploy/core";
import type { Output } from "../../clients/modules.js";
import { unlessGone } from "../../errors.js";
import type { Parts } from "../../parts.js";
import { alone } from "../../resources.js";
import { isMarker, loadBalancerName } from "./names.js";

type LoadBalancer = NonNullable<Output<"elb", "DescribeLoadBalancers">["LoadBalancers"]>[number];
type Rule = NonNullable<Output<"elb", "DescribeRules">["Rules"]>[number];
/** An action of a rule or a listener, as ELB writes it. */
export type ElbAction = NonNullable<Rule["Actions"]>[number];

/** A rule of a listener. */
export interface RuleState {
  readonly arn: string;
  /** 1 to 50,000; the smallest that fits decides. */
  readonly priority: number;
  /** Host names of its condition, without markers. */
  readonly hosts: readonly string[];
  /** Whose it is, as {@link import("./names.js").ruleMarker} writes it. */
  readonly marker: string | undefined;
  readonly action: ElbAction | undefined;
}

/** A listener of the load balancer. */
export interface ListenerState {
  readonly arn: string;
  readonly port: number;
  readonly action: ElbAction | undefined;
  /** The protocols and ciphers of HTTPS. */
  readonly sslPolicy: string | undefined;
  /** ARNs; the first one is for callers that name no host. */
  readonly certificates: readonly string[];
  /** Without the default one. */
  readonly rules: readonly RuleState[];
}

/** The load balancer of a group with everything on it. */
export interface BalancerState {
  readonly arn: string;
  readonly balancer: LoadBalancer;
  readonly listeners: readonly ListenerState[];
}

/** The load balancer of the group by its name; undefined when there is none. Asked once per plan. */
export function findBalancer(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<LoadBalancer | undefined> {
  const name = loadBalancerName(parts.settings, scope);
  return context.shared(`ecs/elb/${parts.settings.region}/${name}`, async () => {
    const answer = await unlessGone(
      parts.clients.send(context, "elb", "DescribeLoadBalancers", { Names: [name] }),
    );
    return answer?.LoadBalancers?.[0];
  });
}

/** The load balancer, its listeners and their rules: three calls, one after the other. Asked once per plan. */
export function balancerState(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<BalancerState | undefined> {
  const name = loadBalancerName(parts.settings, scope);
  return context.shared(`ecs/elb/${parts.settings.region}/${name}/state`, async () => {
    const balancer = await findBalancer(parts, context, scope);
    const arn = balancer?.LoadBalancerArn;
    if (balancer === undefined || arn === undefined) return undefined;
    const listeners = await unlessGone(
      parts.clients.all(
        context,
        "elb",
        "DescribeListeners",
        { LoadBalancerArn: arn },
        (page) => page.Listeners,
      ),
    );
    const states = await Promise.all(
      (listeners ?? []).map(async (listener): Promise<ListenerState[]> => {
        const { ListenerArn = "", Port = 0, Protocol, DefaultActions, Certificates, SslPolicy } = listener;
        const [rules, more] = await Promise.all([
          listRules(parts, context, ListenerArn),
          Protocol === "HTTPS" ? listCertificates(parts, context, ListenerArn) : [],
        ]);
        if (rules === undefined) return [];
        const first = (Certificates ?? []).flatMap(({ CertificateArn }) => CertificateArn ?? []);
        return [
          {
            arn: ListenerArn,
            port: Port,
            action: DefaultActions?.[0],
            sslPolicy: SslPolicy,
            certificates: [...new Set([...first, ...more])],
            rules,
          },
        ];
      }),
    );
    return { arn, balancer, listeners: states.flat() };
  });
}

/** A plan's answers are kept; whoever is about to change something looks at what is there now. */
export function balancerStateNow(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<BalancerState | undefined> {
  return balancerState(parts, alone(context), scope);
}

/** The listener on a port. */
export function listenerOn(state: BalancerState | undefined, port: number): ListenerState | undefined {
  return state?.listeners.find((listener) => listener.port === port);
}

async function listRules(
  parts: Parts,
  context: Context,
  listener: string,
): Promise<readonly RuleState[] | undefined> {
  const rules = await unlessGone(
    parts.clients.all(context, "elb", "DescribeRules", { ListenerArn: listener }, (page) => page.Rules),
  );
  return rules?.flatMap((rule) => (rule.IsDefault === true ? [] : [ruleState(rule)]));
}

async function listCertificates(
  parts: Parts,
  context: Context,
  listener: string,
): Promise<readonly string[]> {
  const certificates = await unlessGone(
    parts.clients.all(
      context,
      "elb",
      "DescribeListenerCertificates",
      { ListenerArn: listener },
      (page) => page.Certificates,
    ),
  );
  return (certificates ?? []).flatMap(({ CertificateArn }) => CertificateArn ?? []);
}

function ruleState(rule: Rule): RuleState {
  const values = (rule.Conditions ?? []).flatMap((condition) =>
    condition.Field === "host-header" ? (condition.HostHeaderConfig?.Values ?? condition.Values ?? []) : [],
  );
  return {
    arn: rule.RuleArn ?? "",
    priority: Number(rule.Priority),
    hosts: values.filter((host) => !isMarker(host)).map((host) => host.toLowerCase()),
    marker: values.find(isMarker),
    action: rule.Actions?.[0],
  };
}
