import { type Context, DeployError, type Scope, suggest } from "@deploy/core";
import { path } from "./api.js";
import type {
  HerokuAddon,
  HerokuApp,
  HerokuFormation,
  HerokuRelease,
  HerokuSpace,
  HerokuTeam,
} from "./api-types.js";
import { hasCode, unlessMissing } from "./errors.js";
import { firReason, generationOf, generationsLink } from "./generation.js";
import { type ConfigVars, isOurs, readMarker } from "./ownership.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** Versions that Heroku makes by itself for a new app: "Initial release", "Enable Logplex". */
const releasesOfItsOwn = 2;

/**
 * Makes the scope's app and marks it as ours; one that is ours, or that a lost answer of our own left behind, is taken
 * as it is. Safe to repeat.
 *
 * @throws `servers.name-taken`, and what {@link checkPlace} throws.
 */
export async function createApp(own: Surroundings, context: Context, scope: Scope): Promise<void> {
  const { options, api } = own;
  const app = appOf(own, scope);
  const { team, space, region, locked, internalRouting } = options;
  const plain = {
    name: app,
    stack: "container",
    ...(space === undefined && region !== undefined ? { region } : {}),
  };
  try {
    if (team === undefined && space === undefined) await api.post(context, "/apps", plain);
    else {
      await api.post(context, "/teams/apps", {
        ...plain,
        ...(team === undefined ? {} : { team }),
        ...(space === undefined ? {} : { space }),
        ...(locked === undefined ? {} : { locked }),
        ...(internalRouting === undefined ? {} : { internal_routing: internalRouting }),
      });
    }
  } catch (error) {
    if (!hasCode(error, "heroku.name-taken")) throw await placeError(own, context, error);
    const found = await ownApp(own, context, app);
    if (found === undefined) throw nameTaken(app);
    const vars = await api.get<ConfigVars>(context, path`/apps/${app}/config-vars`);
    if (isOurs(readMarker(vars), scope)) return;
    if (!(await isPristine(own, context, found, vars))) throw nameTaken(app);
  }
  await own.config.change(context, scope, { set: {}, claim: true });
}

/**
 * Whether nobody has done anything with an app yet: what a creation of ours leaves behind when its answer was lost.
 *
 * Heroku has nothing to mark an app with in the call which makes it: the marker is the second call. An empty app under
 * our name, owned by whoever asks, can be taken without harm to anybody.
 */
export async function isPristine(
  own: Surroundings,
  context: Context,
  app: HerokuApp,
  vars: ConfigVars,
): Promise<boolean> {
  if (Object.keys(vars).length > 0) return false;
  const { team } = own.options;
  if (team !== undefined && app.team?.name !== team) return false;
  if (team === undefined && own.options.space === undefined && app.team !== null) return false;
  const list = <T>(what: string, by?: string): Promise<readonly T[]> =>
    own.api.list<T>(context, `${path`/apps/${app.id}`}/${what}`, {
      limit: 10,
      ...(by === undefined ? {} : { by }),
    });
  const [formation, releases, addons] = await Promise.all([
    list<HerokuFormation>("formation"),
    list<HerokuRelease>("releases", "version"),
    list<HerokuAddon>("addons"),
  ]);
  return formation.length === 0 && addons.length === 0 && releases.length <= releasesOfItsOwn;
}

/** The app, if the caller may see it. */
async function ownApp(own: Surroundings, context: Context, app: string): Promise<HerokuApp | undefined> {
  try {
    return await unlessMissing(own.api.get<HerokuApp>(context, path`/apps/${app}`, { version: "3.sdk" }));
  } catch (error) {
    if (hasCode(error, "heroku.forbidden")) return undefined;
    throw error;
  }
}

/** The name belongs to somebody whose app this account may not even see, or to an app that is in use. */
export function nameTaken(app: string, cause?: unknown): DeployError {
  return new DeployError({
    code: "servers.name-taken",
    message: `The name ${app} belongs to another app at Heroku that this account has no part in; names are unique among all apps.`,
    hint: 'Choose another one with the option "app" of heroku(), such as heroku({ app: "acme-shop-staging" }), or have the account added to that app.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Looks, before an app is made, whether it can be made there at all.
 *
 * @throws `servers.wrong-team`, `servers.unknown-space`, `servers.wrong-team` for a space of another team,
 * `servers.fir-unsupported`, `servers.space-not-ready`.
 */
export async function checkPlace(own: Surroundings, context: Context): Promise<void> {
  const { team, space } = own.options;
  const [foundTeam, foundSpace] = await Promise.all([
    team === undefined ? undefined : visible(own.api.get<HerokuTeam>(context, path`/teams/${team}`)),
    space === undefined
      ? undefined
      : visible(own.api.get<HerokuSpace>(context, path`/spaces/${space}`, { version: "3.sdk" })),
  ]);
  if (team !== undefined && foundTeam === undefined) throw await wrongTeam(own, context, team);
  if (space === undefined) return;
  if (foundSpace === undefined) throw await unknownSpace(own, context, space);
  if (team !== undefined && foundSpace.team.name !== team) {
    throw new DeployError({
      code: "servers.wrong-team",
      message: `The space ${space} belongs to the team ${foundSpace.team.name}, not to ${team}.`,
      hint: `Set "team" of heroku() to "${foundSpace.team.name}", or use a space of ${team}.`,
    });
  }
  if (generationOf(foundSpace) === "fir") throw firUnsupported(`The space ${space}`);
  if (foundSpace.state !== "allocated") {
    throw new DeployError({
      code: "servers.space-not-ready",
      message: `The space ${space} is ${foundSpace.state}.`,
      hint: "Wait until Heroku has made it, then run the same again.",
      retryable: foundSpace.state === "allocating",
    });
  }
}

/** What stands on Fir cannot be deployed to. */
function firUnsupported(subject: string): DeployError {
  return new DeployError({
    code: "servers.fir-unsupported",
    message: `${subject} is of Heroku's generation Fir: ${firReason}.`,
    hint: "Use an app or a space of the Cedar generation.",
    docs: generationsLink,
  });
}

async function visible<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await unlessMissing(answer);
  } catch (error) {
    if (hasCode(error, "heroku.forbidden")) return undefined;
    throw error;
  }
}

/** A refusal of the creation, made clear where the place is what was refused. */
async function placeError(own: Surroundings, context: Context, error: unknown): Promise<unknown> {
  const { team } = own.options;
  if (team !== undefined && hasCode(error, "heroku.forbidden", "heroku.not-found")) {
    return wrongTeam(own, context, team, error);
  }
  return error;
}

async function wrongTeam(
  own: Surroundings,
  context: Context,
  team: string,
  cause?: unknown,
): Promise<DeployError> {
  const known = (await own.api.list<HerokuTeam>(context, "/teams").catch(() => [])).map(({ name }) => name);
  return new DeployError({
    code: "servers.wrong-team",
    message: `This Heroku account may not make apps in a team "${team}".`,
    hint: suggest(team, known, 'The account is in no team: leave "team" out, or be invited to it.'),
    details: { known },
    ...(cause === undefined ? {} : { cause }),
  });
}

async function unknownSpace(own: Surroundings, context: Context, space: string): Promise<DeployError> {
  const known = (await own.api.list<HerokuSpace>(context, "/spaces").catch(() => [])).map(({ name }) => name);
  return new DeployError({
    code: "servers.unknown-space",
    message: `This Heroku account sees no space "${space}".`,
    hint: suggest(space, known, 'It sees none at all: make one at Heroku first, or leave "space" out.'),
    details: { known },
  });
}
