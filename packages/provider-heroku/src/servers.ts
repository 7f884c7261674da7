import type { AnyResource, Context, FieldChange, Foreign, Resource, Scope, Servers } from "@deploy/core";
import { path } from "./api.js";
import type { HerokuApp, HerokuDomain } from "./api-types.js";
import { checkPlace, createApp, isPristine, nameTaken } from "./app-creation.js";
import { hasCode } from "./errors.js";
import { firReason, generationOf } from "./generation.js";
import { idOf, providerName } from "./names.js";
import { type ConfigVars, foreignApp, isOurs, readMarker } from "./ownership.js";
import { readApp, readAppNow, readConfigVars } from "./reads.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** What an app should be. */
export interface AppDesired {
  readonly stack: "container";
  readonly locked?: boolean;
}

/** An app as Heroku has it. */
export interface AppState {
  readonly id: string;
  readonly name: string;
  readonly stack: string;
  readonly locked: boolean;
  readonly team: string | null;
  readonly space: string | null;
  readonly region: string;
  readonly generation: string;
  /** Where it answers without any domain. */
  readonly url: string;
  readonly maintenance: boolean;
  readonly createdAt: string;
}

/** Element one: the app at Heroku, which everything else belongs to. */
export function createServers(own: Surroundings): Servers {
  return {
    capabilities: { provisioning: true, isolation: true },
    resources: (scope) => ({ resources: [appResource(own, scope) as AnyResource] }),
    async status(context, scope) {
      const [app, vars] = await Promise.all([
        readApp(own, context, scope),
        readConfigVars(own, context, scope),
      ]);
      if (app === undefined || !isOurs(readMarker(vars), scope)) return [];
      const { name, stack, region, space, team, url, maintenance } = stateOf(app);
      const where = space === null ? `region ${region}` : `space ${space} in ${region}`;
      const whose = team === null ? "personal" : `team ${team}`;
      const description = `${stack} stack, ${where}, ${whose}, ${url}${maintenance ? ", in maintenance mode" : ""}`;
      return [{ name, state: "running", description }];
    },
  };
}

/** Id of the resource that is the app: what everything else has to be gone before. */
export function appId(own: Pick<Surroundings, "options">, scope: Scope): string {
  return idOf("servers", appOf(own, scope), "app");
}

/** The app as a node of the plan: what every other resource of this provider comes after. */
export function appResource(own: Surroundings, scope: Scope): Resource<AppDesired, AppState> {
  const app = appOf(own, scope);
  const { team, space, region, locked } = own.options;
  return {
    id: appId(own, scope),
    label: `Heroku app ${app}`,
    provider: providerName,
    element: "servers",
    desired: { stack: "container", ...(locked === undefined ? {} : { locked }) },
    read: (context) => readState(own, context, scope),
    diff: (desired, observed): readonly FieldChange[] => {
      const wanted = desired as AppDesired;
      const changes: FieldChange[] = [];
      if (observed.stack !== wanted.stack)
        changes.push({ path: "stack", from: observed.stack, to: wanted.stack });
      if (wanted.locked !== undefined && observed.locked !== wanted.locked) {
        changes.push({ path: "locked", from: observed.locked, to: wanted.locked });
      }
      return changes;
    },
    blocked: (observed) => {
      if (observed === undefined) return undefined;
      if (observed.generation === "fir") {
        return {
          code: "servers.fir-unsupported",
          message: `${app} is of Heroku's generation Fir: ${firReason}.`,
        };
      }
      return (
        misplaced(app, "team", observed.team, team ?? (space === undefined ? null : observed.team)) ??
        misplaced(app, "space", observed.space, space ?? null) ??
        misplaced(app, "region", observed.region, region ?? observed.region)
      );
    },
    async create(context) {
      await createApp(own, context, scope);
      return readNow(own, context, app);
    },
    async update(context, desired, observed) {
      if (observed.stack !== desired.stack) {
        await own.api.patch(context, path`/apps/${observed.id}`, { build_stack: desired.stack });
      }
      if (desired.locked !== undefined && observed.locked !== desired.locked) {
        await own.api.patch(context, path`/teams/apps/${observed.id}`, { locked: desired.locked });
      }
      return readNow(own, context, app);
    },
    async adopt(context) {
      const found = await readNow(own, context, app);
      const hosts = await own.api.list<HerokuDomain>(context, path`/apps/${app}/domains`);
      const kept = hosts.flatMap((domain) => (domain.kind === "custom" ? [domain.hostname] : []));
      await own.config.change(context, scope, {
        set: {},
        claim: true,
        mark: (marker) => ({ ...marker, found: kept }),
      });
      return found;
    },
  };
}

/**
 * Makes sure that the app is there, for what is done before any `up`: storing a secret.
 *
 * @throws `servers.foreign` when it is not ours.
 */
export async function ensureApp(own: Surroundings, context: Context, scope: Scope): Promise<void> {
  await checkPlace(own, context);
  await createApp(own, context, scope);
}

async function readState(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<AppState | Foreign<AppState> | undefined> {
  const name = appOf(own, scope);
  let app: HerokuApp | undefined;
  let vars: ConfigVars | undefined;
  try {
    [app, vars] = await Promise.all([readApp(own, context, scope), readConfigVars(own, context, scope)]);
  } catch (error) {
    // Heroku answers so for an app that is there and that this account has no part in.
    throw hasCode(error, "heroku.forbidden") ? nameTaken(name, error) : error;
  }
  if (app === undefined || vars === undefined) {
    await checkPlace(own, context);
    return undefined;
  }
  const marker = readMarker(vars);
  if (isOurs(marker, scope)) return stateOf(app);
  if (marker === undefined && (await isPristine(own, context, app, vars))) return undefined;
  const { description } = foreignApp(marker, app.team?.name ?? app.owner.email);
  return { foreign: true, description, ...(marker === undefined ? { observed: stateOf(app) } : {}) };
}

async function readNow(own: Surroundings, context: Context, app: string): Promise<AppState> {
  return stateOf(await readAppNow(own, context, app));
}

function stateOf(app: HerokuApp): AppState {
  return {
    id: app.id,
    name: app.name,
    stack: app.build_stack.name,
    locked: app.locked ?? false,
    team: app.team?.name ?? null,
    space: app.space?.name ?? null,
    region: app.region.name,
    generation: generationOf(app),
    url: app.web_url ?? `https://${app.name}.herokuapp.com/`,
    maintenance: app.maintenance,
    createdAt: app.created_at,
  };
}

/** Heroku moves an app only by hand: a difference is said, with both ways out of it. */
function misplaced(
  app: string,
  what: "team" | "space" | "region",
  is: string | null,
  wanted: string | null,
): { code: string; message: string; hint: string } | undefined {
  if (is === wanted) return undefined;
  const option = is === null ? `leave "${what}" of heroku() out` : `set "${what}" of heroku() to "${is}"`;
  return {
    code: what === "team" ? "servers.wrong-team" : `servers.wrong-${what}`,
    message: `The app ${app} is in ${is === null ? `no ${what}` : `the ${what} ${is}`}, and should be in ${wanted === null ? "none" : wanted}.`,
    hint:
      what === "team"
        ? `Transfer it at Heroku, or ${option}.`
        : `That cannot be changed for an app which exists: ${option}, or choose another "app".`,
  };
}
