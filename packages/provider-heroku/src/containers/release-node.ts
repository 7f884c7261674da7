import {
  type AnyResource,
  type Context,
  type FieldChange,
  type Foreign,
  isRedacted,
  type Late,
  type Out,
  output,
  type Redacted,
  type ReleaseSpec,
  type Resource,
  type Scope,
  type SecretReference,
  UNKNOWN,
} from "@deploy/core";
import type { Sources } from "../images/sources.js";
import { idOf, providerName } from "../names.js";
import { isOurs, readMarker } from "../ownership.js";
import { readAddons, readConfigVars } from "../reads.js";
import { appResource } from "../servers.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { changeRelease, commandsDiffer } from "./change-set.js";
import { configChanges, versionOf } from "./config-changes.js";
import { pipelineResources } from "./pipeline.js";
import { stable } from "./spec-variable.js";
import { type ReleaseState, readParts, stateOf } from "./state.js";
import { primaryOf, type Wanted } from "./wanted.js";

/** What a release consists of, with late leaves. */
export interface ReleaseContent {
  readonly image: { readonly digest: string; readonly location: string };
  readonly config: Readonly<Record<string, string | Redacted>>;
  /** Config vars already: Heroku makes a release of each that is stored, which is this one unless more has changed. */
  readonly secrets: readonly SecretReference[];
  readonly processes: Wanted["processes"];
}

/**
 * Milliseconds for a release: a build of 26 hours at most, and three versions in each of which Heroku gives the release
 * command an hour. The waits themselves find out what hangs.
 */
const longestReleaseMs = 30 * 60 * 60_000;

type Observed = ReleaseState & { readonly ofAddons: readonly string[] };

/** The release as a node of the plan: its update is the whole change set, see {@link changeRelease}. */
export function releaseNode(
  own: Surroundings,
  scope: Scope,
  spec: ReleaseSpec,
  sources: Sources,
  after: readonly AnyResource[],
): Resource<ReleaseContent, Observed> {
  const app = appOf(own, scope);
  const processes = spec.processes.map(({ instances: _instances, ...process }) => process);
  const primary = primaryOf(processes);
  const releaseCommand = spec.releaseCommand?.command;
  // A rollback says nothing about the release command: the old code brings its own.
  const repeats = spec.origin.repeats !== undefined;
  const id = idOf("containers", app, "release");

  const read = async (context: Context): Promise<Observed | Foreign<Observed> | undefined> => {
    const [parts, addons, vars] = await Promise.all([
      readParts(own, context, scope, primary),
      readAddons(own, context, scope),
      readConfigVars(own, context, scope),
    ]);
    const marker = readMarker(vars);
    const ofAddons = (addons ?? []).flatMap((addon) => addon.config_vars);
    const state = stateOf(scope, parts, primary);
    if (vars !== undefined && isOurs(marker, scope)) {
      const { foreign } = configChanges({
        config: plainConfig(spec),
        vars,
        marker,
        ofAddons: new Set(ofAddons),
      });
      if (foreign.length > 0) {
        const description = `config vars ${foreign.join(", ")} of ${app} were set by hand or by another tool`;
        return {
          foreign: true,
          description,
          ...(state === undefined ? {} : { observed: { ...state, ofAddons } }),
        };
      }
    }
    return state === undefined ? undefined : { ...state, ofAddons };
  };
  const change = async (
    context: Context,
    desired: ReleaseContent,
    take: readonly string[],
  ): Promise<Observed> => {
    const wanted: Wanted = {
      digest: desired.image.digest,
      location: desired.image.location,
      config: desired.config,
      processes: desired.processes,
      jobs: spec.jobs,
      origin: spec.origin,
      ...(releaseCommand === undefined ? {} : { releaseCommand }),
    };
    const again = spec.rerunReleaseCommand === true;
    const state = await changeRelease(own, context, scope, wanted, sources, { again, take });
    return { ...state, ofAddons: [] };
  };

  return {
    id,
    label: "release",
    provider: providerName,
    element: "containers",
    verb: "release",
    renews: true,
    mayTake: longestReleaseMs,
    desired: {
      image: spec.image,
      config: spec.config,
      secrets: spec.secrets,
      processes,
    } as Resource<ReleaseContent>["desired"],
    after: [
      appResource(own, scope) as AnyResource,
      ...pipelineResources(own, scope),
      ...spec.after,
      ...after,
    ],
    read,
    diff(desired, observed) {
      const changes: FieldChange[] = [];
      const { image, config, secrets } = desired as Exclude<typeof desired, symbol>;
      const digest = image === UNKNOWN ? UNKNOWN : image.digest;
      if (digest === UNKNOWN) changes.push({ path: "image", from: observed.digest, unknown: true });
      else if (digest !== observed.digest) changes.push({ path: "image", from: observed.digest, to: digest });
      changes.push(...configDifferences(config, observed, spec));
      changes.push(...secretDifferences(secrets, observed));
      if (observed.unserved !== undefined) {
        changes.push({ path: "release", from: `v${observed.unserved} failed`, to: "again" });
      }
      const before = observed.record;
      if (before === undefined) changes.push({ path: "processes", to: processes.map(({ name }) => name) });
      else if (stable(before.processes) !== stable(processes)) {
        changes.push({ path: "processes", from: before.processes, to: processes });
      }
      if (
        !repeats &&
        before !== undefined &&
        stable(before.release ?? null) !== stable(releaseCommand ?? null)
      ) {
        changes.push({ path: "release", from: before.release, to: releaseCommand });
      }
      if (spec.rerunReleaseCommand === true) changes.push({ path: "release", to: "again" });
      return changes;
    },
    create: (context, desired) => change(context, desired, []),
    update: (context, desired) => change(context, desired, []),
    async adopt(context) {
      const names = Object.keys(plainConfig(spec));
      await own.config.change(context, scope, {
        set: {},
        mark: (marker, { vars }) => ({
          ...marker,
          config: [
            ...new Set([...marker.config, ...names.filter((name) => Object.hasOwn(vars, name))]),
          ].sort(),
        }),
      });
      return (await read({ ...context, shared: (_key, load) => load() })) as Observed;
    },
  };
}

