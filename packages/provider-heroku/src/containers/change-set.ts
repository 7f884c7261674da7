import { type Context, DeployError, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuRelease } from "../api-types.js";
import { hasCode } from "../errors.js";
import { parseLocation } from "../images/locations.js";
import type { Sources } from "../images/sources.js";
import { type ConfigVars, isOurs, type Marker, readMarker } from "../ownership.js";
import { readAddons } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { configChanges, sensitiveNames } from "./config-changes.js";
import { releaseBuild } from "./release-build.js";
import { codeOrigin, currentRelease } from "./release-history.js";
import { releaseImages } from "./release-images.js";
import { rollBack } from "./roll-back.js";
import { listReleases, settleRelease } from "./settle-release.js";
import { type ReleaseRecord, specVariable, stable, writeRecord } from "./spec-variable.js";
import { type ReleaseState, readParts, stateOf } from "./state.js";
import { primaryOf, type Wanted } from "./wanted.js";

/** How a change set is carried out, beyond what it consists of. */
export interface ChangeOptions {
  /** Run the release command once more although nothing else has changed. */
  readonly again: boolean;
  /** Foreign config vars may be taken over: adopted by word. */
  readonly take?: readonly string[];
}

/**
 * Puts a release into service: config that it needs, then its code, then away with config that is no longer declared.
 *
 * Each step looks first whether it is done: a run that was killed anywhere is finished by the next one, without a second
 * build and without a second release of the same. What is pending, of whomever, is waited for before anything is
 * written, since Heroku runs one release command at a time.
 *
 * @returns what the app runs then.
 */
export async function changeRelease(
  own: Surroundings,
  context: Context,
  scope: Scope,
  wanted: Wanted,
  sources: Sources,
  options: ChangeOptions,
): Promise<ReleaseState> {
  const location = parseLocation(wanted.location);
  const app = appOf(own, scope);
  if (location?.kind === "release" && location.app === app) {
    await rollBack(own, context, scope, location.version);
    return stateNow(own, context, scope, wanted);
  }
  await settleForeign(own, context, scope);
  const before = await readNow(own, context, scope, wanted);
  const codeDiffers = before.state?.digest !== wanted.digest || commandsDiffer(before.state?.record, wanted);
  const changes = configChanges({ config: wanted.config, ...before, ofAddons: before.ofAddons });
  const record: ReleaseRecord = {
    ...recordFor(wanted, before.state?.record, options.again, before.newest),
    ...(codeDiffers ? { ahead: true } : {}),
  };
  const writesRecord =
    options.again ||
    // What was set and failed to be released is released again; new code does so anyway.
    (before.state?.unserved !== undefined && !codeDiffers) ||
    before.state?.record === undefined ||
    (location?.kind === "release" && before.state.record.image !== wanted.digest) ||
    Object.keys(changes.set).length > 0 ||
    changes.remove.length > 0 ||
    stable(specOf(before.state.record)) !== stable(specOf(record));

  if (writesRecord) {
    const remove = codeDiffers ? [] : changes.remove;
    const written = writeConfig(own, context, scope, {
      set: changes.set,
      remove,
      record,
      take: options.take ?? [],
    });
    // Heroku runs the release command of the old code for it. The new code brings its own, which decides.
    await (codeDiffers ? written.catch((error) => passOver(context, error)) : written);
  } else if (!codeDiffers) {
    // All is set already, as a secret is that was stored in this run: what came of it is what this release is.
    const [newest] = await listReleases(own, context, scope, 1);
    if (newest !== undefined && codeOrigin(newest) === undefined)
      await settleRelease(own, context, scope, newest);
  }
  if (codeDiffers) {
    if (own.options.maintenance === true) await setMaintenance(own, context, app, true);
    const types = before.state?.types ?? [];
    const release =
      own.options.build === "there"
        ? await releaseBuild(own, context, scope, wanted, sources.get(wanted.digest))
        : await releaseImages(own, context, scope, wanted, types);
    if (release !== undefined) await settleRelease(own, context, scope, release);
    if (changes.remove.length > 0) {
      await writeConfig(own, context, scope, { set: {}, remove: changes.remove, record, take: [] });
    }
  }
  return stateNow(own, context, scope, wanted);
}

/** Switches Heroku's maintenance page on or off; safe to repeat. */
export async function setMaintenance(
  own: Surroundings,
  context: Context,
  app: string,
  maintenance: boolean,
): Promise<void> {
  context.log(maintenance ? "Maintenance mode is on." : "Maintenance mode is off.");
  await own.api.patch(context, path`/apps/${app}`, { maintenance });
}

interface Present {
  /** Newest version, whatever came of it. */
  readonly newest: number;
  readonly state: ReleaseState | undefined;
  readonly vars: ConfigVars;
  readonly marker: Marker;
  readonly ofAddons: ReadonlySet<string>;
}

