import type { Scope } from "@deploy/core";
import { appPath, shortHash } from "../names.js";

/** What a task definition is for. */
export type FamilyKind = "process" | "job" | "release" | "run";

/**
 * The family of task definitions for one purpose of one app in one environment: `deploy_shop_production_process_web`.
 *
 * Underscores part it, which no name of an app, environment or process can hold; the slash of `review/12` becomes two.
 */
export function familyOf(scope: Scope, kind: FamilyKind, name?: string): string {
  return `${familyPrefix(scope)}${kind}${name === undefined ? "" : `_${name}`}`;
}

/** What all families of a scope begin with; ask {@link isFamilyOf} as well. */
export function familyPrefix(scope: Scope): string {
  return `deploy_${scope.app}_${scope.environment.replaceAll("/", "__")}_`;
}

/** Whether a family that begins with the prefix is of this scope: `review` is not the scope of `review/12`. */
export function isFamilyOf(scope: Scope, family: string): boolean {
  const prefix = familyPrefix(scope);
  return family.startsWith(prefix) && family[prefix.length] !== "_";
}

/** The family and revision in the ARN of a task definition. */
export function readTaskDefinitionArn(
  arn: string,
): { readonly family: string; readonly revision: number } | undefined {
  const found = /(?:^|task-definition\/)([A-Za-z0-9_-]+):(\d+)$/.exec(arn);
  return found === null ? undefined : { family: found[1]!, revision: Number(found[2]) };
}

/** The purpose of a family of this scope, and whose it is. */
export function readFamily(
  scope: Scope,
  family: string,
): { readonly kind: FamilyKind; readonly name: string } | undefined {
  if (!isFamilyOf(scope, family)) return undefined;
  const found = /^(process|job|release|run)(?:_(.+))?$/.exec(family.slice(familyPrefix(scope).length));
  return found === null ? undefined : { kind: found[1] as FamilyKind, name: found[2] ?? found[1]! };
}

/** The CloudWatch group that everything of a scope writes to: `/deploy/shop/production`. */
export function logGroupOf(scope: Scope): string {
  return appPath(scope);
}

/** Who writes lines, as logs name it, and where its streams begin: process and release are read from the stream's name. */
export function streamPrefix(source: string, release: number): string {
  return `${source.replace(":", ".")}/${release}`;
}

/** The last part of an ARN: a task's id. */
export function idInArn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** The same data gives the same text, whatever the order of its members. */
export function stableText(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
        : part,
    ) ?? ""
  );
}

/** A digest of data for a tag. */
export function hashOf(value: unknown): string {
  return shortHash(stableText(value), 24);
}
