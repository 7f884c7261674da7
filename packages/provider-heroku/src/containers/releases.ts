import type { Context, Release, ReleaseOrigin, Scope, StoredRelease } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuBuild, HerokuRelease } from "../api-types.js";
import { unlessMissing } from "../errors.js";
import { registryOf } from "../images/images.js";
import { writeLocation } from "../images/locations.js";
import type { StoredImage } from "../images/registry.js";
import { type ConfigVars, isOurs, type Marker, readMarker, reservedPrefix } from "../ownership.js";
import { readReleases } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { versionOf } from "./config-changes.js";
import { labelsOf } from "./labels.js";
import { codeOf, codeOrigin, currentRelease, imagesIn, rolledBackTo } from "./release-history.js";
import { unknownRelease } from "./roll-back.js";
import { readVersion } from "./source-version.js";
import { type ReleaseRecord, readRecord } from "./spec-variable.js";
import { listBuilds } from "./state.js";
import { primaryOf } from "./wanted.js";

/** Releases whose config is looked at: each is a call of its own, of 75 that come back in a minute. */
const mostShown = 20;

/** A version at Heroku, with what it consisted of. */
interface Version {
  readonly release: HerokuRelease;
  readonly vars: ConfigVars;
  readonly marker: Marker;
  readonly record: ReleaseRecord | undefined;
  readonly code: HerokuRelease | undefined;
}

/** Remembers what can never change: the config vars of a release, by its id. At most {@link mostRemembered}. */
export type ConfigMemory = Map<string, ConfigVars>;
const mostRemembered = 200;

/**
 * Releases of a scope, newest first, by Heroku's own numbers.
 *
 * A change set makes up to three versions at Heroku: config that comes, code, config that goes. They are one release,
 * with the number of the last, so that going back never ends between two of them.
 */
export async function listOurReleases(
  own: Surroundings,
  context: Context,
  scope: Scope,
  memory: ConfigMemory,
): Promise<readonly Release[]> {
  return (await describeReleases(own, context, scope, memory)).map(({ release }) => release);
}

/** What a rollback to `number` finds. */
export async function storedRelease(
  own: Surroundings,
  context: Context,
  scope: Scope,
  number: number,
  memory: ConfigMemory,
): Promise<StoredRelease> {
  const found = (await describeReleases(own, context, scope, memory)).find(
    ({ release }) => release.number === number,
  );
  if (found === undefined) throw unknownRelease(appOf(own, scope), number);
  const { release, version } = found;
  const { record, vars, marker } = version;
  return {
    release,
    processes: record?.processes ?? [],
    jobs: record?.jobs ?? [],
    sensitiveConfig: (record?.sensitive ?? [])
      .filter((name) => marker.config.includes(name))
      .map((name) => ({ name, version: versionOf(marker, name, vars[name]) })),
  };
}

interface Described {
  readonly release: Release;
  readonly version: Version;
}

async function describeReleases(
  own: Surroundings,
  context: Context,
  scope: Scope,
  memory: ConfigMemory,
): Promise<readonly Described[]> {
  const app = appOf(own, scope);
  const [releases = [], builds] = await Promise.all([
    readReleases(own, context, scope),
    listBuilds(own, context, scope),
  ]);
  const shown = releases.slice(0, mostShown);
  const versions = (
    await Promise.all(
      shown.map(async (release): Promise<Version[]> => {
        const vars = await configOf(own, context, app, release, memory);
        const marker = readMarker(vars);
        if (vars === undefined || !isOurs(marker, scope)) return [];
        return [{ release, vars, marker, record: readRecord(vars), code: codeOf(releases, release) }];
      }),
    )
  ).flat();
  const current = currentRelease(releases);
  const ends = versions.filter((version, index) => isEnd(version, versions[index - 1], versions[index + 1]));
  const digests = await imageDigests(own, context, app, ends, builds);
  return ends.map((version) => ({ version, release: describe(app, version, current, digests) }));
}

async function configOf(
  own: Surroundings,
  context: Context,
  app: string,
  release: HerokuRelease,
  memory: ConfigMemory,
): Promise<ConfigVars | undefined> {
  const known = memory.get(release.id);
  if (known !== undefined) return known;
  const vars = await unlessMissing(
    own.api.get<ConfigVars>(context, path`/apps/${app}/releases/${release.id}/config-vars`),
  );
  if (vars !== undefined && release.status !== "pending") {
    if (memory.size >= mostRemembered) memory.clear();
    memory.set(release.id, vars);
  }
  return vars;
}

/**
 * Whether a version is the last of its change set. `next` is the newer one, `before` the older one.
 *
 * Config that was set for code which came right after it, and code after which config went, are not. A secret that was
 * stored is a version of its own as long as nothing newer is there; then it counts as the beginning of what is newer,
 * and what was before it keeps its own secret.
 */
