import type { Context } from "@deploy/core";
import { unlessGone } from "../../errors.js";
import type { Parts } from "../../parts.js";

/** A target that gets no requests, and why. */
export interface TargetProblem {
  /** Instance id or address, and port. */
  readonly target: string;
  /** As ELB writes it: `Target.Timeout`, `Target.ResponseCodeMismatch`, `Target.FailedHealthChecks`, … */
  readonly reason: string;
  /** What it means, in one clause, with the code that came and those that were expected. */
  readonly message: string;
  readonly hint: string;
}

/** States that are on the way to something: no problem yet. */
const underWay = new Set([
  "Elb.RegistrationInProgress",
  "Elb.InitialHealthChecking",
  "Target.DeregistrationInProgress",
]);

/**
 * Why the targets of a target group get no requests, for the report of a rollout that does not come up. Two calls at
 * the same time; empty when all are healthy or on the way.
 */
export async function targetProblems(
  parts: Parts,
  context: Context,
  targetGroupArn: string,
): Promise<readonly TargetProblem[]> {
  const [health, described] = await Promise.all([
    unlessGone(
      parts.clients.send(context, "elb", "DescribeTargetHealth", { TargetGroupArn: targetGroupArn }),
    ),
    unlessGone(
      parts.clients.send(context, "elb", "DescribeTargetGroups", { TargetGroupArns: [targetGroupArn] }),
    ),
  ]);
  const group = described?.TargetGroups?.[0];
  const path = group?.HealthCheckPath ?? "/";
  const expected = group?.Matcher?.HttpCode ?? "200";
  return (health?.TargetHealthDescriptions ?? []).flatMap(({ Target, TargetHealth }): TargetProblem[] => {
    const { State, Reason = "", Description = "" } = TargetHealth ?? {};
    if (State === "healthy" || underWay.has(Reason)) return [];
    const target = `${Target?.Id ?? "?"}:${Target?.Port ?? "?"}`;
    return [{ target, reason: Reason, ...explain(Reason, Description, path, expected) }];
  });
}

/** What a reason of ELB means, and what to do about it. */
function explain(
  reason: string,
  description: string,
  path: string,
  expected: string,
): { readonly message: string; readonly hint: string } {
  const got = /\[(\d{3})\]/.exec(description)?.[1];
  switch (reason) {
    case "Target.Timeout":
      return {
        message: `no answer to GET ${path}`,
        hint: "The app listens on 127.0.0.1 or on another port than PORT, or it needs longer: let it listen on 0.0.0.0:$PORT.",
      };
    case "Target.ResponseCodeMismatch":
      return {
        message: `GET ${path} answers ${got ?? "another code"}, and ${expected} is expected`,
        hint:
          got?.startsWith("3") === true
            ? "A redirect counts as unhealthy here: let the health path answer by itself, also without HTTPS and with a strange host name."
            : got === "400"
              ? "Many frameworks refuse a host name they do not know (Django: ALLOWED_HOSTS): the check names the instance's address."
              : "Let the path answer so, or name another one: processes.<name>.health.",
      };
    case "Target.FailedHealthChecks":
      return {
        message: `the connection for GET ${path} is refused or reset`,
        hint: "The app does not listen yet, or has ended: look at its logs; if it only needs longer, raise health.startWithin.",
      };
    case "Target.NotInUse":
    case "Target.NotRegistered":
      return {
        message: "it is not in use by the load balancer yet",
        hint: "Run again; if it stays so, `deploy plan` shows which route is missing.",
      };
    case "Target.InvalidState":
    case "Target.IpUnusable":
      return {
        message: "its machine has stopped or its address cannot be used",
        hint: "ECS replaces it by itself.",
      };
    case "Elb.InternalError":
      return {
        message: "the load balancer has an error of its own",
        hint: "Look at https://health.aws.amazon.com/health/status, and run again.",
      };
    default:
      return {
        message: description === "" ? `it is not healthy (${reason})` : description,
        hint: "Look at the logs of the app.",
      };
  }
}
