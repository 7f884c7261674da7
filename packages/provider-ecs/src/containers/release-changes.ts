import {
  type FieldChange,
  isRedacted,
  type Late,
  type Redacted,
  type ReleaseSpec,
  type Scope,
  type SecretReference,
  UNKNOWN,
} from "@deploy/core";
import { stableText } from "./families.js";
import type { DesiredRelease, ObservedRelease } from "./release-node.js";
import { fingerprintOf } from "./sensitive-config.js";

/** What makes the desired release another one than the newest. */
export function releaseChanges(
  scope: Scope,
  spec: ReleaseSpec,
  desired: Exclude<Late<DesiredRelease>, typeof UNKNOWN>,
  observed: ObservedRelease,
): FieldChange[] {
  const changes: FieldChange[] = [];
  const compare = (path: string, from: unknown, to: unknown): void => {
    if (hasUnknown(to)) changes.push({ path, from, unknown: true });
    else if (stableText(from) !== stableText(to)) changes.push({ path, from, to });
  };
  if (observed.failure !== undefined) changes.push({ path: "state", from: "failed", to: "released again" });
  const image = desired.image === UNKNOWN ? UNKNOWN : desired.image.digest;
  compare("image", shorten(observed.image.digest), image === UNKNOWN ? UNKNOWN : shorten(image));
  compareConfig(scope, spec, desired.config, observed, compare, changes);
  compareNamed("secrets", withoutLocation(observed.secrets), withoutLocation(desired.secrets), compare);
  compareNamed("processes", observed.processes, desired.processes, compare);
  compareNamed("jobs", observed.jobs, desired.jobs, compare);
  const platform =
    desired.platform === UNKNOWN ? {} : (desired.platform as Readonly<Record<string, unknown>>);
  for (const [name, value] of Object.entries(platform))
    compare(`platform.${name}`, observed.platform[name], value);
  return changes;
}

type Compare = (path: string, from: unknown, to: unknown) => void;

function compareConfig(
  scope: Scope,
  spec: ReleaseSpec,
  desired: Late<DesiredRelease["config"]>,
  observed: ObservedRelease,
  compare: Compare,
  changes: FieldChange[],
): void {
  const config = (desired === UNKNOWN ? {} : desired) as Readonly<Record<string, unknown>>;
  const versions: Record<string, string> = {};
  for (const { name, version } of spec.sensitiveConfig ?? []) versions[name] = version;
  for (const [name, value] of Object.entries(config)) {
    if (isRedacted(value)) versions[name] = fingerprintOf(scope, name, value as Redacted).version;
    else compare(`config.${name}`, observed.config[name], value);
  }
  for (const name of Object.keys(observed.config)) {
    if (!(name in config)) changes.push({ path: `config.${name}`, from: observed.config[name] });
  }
  const stored = Object.fromEntries(observed.sensitive.map(({ name, version }) => [name, version]));
  for (const name of new Set([...Object.keys(stored), ...Object.keys(versions)])) {
    if (config[name] === UNKNOWN) continue;
    if (stored[name] !== versions[name]) {
      changes.push({
        path: `config.${name}`,
        ...(name in stored ? { from: "<redacted>" } : {}),
        ...(name in versions ? { to: "<redacted>" } : {}),
      });
    }
  }
}

/** Where a secret lies follows from its name and version. */
function withoutLocation(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((one: unknown) => {
    if (one === UNKNOWN) return one;
    const { name, version } = one as SecretReference;
    return { name, version };
  });
}

function compareNamed(path: string, observed: unknown, desired: unknown, compare: Compare): void {
  if (desired === UNKNOWN) {
    compare(path, "present", UNKNOWN);
    return;
  }
  const list = desired as readonly unknown[];
  const before = observed as readonly { readonly name: string }[];
  // A late entry has no name yet: it is one that is being stored in this very run.
  if (list.includes(UNKNOWN))
    compare(
      path,
      before.map((one) => one.name),
      UNKNOWN,
    );
  const named = new Map(
    list.flatMap((one) =>
      one === UNKNOWN ? [] : [[(one as { name: string }).name, one as object] as const],
    ),
  );
  for (const name of new Set([...before.map((one) => one.name), ...named.keys()])) {
    const from = before.find((one) => one.name === name);
    const to = named.get(name);
    if (to === undefined && list.includes(UNKNOWN)) continue;
    if (from === undefined || to === undefined) {
      compare(`${path}.${name}`, from && "present", to && "present");
      continue;
    }
    for (const field of new Set([...Object.keys(from), ...Object.keys(to)])) {
      compare(`${path}.${name}.${field}`, Reflect.get(from, field), Reflect.get(to, field));
    }
  }
}

function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}

function shorten(digest: string): string {
  return digest.slice(0, 19);
}
