import type { Context, Scope } from "@deploy/core";
import { groupOf, shortHash } from "../../names.js";
import type { Parts } from "../../parts.js";
import { readOnce } from "../../resources.js";
import { readTags, type Tags, tagKey } from "../../tags.js";

/** What was last put in place for an app, as a tag of the instance says it. */
export interface PlacedSite {
  /** Of everything that the site is made from but its ports. */
  readonly hash: string;
  /** Ports of its doors, in the order of its processes. */
  readonly ports: readonly number[];
}

/** The group's instance. */
export interface SiteInstance {
  readonly instanceId: string;
  readonly tags: Tags;
}

const keyPrefix = "deploy:site:";

/**
 * The tag by which is known what of an app stands on an instance. It is on the instance itself, so that a new instance,
 * on which nothing stands, says so. An instance has room for 50 tags, and so for some 40 apps.
 */
export function siteKey(scope: Scope): string {
  const name = `${scope.app}/${scope.environment}`;
  return keyPrefix + (name.length <= 100 ? name : shortHash(name, 32));
}

/** The value of the tag. */
export function siteValue({ hash, ports }: PlacedSite): string {
  return [hash, ...ports].join(" ");
}

/** The site of an app on the instance, if there is one. */
export function placedSite(tags: Tags, key: string): PlacedSite | undefined {
  const value = tags[key];
  if (value === undefined) return undefined;
  const [hash = "", ...ports] = value.split(" ");
  return { hash, ports: ports.map(Number).filter((port) => port > 0) };
}

/** Ports of all other apps on the instance. */
export function portsOfOthers(tags: Tags, own: string): ReadonlySet<number> {
  const others = Object.keys(tags).filter((key) => key.startsWith(keyPrefix) && key !== own);
  return new Set(others.flatMap((key) => placedSite(tags, key)?.ports ?? []));
}

/**
 * The instances that run, or are about to, the newest first: two, while one takes the other's place. Asked once per plan.
 */
export function siteInstances(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly SiteInstance[]> {
  const { settings, clients } = parts;
  const group = groupOf(settings, scope);
  return readOnce(settings, context, `proxy instance ${group}`, async () => {
    const reservations = await clients.all(
      context,
      "ec2",
      "DescribeInstances",
      {
        Filters: [
          { Name: `tag:${tagKey.group}`, Values: [group] },
          { Name: "instance-state-name", Values: ["pending", "running"] },
        ],
      },
      (page) => page.Reservations,
    );
    return reservations
      .flatMap(({ Instances }) => Instances ?? [])
      .sort((one, other) => (other.LaunchTime?.getTime() ?? 0) - (one.LaunchTime?.getTime() ?? 0))
      .flatMap(({ InstanceId: instanceId, Tags }) =>
        instanceId === undefined ? [] : [{ instanceId, tags: readTags(Tags) }],
      );
  });
}
