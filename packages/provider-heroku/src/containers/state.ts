import type { Context, ReleaseOrigin, Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuBuild, HerokuFormation, HerokuRelease } from "../api-types.js";
import { unlessMissing } from "../errors.js";
import { readLatest } from "../images/images.js";
import type { StoredImage } from "../images/registry.js";
import { type ConfigVars, isOurs, type Marker, readMarker } from "../ownership.js";
import { readConfigVars, readFormation, readReleases } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { labelsOf } from "./labels.js";
import { codeOf, codeOrigin, currentRelease, imagesIn } from "./release-history.js";
import { readVersion } from "./source-version.js";
import { type ReleaseRecord, readRecord } from "./spec-variable.js";

/** What an app of ours runs, as far as Heroku says it. */
export interface ReleaseState {
  /** The newest version that succeeded. */
  readonly number: number;
  /** Digest of the source that its code was built from; undefined where nothing of ours says it. */
  readonly digest: string | undefined;
  readonly origin: ReleaseOrigin | undefined;
  readonly vars: ConfigVars;
  readonly marker: Marker;
  readonly record: ReleaseRecord | undefined;
  /** Process types which have code. */
  readonly types: readonly string[];
  /** The newest version, when it is config whose release failed: the vars are set, and no dyno has them. */
  readonly unserved?: number;
}

/** Builds that are looked at: those of the newest releases. */
const recentBuilds = 50;

/** What a state is made from. */
export interface StateParts {
  readonly vars: ConfigVars | undefined;
  readonly releases: readonly HerokuRelease[] | undefined;
  readonly formation: readonly HerokuFormation[] | undefined;
  readonly builds: readonly HerokuBuild[];
  readonly latest: StoredImage | undefined;
}

/** The newest builds, newest first. */
export async function listBuilds(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly HerokuBuild[]> {
  const app = appOf(own, scope);
  const found = await unlessMissing(
    own.api.list<HerokuBuild>(context, path`/apps/${app}/builds`, {
      by: "started_at",
      order: "desc",
      limit: recentBuilds,
    }),
  );
  return [...(found ?? [])].sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
}

/** The parts of a state, all asked for at once and once per plan. */
export async function readParts(
  own: Surroundings,
  context: Context,
  scope: Scope,
  primary: string,
): Promise<StateParts> {
  const app = appOf(own, scope);
  const there = own.options.build === "there";
  const [vars, releases, formation, builds, latest] = await Promise.all([
    readConfigVars(own, context, scope),
    readReleases(own, context, scope),
    readFormation(own, context, scope),
    there ? context.shared(`heroku/${app}/builds`, () => listBuilds(own, context, scope)) : [],
    there ? undefined : readLatest(own, context, `${app}/${primary}`),
  ]);
  return { vars, releases, formation, builds, latest };
}

/** The state of an app of ours that has code; undefined before the first release of code. */
export function stateOf(scope: Scope, parts: StateParts, primary: string): ReleaseState | undefined {
  const { vars, releases = [], formation = [] } = parts;
  const marker = readMarker(vars);
  if (vars === undefined || !isOurs(marker, scope)) return undefined;
  const current = currentRelease(releases);
  const code = current === undefined ? undefined : codeOf(releases, current);
  if (current === undefined || code === undefined) return undefined;
  const record = readRecord(vars);
  const [newest = current] = releases;
  const isUnserved =
    (newest.status === "failed" || newest.status === "expired") && codeOrigin(newest) === undefined;
  return {
    number: current.version,
    ...(isUnserved ? { unserved: newest.version } : {}),
    ...codeDetails(code, parts, record, primary),
    vars,
    marker,
    record,
    types: formation.map(({ type }) => type),
  };
}

function codeDetails(
  code: HerokuRelease,
  { builds, latest, formation = [] }: StateParts,
  record: ReleaseRecord | undefined,
  primary: string,
): Pick<ReleaseState, "digest" | "origin"> {
  const nothing = { digest: undefined, origin: undefined };
  switch (codeOrigin(code)) {
    case "build": {
      const build = builds.find((one) => one.release?.id === code.id);
      const said = build === undefined ? undefined : readVersion(build.source_blob, build.user.email);
      return said ?? nothing;
    }
    case "images": {
      if (latest === undefined) return nothing;
      const { digest } = latest.manifest.config;
      const released = formation.find(({ type }) => type === primary)?.docker_image?.id;
      const runs =
        released === undefined
          ? imagesIn(code.description).some((beginning) => digest.startsWith(`sha256:${beginning}`))
          : withoutAlgorithm(released) === withoutAlgorithm(digest);
      if (!runs) return nothing;
      const { content, origin } = labelsOf(latest);
      return { digest: content, origin };
    }
    case "promotion":
      return { digest: record?.image, origin: record?.origin };
    default:
      return nothing;
  }
}

function withoutAlgorithm(digest: string): string {
  return digest.replace(/^sha256:/, "");
}
