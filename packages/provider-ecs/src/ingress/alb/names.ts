import type { Scope } from "@deploy/core";
import { boundedName, groupName, shortHash } from "../../names.js";
import type { Settings } from "../../options.js";

/** The load balancer that the apps of a group share; 32 characters at most, and never beginning with `internal-`. */
export function loadBalancerName(settings: Settings, scope: Scope): string {
  return groupName(settings, scope, 32);
}

/**
 * What the names of all target groups of one app in one environment begin with: enough to find them in a list, and to
 * tell from a rule whose it is. The type of target cannot be changed, so it is part of the hash.
 */
function targetGroupPrefix(settings: Settings, scope: Scope): string {
  return prefixOf(scope, settings.capacity.kind === "fargate" ? "ip" : "instance");
}

/** The same for both types: target groups of a capacity that the app had before are found as well. */
export function targetGroupPrefixes(scope: Scope): readonly string[] {
  return [prefixOf(scope, "ip"), prefixOf(scope, "instance")];
}

function prefixOf(scope: Scope, type: "ip" | "instance"): string {
  const app = scope.app
    .replace(/[^A-Za-z0-9]+/g, "-")
    .slice(0, 9)
    .replace(/-+$/, "");
  return `${app}-${shortHash(`${scope.app}/${scope.environment}/${type}`)}-`;
}

/** The target group of a process; 32 characters at most. */
export function targetGroupName(settings: Settings, scope: Scope, process: string): string {
  const prefix = targetGroupPrefix(settings, scope);
  return prefix + boundedName(32 - prefix.length, process);
}

/** The name inside a target group's ARN: `arn:aws:elasticloadbalancing:…:targetgroup/<name>/<id>`. */
export function nameInArn(targetGroupArn: string | undefined): string {
  return targetGroupArn?.split("/")[1] ?? "";
}

/**
 * The second host name of each rule for a host, by which its owner is known without asking for its tags: a call more,
 * one after the other, would make every plan slower. Names below `.invalid` lead nowhere (RFC 6761).
 */
export function ruleMarker(scope: Scope): string {
  const owner = boundedName(63, scope.app, scope.environment).toLowerCase();
  return `${owner}.deploy.invalid`;
}

/** Whether a host name of a rule is a marker. */
export function isMarker(host: string): boolean {
  return host.endsWith(".deploy.invalid");
}
