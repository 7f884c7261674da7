import { type Context, DeployError, type Release, type Scope, type StoredRelease } from "@deploy/core";
import type { Parts } from "../parts.js";
import { isOfApp, readTags } from "../tags.js";
import { describeTaskDefinition } from "./describe.js";
import { familyOf } from "./families.js";
import { decodeManifest, type StoredManifest } from "./manifest.js";

/** Releases that are listed, and can be gone back to. */
const releasesShown = 15;
/**
 * Revisions that are looked at: a run that was killed, or a rerun, may have registered a number twice. Older ones are
 * forgotten when a release has come into service.
 */
export const revisionsRead = 20;

/** The newest releases of a scope, newest first: one list, then their manifests in one wave. */
export async function listManifests(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly StoredManifest[]> {
  const { taskDefinitionArns = [] } = await parts.clients.send(context, "ecs", "ListTaskDefinitions", {
    familyPrefix: familyOf(scope, "run"),
    status: "ACTIVE",
    sort: "DESC",
    maxResults: revisionsRead,
  });
  const answers = await Promise.all(
    taskDefinitionArns.slice(0, revisionsRead).map((arn) => describeTaskDefinition(parts, context, arn)),
  );
  const byNumber = new Map<number, StoredManifest>();
  for (const answer of answers) {
    if (answer === undefined || !isOfApp(readTags(answer.tags), scope)) continue;
    const manifest = decodeManifest(answer);
    // Of two revisions with one number the newer counts: they come newest first.
    if (manifest !== undefined && !byNumber.has(manifest.number)) byNumber.set(manifest.number, manifest);
  }
  return [...byNumber.values()].sort((one, other) => other.number - one.number).slice(0, releasesShown);
}

/** The releases as they are shown, newest first. Active is the newest that serves. */
export function shownReleases(manifests: readonly StoredManifest[]): readonly Release[] {
  const active = manifests.find(({ servedAt }) => servedAt !== undefined)?.number;
  const newest = manifests[0]?.number;
  return manifests.map((manifest) => {
    const { number, image, config, secrets, origin, createdAt, failure, servedAt } = manifest;
    const state =
      number === active
        ? "active"
        : servedAt !== undefined
          ? "superseded"
          : failure === undefined && number === newest
            ? "pending"
            : "failed";
    const why = state === "failed" ? (failure ?? "It was given up before it served.") : undefined;
    return {
      number,
      state,
      image,
      config,
      secrets,
      origin,
      createdAt,
      ...(why === undefined ? {} : { failure: why }),
    };
  });
}

/**
 * What a rollback to `number` puts into service.
 *
 * @throws `containers.unknown-release`
 */
export async function storedRelease(
  parts: Parts,
  context: Context,
  scope: Scope,
  number: number,
): Promise<StoredRelease> {
  const manifests = await listManifests(parts, context, scope);
  const manifest = manifests.find((one) => one.number === number);
  const release = shownReleases(manifests).find((one) => one.number === number);
  if (manifest === undefined || release === undefined) {
    const known = manifests.map((one) => one.number);
    throw new DeployError({
      code: "containers.unknown-release",
      message: `There is no release ${number}.`,
      hint: known.length === 0 ? "Nothing has been released here yet." : `Known: ${known.join(", ")}.`,
    });
  }
  return {
    release,
    processes: manifest.processes,
    jobs: manifest.jobs,
    sensitiveConfig: manifest.sensitive,
  };
}
