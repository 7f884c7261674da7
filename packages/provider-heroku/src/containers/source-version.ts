import type { ReleaseOrigin } from "@deploy/core";
import type { HerokuBuild } from "../api-types.js";

/**
 * What a build is told about its source, in the one field that Heroku stores and shows: the commit first, so that
 * `heroku releases` says `Deploy de63889`, then our digest.
 */
export function writeVersion(digest: string, origin: ReleaseOrigin): string {
  const commit = origin.commit ?? digest.slice(7, 15);
  return `${commit}${origin.dirty === true ? "-dirty" : ""}+${digest.replace(":", "-")}`;
}

/** Reads what {@link writeVersion} wrote; undefined for a build of somebody else. */
export function readVersion(
  source: Pick<HerokuBuild["source_blob"], "version" | "version_description">,
  author: string,
): { readonly digest: string; readonly origin: ReleaseOrigin } | undefined {
  const found = /^([0-9a-f]+)(-dirty)?\+(sha256)-([0-9a-f]{64})$/.exec(source.version ?? "");
  if (found === null) return undefined;
  const [, commit = "", dirty, , hex = ""] = found;
  const message = source.version_description ?? undefined;
  return {
    digest: `sha256:${hex}`,
    origin: {
      author,
      // Without version control the digest stands where the commit would.
      ...(hex.startsWith(commit) ? {} : { commit }),
      ...(dirty === undefined ? {} : { dirty: true }),
      ...(message === undefined || message === "" ? {} : { message }),
    },
  };
}