async function readNow(own: Surroundings, context: Context, scope: Scope, wanted: Wanted): Promise<Present> {
  const fresh: Context = { ...context, shared: (_key, load) => load() };
  const primary = primaryOf(wanted.processes);
  const [parts, addons] = await Promise.all([
    readParts(own, fresh, scope, primary),
    readAddons(own, fresh, scope),
  ]);
  const marker = readMarker(parts.vars);
  if (parts.vars === undefined || !isOurs(marker, scope)) throw notOurs(appOf(own, scope));
  return {
    newest: parts.releases?.[0]?.version ?? 0,
    state: stateOf(scope, parts, primary),
    vars: parts.vars,
    marker,
    ofAddons: new Set((addons ?? []).flatMap((addon) => addon.config_vars)),
  };
}

async function stateNow(
  own: Surroundings,
  context: Context,
  scope: Scope,
  wanted: Wanted,
): Promise<ReleaseState> {
  const { state } = await readNow(own, context, scope, wanted);
  if (state !== undefined) return state;
  throw new DeployError({
    code: "containers.no-release",
    message: `${appOf(own, scope)} runs no code after all: Heroku shows no release of it.`,
    hint: "Look at `deploy releases`, and run again.",
    retryable: true,
  });
}

/** Waits for a release that is pending: of another writer, or of a run of ours that was killed. */
async function settleForeign(own: Surroundings, context: Context, scope: Scope): Promise<void> {
  const [newest] = await listReleases(own, context, scope, 1);
  if (newest?.status !== "pending" || codeOrigin(newest) !== undefined) return;
  context.log(`Release v${newest.version} (${newest.description}) of ${newest.user.email} is still pending.`);
  await settleRelease(own, context, scope, newest).catch((error: unknown) => {
    // It is not ours to fail for: what we release now replaces it.
    if (context.signal.aborted || !DeployError.is(error) || error.retryable) throw error;
    context.log(`Release v${newest.version} failed.`);
  });
}

/** Goes on after a release command of the old code that failed; anything else is thrown. */
function passOver(context: Context, error: unknown): void {
  if (!hasCode(error, "containers.release-command-failed", "containers.release-expired")) throw error;
  context.log(`${error.message} It was run with the new config; the new code brings its own.`);
}

interface ConfigWrite {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
  readonly record: ReleaseRecord;
  readonly take: readonly string[];
}

/** One PATCH, and the release that Heroku makes of it. */
async function writeConfig(
  own: Surroundings,
  context: Context,
  scope: Scope,
  { set, remove, record, take }: ConfigWrite,
): Promise<void> {
  const [newest] = await listReleases(own, context, scope, 1);
  await own.config.change(context, scope, {
    set: {
      ...set,
      ...Object.fromEntries(remove.map((name) => [name, null])),
      [specVariable]: writeRecord(record),
    },
    mark: (marker) => ({
      ...marker,
      config: [...new Set([...marker.config, ...Object.keys(set)])]
        .filter((name) => !remove.includes(name))
        .sort(),
    }),
    ...(take.length === 0 ? {} : { take }),
  });
  const made = await configRelease(own, context, scope, newest?.version ?? 0);
  if (made !== undefined) await settleRelease(own, context, scope, made);
}

async function configRelease(
  own: Surroundings,
  context: Context,
  scope: Scope,
  since: number,
): Promise<HerokuRelease | undefined> {
  for (let look = 1; look <= 4; look += 1) {
    const releases = await listReleases(own, context, scope, 5);
    const made = releases.find((release) => release.version > since && codeOrigin(release) === undefined);
    if (made !== undefined) return made;
    // Nothing was sent when all was as it should be; and lists lag behind writes for a moment.
    const [newest] = releases;
    if (newest !== undefined && currentRelease(releases) === newest && look >= 2) return undefined;
    await context.clock.sleep(300 * look, context.signal);
  }
  return undefined;
}

/** Whether another image has to be made of the same code: it holds the commands. */
export function commandsDiffer(
  record: ReleaseRecord | undefined,
  wanted: Pick<Wanted, "processes" | "releaseCommand">,
): boolean {
  if (record === undefined) return true;
  const commands = (of: Pick<Wanted, "processes">): unknown =>
    of.processes.map(({ name, command, config }) => [name, command, config]);
  return (
    stable(commands(record)) !== stable(commands(wanted)) ||
    stable(record.release ?? null) !== stable(wanted.releaseCommand ?? null)
  );
}

function recordFor(
  wanted: Wanted,
  present: ReleaseRecord | undefined,
  again: boolean,
  since: number,
): ReleaseRecord {
  const count = (present?.again ?? 0) + (again ? 1 : 0);
  return {
    image: wanted.digest,
    processes: wanted.processes,
    jobs: wanted.jobs,
    origin: wanted.origin,
    sensitive: sensitiveNames(wanted.config),
    since,
    ...(wanted.releaseCommand === undefined ? {} : { release: wanted.releaseCommand }),
    ...(count === 0 ? {} : { again: count }),
  };
}

/** What of a record has to be written anew when it changes; who made which image is said elsewhere as well. */
function specOf({
  image: _image,
  origin: _origin,
  since: _since,
  ahead: _ahead,
  ...spec
}: ReleaseRecord): unknown {
  return spec;
}

function notOurs(app: string): DeployError {
  return new DeployError({
    code: "servers.foreign",
    message: `The Heroku app ${app} is not ours: it has no marker of this app and environment.`,
    hint: 'Choose another name with the option "app" of heroku(), or adopt the app by word.',
  });
}