/** The number which a release will have, known before it is made: what a backup is called after. */
export function numberBefore(
  own: Surroundings,
  scope: Scope,
  release: Resource<ReleaseContent, Observed>,
): { readonly node: AnyResource; readonly number: Out<number> } {
  const announced: Resource<ReleaseContent, Observed> = {
    ...release,
    id: idOf("containers", appOf(own, scope), "next-release"),
    label: "number of the release",
    verb: "announce",
    create: async () => ({ number: 1 }) as Observed,
    // The config vars are a release of their own as soon as one of them changes.
    update: async (_context, desired, observed) => ({
      ...observed,
      number: observed.number + (hasNewConfig(desired, observed) ? 2 : 1),
    }),
  };
  return { node: announced as AnyResource, number: output(announced, (observed) => observed.number) };
}

function hasNewConfig(desired: ReleaseContent, observed: Observed): boolean {
  const { vars, marker, ofAddons } = observed;
  const { set } = configChanges({ config: desired.config, vars, marker, ofAddons: new Set(ofAddons) });
  return Object.keys(set).length > 0 || commandsDiffer(observed.record, { processes: desired.processes });
}

/** Secrets that were stored, or are to be, since the state that was observed. */
function secretDifferences(
  secrets: Late<ReleaseContent["secrets"]>,
  { vars, marker }: Observed,
): readonly FieldChange[] {
  if (secrets === UNKNOWN || secrets.some((one) => one === UNKNOWN)) {
    return [{ path: "secrets", unknown: true }];
  }
  return (secrets as ReleaseContent["secrets"]).flatMap(({ name, version }) => {
    if (!Object.hasOwn(vars, name)) return [{ path: `secrets.${name}` }];
    // One that was masked has its version in the marker, one that was changed by hand in its value.
    const known = [marker.secrets[name]?.version, versionOf(marker, name, vars[name])];
    return known.includes(version) ? [] : [{ path: `secrets.${name}` }];
  });
}

/** Config whose value is known without any call. */
function plainConfig(spec: ReleaseSpec): Record<string, string> {
  return Object.fromEntries(
    Object.entries(spec.config).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function configDifferences(
  config: Late<ReleaseContent["config"]>,
  observed: Observed,
  spec: ReleaseSpec,
): readonly FieldChange[] {
  if (config === UNKNOWN) return [{ path: "config", unknown: true }];
  const { vars, marker, ofAddons } = observed;
  const changes: FieldChange[] = [];
  const known: Record<string, string | Redacted> = {};
  for (const [name, value] of Object.entries(config)) {
    if (value !== UNKNOWN) known[name] = value as string | Redacted;
    else if (!ofAddons.includes(name)) changes.push({ path: `config.${name}`, unknown: true });
  }
  const found = configChanges({ config: known, vars, marker, ofAddons: new Set(ofAddons) });
  for (const [name, to] of Object.entries(found.set)) {
    const hidden = isRedacted(known[name]) || observed.record?.sensitive.includes(name) === true;
    changes.push({ path: `config.${name}`, ...(hidden ? {} : { from: vars[name] ?? undefined, to }) });
  }
  const kept = new Map((spec.sensitiveConfig ?? []).map(({ name, version }) => [name, version]));
  for (const [name, version] of kept) {
    if (versionOf(marker, name, vars[name]) !== version) changes.push({ path: `config.${name}` });
  }
  for (const name of found.remove) {
    if (kept.has(name) || Object.hasOwn(config, name)) continue;
    const hidden = observed.record?.sensitive.includes(name) === true;
    changes.push({ path: `config.${name}`, ...(hidden ? {} : { from: vars[name] ?? undefined }) });
  }
  return changes;
}
