import type { Context } from "@deploy/core";
import type { Parts } from "../parts.js";
import { readTags, tagKey } from "../tags.js";
import { type DescribedService, describeTaskDefinition } from "./describe.js";
import { readTaskDefinitionArn } from "./families.js";

/** Tags that say which release a service runs, and in which revision: only together are they true. */
export function releaseTags(release: number, taskDefinition: string): Record<string, string> {
  const revision = readTaskDefinitionArn(taskDefinition)?.revision;
  return { [tagKey.release]: String(release), [revisionTag]: String(revision ?? "") };
}

const revisionTag = "deploy:revision";

/** The release that a service runs. Its tags say it, as long as nobody has changed the service behind their back. */
export async function releaseOf(
  parts: Parts,
  context: Context,
  service: DescribedService,
): Promise<number | undefined> {
  if (service.taskDefinition === undefined) return undefined;
  const tags = readTags(service.tags);
  const revision = readTaskDefinitionArn(service.taskDefinition)?.revision;
  const tagged = Number(tags[tagKey.release]);
  if (String(revision) === tags[revisionTag] && Number.isInteger(tagged)) return tagged;
  const answer = await describeTaskDefinition(parts, context, service.taskDefinition);
  const release = Number(readTags(answer?.tags)[tagKey.release] ?? "none");
  return Number.isInteger(release) ? release : undefined;
}
