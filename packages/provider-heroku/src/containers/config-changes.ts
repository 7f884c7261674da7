import { isRedacted, type Redacted, reveal } from "@deploy/core";
import { type ConfigVars, fingerprint, type Marker } from "../ownership.js";

/** Config as a release wants it, beside what there is. */
export interface ConfigInput {
  readonly config: Readonly<Record<string, string | Redacted>>;
  readonly vars: ConfigVars;
  readonly marker: Pick<Marker, "config" | "secrets">;
  /** Names that Heroku says belong to add-ons: never written, never removed. */
  readonly ofAddons: ReadonlySet<string>;
}

/** What has to happen to config vars, in the order in which it has to. */
export interface ConfigChanges {
  /** Before the code: new names and new values, so that new code finds what it needs. */
  readonly set: Readonly<Record<string, string>>;
  /** After the code: names of ours that are no longer declared, which the old code may have needed. */
  readonly remove: readonly string[];
  /** Names that somebody else has set, to another value. */
  readonly foreign: readonly string[];
}

/** Compares config with an app's vars. */
export function configChanges({ config, vars, marker, ofAddons }: ConfigInput): ConfigChanges {
  const ours = new Set([...marker.config, ...Object.keys(marker.secrets)]);
  const set: Record<string, string> = {};
  const foreign: string[] = [];
  for (const [name, wanted] of Object.entries(config)) {
    const value = textOf(wanted);
    if (vars[name] === value || ofAddons.has(name)) continue;
    if (vars[name] === undefined || ours.has(name)) set[name] = value;
    else foreign.push(name);
  }
  const remove = marker.config.filter(
    (name) => !Object.hasOwn(config, name) && Object.hasOwn(vars, name) && !ofAddons.has(name),
  );
  return { set, remove, foreign };
}

/** A value in clear, for Heroku alone. */
function textOf(value: string | Redacted): string {
  return isRedacted(value) ? String(reveal(value as Redacted)) : value;
}

/** Names whose values came as secrets: they are shown nowhere. */
export function sensitiveNames(config: ConfigInput["config"]): readonly string[] {
  return Object.keys(config)
    .filter((name) => isRedacted(config[name]))
    .sort();
}

/** The version of a value that may not be shown. */
export function versionOf(marker: Marker, name: string, value: string | null | undefined): string {
  return fingerprint(marker.key, name, value ?? "");
}
