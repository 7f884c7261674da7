import type { Context } from "@deploy/core";
import type { Parts } from "../parts.js";
import { lowerTags, type Tags } from "../tags.js";
import { type StoredManifest, stateTag, tagText } from "./manifest.js";

/** Notes on a release that it will not serve, and why. */
export function markFailed(
  parts: Parts,
  context: Context,
  release: Pick<StoredManifest, "arn" | "servedAt">,
  why: string,
): Promise<void> {
  // One that has served once keeps its place in history: a rollback may still go there.
  if (release.servedAt !== undefined) return Promise.resolve();
  return note(parts, context, release.arn, { [stateTag.failed]: tagText(why) });
}

/** Notes on a release that it has served, since when. */
export function markServed(parts: Parts, context: Context, arn: string): Promise<void> {
  const now = new Date(context.clock.now()).toISOString();
  return note(parts, context, arn, { [stateTag.served]: tagText(now) });
}

/** Notes on a release which release command has succeeded for it. */
export function markCommandDone(parts: Parts, context: Context, arn: string, key: string): Promise<void> {
  return note(parts, context, arn, { [stateTag.command]: key });
}

async function note(parts: Parts, context: Context, arn: string, tags: Tags): Promise<void> {
  await parts.clients.send(
    context,
    "ecs",
    "TagResource",
    { resourceArn: arn, tags: lowerTags(tags) },
    { repeatable: true },
  );
}
