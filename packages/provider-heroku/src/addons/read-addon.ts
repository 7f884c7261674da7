import { type Context, DeployError, type ResolvedAddon, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuAddon, HerokuAttachment } from "../api-types.js";
import { unlessMissing } from "../errors.js";
import { type ConfigVars, isOurs, readMarker } from "../ownership.js";
import { readAddons, readConfigVars, readList } from "../reads.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { addonNameOf, kindOf, planOf } from "./kinds.js";

/** What the data host says about a Postgres database that is being made or changed. */
interface WaitStatus {
  readonly "waiting?"?: boolean;
  readonly "error?"?: boolean;
  readonly message?: string;
}

/** An add-on as Heroku has it. */
export interface AddonState {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly plan: string;
  readonly state: HerokuAddon["state"];
  /** Names under which this app has it. */
  readonly aliases: readonly string[];
  /** What the data host still does, or why it failed. */
  readonly waiting?: string;
  readonly failure?: string;
}

/** What is there under an add-on's name, or in its place. */
export interface AddonPlace {
  /** The add-on of our name in this app. */
  readonly ours: AddonState | undefined;
  /** Somebody else's, which has the alias that ours should get. */
  readonly inPlace: AddonState | undefined;
  readonly vars: ConfigVars;
}

/** Milliseconds after its last change in which a database is asked for what it still does. */
const settlesWithin = 60 * 60_000;

/** Looks for an add-on; undefined without an app of ours. One wave of reads, all by names that are known beforehand. */
export async function readAddon(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
  alias: string | undefined,
): Promise<AddonPlace | undefined> {
  const [addons, attachments, vars] = await Promise.all([
    readAddons(own, context, scope),
    readList<HerokuAttachment>(own, context, scope, "addon-attachments"),
    readConfigVars(own, context, scope),
  ]);
  if (addons === undefined || vars === undefined || !isOurs(readMarker(vars), scope)) return undefined;
  const wanted = addonNameOf(own, scope, name);
  const mine = addons.find((one) => one.name === wanted && one.app.name === appOf(own, scope));
  const holder = attachments?.find((one) => one.name === alias)?.addon.id;
  const other = addons.find((one) => one.id === holder && one.id !== mine?.id);
  const describe = async (addon: HerokuAddon): Promise<AddonState> => ({
    ...stateOf(addon, attachments ?? []),
    ...(await progressOf(own, context, addon)),
  });
  return {
    ours: mine && (await describe(mine)),
    inPlace: other && stateOf(other, attachments ?? []),
    vars,
  };
}

/** A context whose reads are made anew. */
export function afresh(context: Context): Context {
  return { ...context, shared: (_key, load) => load() };
}

/** The add-on as it is now. @throws `addons.missing` */
export async function requireAddon(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
): Promise<AddonState> {
  const found = (await readAddon(own, afresh(context), scope, name, undefined))?.ours;
  if (found !== undefined) return found;
  throw new DeployError({
    code: "addons.missing",
    message: `${scope.environment} has no add-on ${name} yet.`,
    hint: "Deploy first: `deploy up` makes it.",
  });
}

function stateOf(addon: HerokuAddon, attachments: readonly HerokuAttachment[]): AddonState {
  return {
    id: addon.id,
    name: addon.name,
    kind: kindOf(addon.addon_service.name),
    plan: addon.plan.name,
    state: addon.state,
    aliases: attachments.filter((one) => one.addon.id === addon.id).map((one) => one.name),
  };
}

/** "Provisioned" is not yet "ready": a new database is asked itself (`pg:wait` of the official CLI does the same). */
async function progressOf(
  own: Surroundings,
  context: Context,
  addon: HerokuAddon,
): Promise<Pick<AddonState, "waiting" | "failure">> {
  const isPostgres = addon.addon_service.name === "heroku-postgresql";
  const age = context.clock.now() - Date.parse(addon.updated_at);
  if (!isPostgres || addon.state !== "provisioned" || age > settlesWithin) return {};
  const to = path`/client/v11/databases/${addon.id}/wait_status`;
  const status = await context.shared(`heroku/${to}`, () =>
    unlessMissing(own.api.get<WaitStatus>(context, to, { host: "data" })),
  );
  if (status === undefined) return { waiting: "Heroku's data host does not know it yet" };
  const message = status.message ?? "it is being prepared";
  if (status["error?"] === true) return { failure: message };
  return status["waiting?"] === true ? { waiting: message } : {};
}

/** Why an add-on of Heroku's cannot be what is declared, or undefined. */
export function otherService(addon: ResolvedAddon, observed: Pick<AddonState, "plan">): boolean {
  return planOf(addon).split(":")[0] !== observed.plan.split(":")[0];
}
