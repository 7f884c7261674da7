import type { Context, Scope } from "@deploy/core";
import { type ListOptions, path } from "./api.js";
import type {
  HerokuAddon,
  HerokuApp,
  HerokuDomain,
  HerokuFormation,
  HerokuRelease,
  HerokuSniEndpoint,
} from "./api-types.js";
import { unlessMissing } from "./errors.js";
import { type ConfigVars, isOurs, type Marker, readMarker } from "./ownership.js";
import { appOf, type Surroundings } from "./surroundings.js";

/**
 * The reads which several resources share, each made once per plan. All go by the app's name, which is known before it
 * exists: none waits for another, so that a plan is one wave. What is not there is undefined, or an empty list.
 *
 * @module
 */

/** A list of an app's, once per plan; undefined without the app. */
export function readList<T>(
  own: Surroundings,
  context: Context,
  scope: Scope,
  what: string,
  options?: ListOptions,
): Promise<readonly T[] | undefined> {
  const app = appOf(own, scope);
  return context.shared(`heroku/${app}/${what}`, () =>
    unlessMissing(own.api.list<T>(context, `${path`/apps/${app}`}/${what}`, options)),
  );
}

/** The app itself, once per plan. */
export function readApp(own: Surroundings, context: Context, scope: Scope): Promise<HerokuApp | undefined> {
  const app = appOf(own, scope);
  return context.shared(`heroku/${app}`, () => unlessMissing(readAppNow(own, context, app)));
}

/** An app by name or id, with its generation, and with its lock where the options speak of one. */
export function readAppNow(own: Surroundings, context: Context, app: string): Promise<HerokuApp> {
  // Only the apps of teams know whether they are locked.
  const to = own.options.locked === undefined ? path`/apps/${app}` : path`/teams/apps/${app}`;
  return own.api.get<HerokuApp>(context, to, { version: "3.sdk" });
}

/** Config vars with their values: secrets among them. */
export function readConfigVars(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<ConfigVars | undefined> {
  const app = appOf(own, scope);
  return context.shared(`heroku/${app}/config-vars`, () =>
    unlessMissing(own.api.get<ConfigVars>(context, path`/apps/${app}/config-vars`)),
  );
}

/** The marker of an app that is ours; undefined where it is not there, or not ours. */
export async function readOurMarker(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<Marker | undefined> {
  const marker = readMarker(await readConfigVars(own, context, scope));
  return isOurs(marker, scope) ? marker : undefined;
}

/** Process types with quantity, size and image. */
export function readFormation(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly HerokuFormation[] | undefined> {
  return readList(own, context, scope, "formation", { version: "3.docker-releases" });
}

/** Domains, the app's own at herokuapp.com included. */
export function readDomains(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly HerokuDomain[] | undefined> {
  return readList(own, context, scope, "domains");
}

/** Add-ons of this app, those included that were attached from other apps. */
export function readAddons(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly HerokuAddon[] | undefined> {
  return readList(own, context, scope, "addons");
}

/** Certificates of our own and of Heroku's. */
export function readSniEndpoints(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly HerokuSniEndpoint[] | undefined> {
  return readList(own, context, scope, "sni-endpoints");
}

/** How many of the newest releases a plan looks at. */
const recentReleases = 50;

/** The newest releases, newest first. */
export function readReleases(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<readonly HerokuRelease[] | undefined> {
  return readList(own, context, scope, "releases", {
    version: "3.sdk",
    by: "version",
    order: "desc",
    limit: recentReleases,
  });
}
