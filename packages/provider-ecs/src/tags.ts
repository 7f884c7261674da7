import type { Foreign, Scope } from "@deploy/core";
import { groupOf } from "./names.js";
import type { Settings } from "./options.js";

/** Tags as plain data. */
export type Tags = Readonly<Record<string, string>>;

/** The keys of our tags. Their presence, with our values, is what makes something ours. */
export const tagKey = {
  app: "deploy:app",
  environment: "deploy:environment",
  group: "deploy:group",
  release: "deploy:release",
  hash: "deploy:hash",
  process: "deploy:process",
  /** What it is of something that AWS gives no name: `address`, `instance`. */
  part: "deploy:part",
} as const;

/** What everything of one app in one environment is tagged with, at its creation. */
export function appTags(settings: Settings, scope: Scope, more: Tags = {}): Tags {
  return {
    [tagKey.app]: scope.app,
    [tagKey.environment]: scope.environment,
    [tagKey.group]: groupOf(settings, scope),
    ...more,
  };
}

/** What everything that the apps of a group share is tagged with: no app, no environment. */
export function groupTags(settings: Settings, scope: Scope, more: Tags = {}): Tags {
  return { [tagKey.group]: groupOf(settings, scope), ...more };
}

/** Tags as EC2, ELB, IAM, SSM, RDS and most others write them. */
export function upperTags(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Tags as ECS writes them. */
export function lowerTags(tags: Tags): { key: string; value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** Either spelling as plain data. */
export function readTags(
  tags:
    | readonly {
        readonly Key?: string | undefined;
        readonly Value?: string | undefined;
        readonly key?: string | undefined;
        readonly value?: string | undefined;
      }[]
    | undefined,
): Tags {
  const plain: Record<string, string> = {};
  for (const { Key, Value, key, value } of tags ?? []) plain[Key ?? key ?? ""] = Value ?? value ?? "";
  return plain;
}

/** Whether something belongs to this app in this environment. */
export function isOfApp(tags: Tags, scope: Scope): boolean {
  return tags[tagKey.app] === scope.app && tags[tagKey.environment] === scope.environment;
}

/** Whether something is shared by the apps of this group. */
export function isOfGroup(tags: Tags, settings: Settings, scope: Scope): boolean {
  return tags[tagKey.group] === groupOf(settings, scope) && tags[tagKey.app] === undefined;
}

/**
 * What `read` answers: the observed state when the tags are ours, else that it is somebody else's.
 *
 * @param what What it is, for a person: `the cluster deploy-production`.
 */
export function ifOurs<Observed>(
  owner: "app" | "group",
  settings: Settings,
  scope: Scope,
  tags: Tags,
  what: string,
  observed: Observed,
): Observed | Foreign<Observed> {
  const ours = owner === "app" ? isOfApp(tags, scope) : isOfGroup(tags, settings, scope);
  if (ours) return observed;
  const app = tags[tagKey.app];
  const whose =
    app === undefined
      ? "it does not carry our tags"
      : `it belongs to ${app} in ${tags[tagKey.environment] ?? "?"}`;
  return { foreign: true, description: `${what} is there already, and ${whose}`, observed };
}
