import type { Context, Scope } from "@deploy/core";
import { listManifests } from "../containers/release-list.js";
import type { Parts } from "../parts.js";

/** Not more often than this are the releases listed again for a build that none is known of, milliseconds. */
const restMs = 5_000;

/** The stream that holds the output of a build: named by the image that came of it. */
export function buildStream(digest: string): string {
  return `build/${digest.replace(/^sha256:/, "").slice(0, 40)}`;
}

/** The stream of a build that failed, by the tag that its image would have had: of no release. */
export function failedBuildStream(tag: string): string {
  return `build/failed-${tag}`;
}

/** Says which releases were made of what a build stream tells of. */
export interface BuildReleases {
  /** Lowest number first; none of a build that failed, or whose release is not recorded yet, or no longer. */
  of(context: Context, stream: string): Promise<readonly number[]>;
}

/** Releases by the image that they are of, listed when the first line of a build is met. */
export function createBuildReleases(parts: Parts, scope: Scope): BuildReleases {
  let askedAt = Number.NEGATIVE_INFINITY;
  let known: Promise<ReadonlyMap<string, readonly number[]>> = Promise.resolve(new Map());
  const list = async (context: Context): Promise<ReadonlyMap<string, readonly number[]>> => {
    const byStream = new Map<string, number[]>();
    // Whoever may read logs only, still reads them.
    for (const { number, image } of await listManifests(parts, context, scope).catch(() => [])) {
      const stream = buildStream(image.digest);
      byStream.set(
        stream,
        [number, ...(byStream.get(stream) ?? [])].sort((one, other) => one - other),
      );
    }
    return byStream;
  };
  return {
    async of(context, stream) {
      const found = (await known).get(stream);
      if (found !== undefined) return found;
      const now = context.clock.now();
      if (now - askedAt >= restMs) {
        askedAt = now;
        known = list(context);
      }
      return (await known).get(stream) ?? [];
    },
  };
}