function isEnd(version: Version, next: Version | undefined, before: Version | undefined): boolean {
  if (version.record === undefined) return false;
  const origin = codeOrigin(version.release);
  const failed = version.release.status === "failed" || version.release.status === "expired";
  // Config in front of the very first code, or code that failed without any before it.
  if (version.code === undefined) return failed;
  if (next === undefined) return true;
  const nextOrigin = codeOrigin(next.release);
  if (failed) return origin !== undefined || nextOrigin === undefined;
  const storedSecret =
    before !== undefined &&
    origin === undefined &&
    isSameRecord(version, before) &&
    !isSameSecrets(version, before);
  if (storedSecret) return false;
  if (nextOrigin === "rollback" || !isSameSecrets(version, next)) return true;
  // Config after code is part of it when it says the same: it only takes away, or was changed by hand.
  if (nextOrigin === undefined) return !isSameRecord(version, next);
  // Code after config: the config was set for it when it says so, and no code was released with it before.
  const wasSetForIt =
    version.record.ahead === true &&
    origin === undefined &&
    isSameRecord(version, next) &&
    !(before !== undefined && isSameRecord(version, before));
  return !wasSetForIt;
}

function isSameRecord(one: Version, other: Version): boolean {
  return JSON.stringify(one.record) === JSON.stringify(other.record);
}

function isSameSecrets(one: Version, other: Version): boolean {
  const versions = ({ marker }: Version): string =>
    JSON.stringify(Object.entries(marker.secrets).map(([name, { version }]) => [name, version]));
  return versions(one) === versions(other);
}

type Digests = ReadonlyMap<string, { readonly digest: string; readonly origin?: ReleaseOrigin }>;

/** Digest and origin of the code of each version, as far as builds, labels and records tell. */
async function imageDigests(
  own: Surroundings,
  context: Context,
  app: string,
  versions: readonly Version[],
  builds: readonly HerokuBuild[],
): Promise<Digests> {
  const found = new Map<string, { digest: string; origin?: ReleaseOrigin }>();
  const codes = new Map(
    versions.flatMap((one) => (one.code === undefined ? [] : [[one.code.id, one] as const])),
  );
  await Promise.all(
    [...codes.values()].map(async (version) => {
      const code = version.code!;
      const build = builds.find((one) => one.release?.id === code.id);
      const said = build === undefined ? undefined : readVersion(build.source_blob, build.user.email);
      if (said !== undefined) return void found.set(code.id, said);
      const [tag] = imagesIn(code.description);
      if (codeOrigin(code) === "images" && tag !== undefined) {
        const repository = `${app}/${primaryOf(version.record?.processes ?? [])}`;
        const image = await imageOf(own, context, repository, tag);
        const labels = image === undefined ? {} : labelsOf(image);
        if (labels.content !== undefined) {
          const origin = labels.origin === undefined ? {} : { origin: labels.origin };
          return void found.set(code.id, { digest: labels.content, ...origin });
        }
        return void found.set(code.id, { digest: `sha256:${tag}` });
      }
      const { record } = version;
      if (record !== undefined) found.set(code.id, { digest: record.image, origin: record.origin });
    }),
  );
  return found;
}

/** An image by the beginning of its id: under the tag of it, or, where the registry took no such tag, the newest. */
async function imageOf(
  own: Surroundings,
  context: Context,
  repository: string,
  id: string,
): Promise<StoredImage | undefined> {
  const registry = registryOf(own, context);
  for (const tag of [id, "latest"]) {
    const found = await registry.find(context, repository, tag).catch(() => undefined);
    if (found?.manifest.config.digest.startsWith(`sha256:${id}`) === true) return found;
  }
  return undefined;
}

function describe(
  app: string,
  version: Version,
  current: HerokuRelease | undefined,
  digests: Digests,
): Release {
  const { release, vars, marker, record, code } = version;
  const image = code === undefined ? undefined : digests.get(code.id);
  const hidden = new Set([...(record?.sensitive ?? []), ...Object.keys(marker.secrets)]);
  const config = marker.config.filter((name) => !hidden.has(name) && !name.startsWith(reservedPrefix));
  const state = stateOf(release, current);
  return {
    number: release.version,
    state,
    image: {
      digest: image?.digest ?? record?.image ?? "",
      location: writeLocation({ kind: "release", app, version: release.version }, ""),
    },
    config: Object.fromEntries(config.flatMap((name) => (vars[name] == null ? [] : [[name, vars[name]]]))),
    secrets: Object.entries(marker.secrets).map(([name, { version: of }]) => ({ name, version: of })),
    // The record speaks for the code it was written for; code that was released alone speaks for itself.
    origin: originOf(release, record, record?.image === image?.digest ? undefined : image?.origin),
    createdAt: new Date(release.created_at).toISOString(),
    description: release.description,
    ...(state === "failed" ? { failure: failureOf(release) } : {}),
  };
}

function stateOf(release: HerokuRelease, current: HerokuRelease | undefined): Release["state"] {
  if (release.status === "pending") return "pending";
  if (release.status !== "succeeded") return "failed";
  return release.id === current?.id ? "active" : "superseded";
}

function originOf(
  release: HerokuRelease,
  record: ReleaseRecord | undefined,
  image: ReleaseOrigin | undefined,
): ReleaseOrigin {
  const repeats = rolledBackTo(release);
  // Who made the release is who Heroku says; what was released is what the image says.
  const { repeats: _repeats, ...origin } = image ?? record?.origin ?? { author: release.user.email };
  const author = origin.author === "" ? release.user.email : origin.author;
  if (repeats === undefined) return { ...origin, author };
  return { ...origin, author: release.user.email, message: release.description, repeats };
}

function failureOf(release: HerokuRelease): string {
  return release.status === "expired"
    ? "It has expired: Heroku gave it up, or has deleted what it ran."
    : `${release.description}: its release command failed.`;
}
