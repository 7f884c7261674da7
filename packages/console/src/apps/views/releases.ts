import type { Release } from "@deploy/core";
import type {
  DeployOverview,
  NameChanges,
  ReleaseDetail,
  ReleaseDiff,
  ReleaseView,
} from "../../shared/app-types.js";

/** The release that was made last; null: there is none. */
export function lastDeploy(releases: readonly Release[]): DeployOverview | null {
  const newest = newestFirst(releases)[0];
  if (newest === undefined) return null;
  const { commit, message, author } = newest.origin;
  return {
    release: newest.number,
    state: newest.state,
    at: Date.parse(newest.createdAt),
    author,
    ...(commit === undefined ? {} : { commit }),
    ...(message === undefined ? {} : { message }),
  };
}

/** All releases, newest first, each against the one that served before it. */
export function releaseViews(releases: readonly Release[]): readonly ReleaseView[] {
  const sorted = newestFirst(releases);
  return sorted.map((release) => releaseView(release, servedBefore(sorted, release)));
}

/** One release in full; undefined: there is none of this number. */
export function releaseDetail(releases: readonly Release[], number: number): ReleaseDetail | undefined {
  const release = releases.find((one) => one.number === number);
  if (release === undefined) return undefined;
  return {
    ...releaseView(release, servedBefore(newestFirst(releases), release)),
    config: Object.keys(release.config).sort(),
    secrets: release.secrets.map(({ name, version }) => ({ name, version })).sort(byName),
    location: release.image.location,
  };
}

/** The number that a rollback without a number goes to: as the deployer chooses it. */
export function rollbackTarget(releases: readonly Release[]): number | undefined {
  const active = releases.find(({ state }) => state === "active");
  const present = active === undefined ? Number.POSITIVE_INFINITY : (active.origin.repeats ?? active.number);
  return newestFirst(releases).find(({ state, number }) => state === "superseded" && number < present)
    ?.number;
}

function newestFirst(releases: readonly Release[]): readonly Release[] {
  return [...releases].sort((one, other) => other.number - one.number);
}

/** A release that failed has changed nothing that the next one could differ from. */
function servedBefore(sorted: readonly Release[], release: Release): Release | undefined {
  return sorted.find(
    ({ number, state }) => number < release.number && (state === "superseded" || state === "active"),
  );
}

function releaseView(release: Release, before: Release | undefined): ReleaseView {
  const { number, state, origin, description, failure, image } = release;
  const { author, commit, dirty, message, repeats, promotedFrom } = origin;
  return {
    number,
    state,
    at: Date.parse(release.createdAt),
    author,
    image: image.digest,
    ...(commit === undefined ? {} : { commit }),
    ...(dirty === undefined ? {} : { dirty }),
    ...(message === undefined ? {} : { message }),
    ...(repeats === undefined ? {} : { repeats }),
    ...(promotedFrom === undefined ? {} : { promotedFrom }),
    ...(description === undefined ? {} : { description }),
    ...(failure === undefined ? {} : { failure }),
    ...(before === undefined ? {} : { diff: releaseDiff(before, release) }),
  };
}

/** What changed from one release to the other: names, digests, versions; no value of anything. */
function releaseDiff(before: Release, after: Release): ReleaseDiff {
  const { commit: from } = before.origin;
  const { commit: to } = after.origin;
  return {
    from: before.number,
    ...(before.image.digest === after.image.digest
      ? {}
      : { image: { before: before.image.digest, after: after.image.digest } }),
    config: nameChanges(new Map(Object.entries(before.config)), new Map(Object.entries(after.config))),
    secrets: nameChanges(versionsOf(before), versionsOf(after)),
    ...(from === undefined || to === undefined || from === to ? {} : { commits: { from, to } }),
  };
}

function versionsOf(release: Release): ReadonlyMap<string, string> {
  return new Map(release.secrets.map(({ name, version }) => [name, version]));
}

function nameChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): NameChanges {
  const names = [...after.keys()].sort();
  return {
    added: names.filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)).sort(),
    changed: names.filter((name) => before.has(name) && before.get(name) !== after.get(name)),
  };
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}
