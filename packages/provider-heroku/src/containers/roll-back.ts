import { type Context, DeployError, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuRelease } from "../api-types.js";
import { unlessMissing } from "../errors.js";
import { readAddons, readConfigVars } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { rolledBackTo } from "./release-history.js";
import { listReleases, settleRelease } from "./settle-release.js";

/**
 * Heroku's own rollback: code and all config vars of that release come back, as a new release. Add-ons, formation,
 * domains and data stay as they are.
 *
 * Heroku runs the release command of the old code again.
 *
 * @throws `containers.unknown-release`, `containers.not-eligible` for a release whose image is gone, or that failed.
 */
export async function rollBack(
  own: Surroundings,
  context: Context,
  scope: Scope,
  version: number,
): Promise<void> {
  const app = appOf(own, scope);
  const [target, releases] = await Promise.all([
    unlessMissing(
      own.api.get<HerokuRelease>(context, path`/apps/${app}/releases/${version}`, { version: "3.sdk" }),
    ),
    listReleases(own, context, scope),
  ]);
  if (target === undefined) throw unknownRelease(app, version);
  if (target.eligible_for_rollback === false || target.status !== "succeeded") throw notEligible(app, target);
  const newest = releases[0];
  const isSame = (release: HerokuRelease): boolean => rolledBackTo(release) === version;
  // A run that was killed, or an answer that was lost: the same rollback is there already.
  let made = newest !== undefined && isSame(newest) && newest.status !== "failed" ? newest : undefined;
  if (made === undefined) {
    const since = newest?.version ?? 0;
    try {
      made = await own.api.post<HerokuRelease>(
        context,
        path`/apps/${app}/releases`,
        { release: target.id },
        { version: "3.sdk" },
      );
    } catch (error) {
      if (!DeployError.is(error) || !error.retryable) throw error;
      made = (await listReleases(own, context, scope)).find((one) => one.version > since && isSame(one));
      if (made === undefined) throw error;
    }
  }
  await settleRelease(own, context, scope, made);
  await tellOfAddons(own, context, scope);
}

/** Config vars of add-ons that were attached after that release are gone with it: Heroku restores the vars as they were. */
async function tellOfAddons(own: Surroundings, context: Context, scope: Scope): Promise<void> {
  const fresh: Context = { ...context, shared: (_key, load) => load() };
  const [addons, vars] = await Promise.all([
    readAddons(own, fresh, scope),
    readConfigVars(own, fresh, scope),
  ]);
  for (const addon of addons ?? []) {
    const lost = addon.config_vars.filter((name) => vars !== undefined && !Object.hasOwn(vars, name));
    if (lost.length === 0) continue;
    context.log(
      `The rollback took ${lost.join(", ")} of the add-on ${addon.name} away: attach it again (heroku addons:attach ${addon.name}).`,
    );
  }
}

/** The error for a version that the app does not have. */
export function unknownRelease(app: string, version: number): DeployError {
  return new DeployError({
    code: "containers.unknown-release",
    message: `${app} has no release v${version}.`,
    hint: "`deploy releases` lists them.",
  });
}

function notEligible(app: string, release: HerokuRelease): DeployError {
  const why = release.status === "succeeded" ? "Heroku holds its image no longer" : `it is ${release.status}`;
  return new DeployError({
    code: "containers.not-eligible",
    message: `${app} cannot go back to release v${release.version}: ${why}.`,
    hint: "Name another one, or deploy its commit again.",
    docs: "https://devcenter.heroku.com/articles/releases",
  });
}
