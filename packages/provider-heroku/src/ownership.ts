import { createHmac, randomBytes } from "node:crypto";
import type { Foreign, Scope } from "@deploy/core";

/**
 * The config var which says that an app is ours. Heroku has no tags on apps, so its absence means "not ours".
 *
 * It travels in the same PATCH as the vars it speaks of, because each PATCH is a release and a restart.
 */
export const markerVariable = "DEPLOY_OWNER";

/** Names of config vars beginning with this are this provider's own: nobody may declare one. */
export const reservedPrefix = "DEPLOY_";

/** A secret as the marker remembers it: never its value. */
export interface MarkedSecret {
  /** Keyed fingerprint of the value: see {@link fingerprint}. */
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by?: string;
}

/** What the marker says. */
export interface Marker {
  readonly app: string;
  readonly environment: string;
  /** Random, the same for as long as the app lives: what fingerprints are keyed with. */
  readonly key: string;
  /** Names of the config vars that are ours; whatever else there is belongs to add-ons or to somebody else. */
  readonly config: readonly string[];
  readonly secrets: Readonly<Record<string, MarkedSecret>>;
  /** Hosts that the app had when it was adopted: they stay, unless the configuration declares them. */
  readonly found?: readonly string[];
}

/** Values of an app's config vars by name. */
export type ConfigVars = Readonly<Record<string, string | null>>;

/** A new marker, without any names. */
export function newMarker(scope: Scope): Marker {
  const { app, environment } = scope;
  return { app, environment, key: randomBytes(18).toString("base64url"), config: [], secrets: {} };
}

/** The marker as the value of its config var. */
export function writeMarker(marker: Marker): string {
  return JSON.stringify({ v: 1, ...marker });
}

/** The marker among config vars; undefined where there is none, or none that can be read. */
export function readMarker(vars: ConfigVars | undefined): Marker | undefined {
  const text = vars?.[markerVariable];
  if (typeof text !== "string") return undefined;
  try {
    const data = JSON.parse(text) as Partial<Marker> & { v?: unknown };
    const { app, environment, key } = data;
    if (
      data.v !== 1 ||
      typeof app !== "string" ||
      typeof environment !== "string" ||
      typeof key !== "string"
    ) {
      return undefined;
    }
    const { config = [], secrets = {}, found } = data;
    return { app, environment, key, config, secrets, ...(found === undefined ? {} : { found }) };
  } catch {
    return undefined;
  }
}

/** Whether the marker is of this scope. */
export function isOurs(marker: Marker | undefined, scope: Scope): marker is Marker {
  return marker !== undefined && marker.app === scope.app && marker.environment === scope.environment;
}

/** Whose an app without our marker seems to be, in one clause. */
export function foreignApp(marker: Marker | undefined, owner: string): Foreign {
  const description =
    marker === undefined
      ? `an app of ${owner} that was not made by Deploy`
      : `it is ${marker.environment} of the app ${marker.app} in Deploy`;
  return { foreign: true, description };
}

/**
 * The version of a secret value: twelve characters of an HMAC, so that equal values have equal versions and a short
 * value cannot be found by trying without the key, which only those hold who may read the value itself.
 */
export function fingerprint(key: string, name: string, value: string): string {
  return createHmac("sha256", key).update(`${name}\0${value}`).digest("base64url").slice(0, 12);
}
