import {
  type AnyResource,
  type Context,
  DeployError,
  type FieldChange,
  type Foreign,
  type Redacted,
  type ResolvedAddon,
  type Resource,
  redact,
  type Scope,
} from "@deploy/core";
import { path } from "../api.js";
import { hasCode } from "../errors.js";
import { idOf, providerName } from "../names.js";
import { appResource } from "../servers.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { addonNameOf, aliasOf, kinds, planOf } from "./kinds.js";
import { type AddonState, afresh, otherService, readAddon } from "./read-addon.js";

/** An add-on as it should be. */
interface Desired {
  readonly plan: string;
  readonly as: string;
}

/** An add-on as it is, with the value that it gives to processes. */
export interface Observed extends AddonState {
  /** Absent while its config var is not set. */
  readonly url?: Redacted;
}

/** Milliseconds between two looks at an add-on that is being made (Terraform's provider does the same). */
const lookEvery = 5_000;

/** Id of an add-on's resource. */
export function addonId(own: Pick<Surroundings, "options">, scope: Scope, name: string): string {
  return idOf("addons", appOf(own, scope), name);
}

/**
 * An add-on as a node of the plan: found by name before it is bought, waited for, attached under its alias, resized by
 * a change of its plan.
 *
 * Its config var is Heroku's: it is read, and never written. One of somebody else's under the same alias is foreign;
 * adopting it renames it.
 */
export function addonResource(
  own: Surroundings,
  scope: Scope,
  addon: ResolvedAddon,
): Resource<Desired, Observed> {
  const app = appOf(own, scope);
  const name = addonNameOf(own, scope, addon.name);
  const alias = aliasOf(addon.as);
  const plan = planOf(addon);

  const read = async (context: Context): Promise<Observed | Foreign<Observed> | undefined> => {
    const place = await readAddon(own, context, scope, addon.name, alias);
    if (place === undefined) return undefined;
    const { ours, inPlace, vars } = place;
    const value = vars[addon.as];
    const url = typeof value === "string" ? { url: redact(value) } : {};
    if (ours !== undefined) {
      // The value under the alias is that of whoever has the alias.
      return alias !== undefined && ours.aliases.includes(alias) ? { ...ours, ...url } : ours;
    }
    if (inPlace === undefined) return undefined;
    const description = `the add-on ${inPlace.name} (${inPlace.plan}) has the name ${alias} in ${app} already`;
    return { foreign: true, description, observed: { ...inPlace, ...url } };
  };
  const now = async (context: Context): Promise<Observed> => {
    const found = await read(afresh(context));
    if (found !== undefined && !("foreign" in found)) return found;
    throw new DeployError({
      code: "addons.vanished",
      message: `The add-on ${name} is not there, although Heroku said so.`,
      hint: "Run again; if it stays so, look at https://status.heroku.com.",
      retryable: true,
    });
  };
  const order = async (context: Context): Promise<void> => {
    const version = addon.version === undefined ? {} : { config: { version: addon.version } };
    const body = { plan, name, ...(alias === undefined ? {} : { attachment: { name: alias } }), ...version };
    try {
      await own.api.post(context, path`/apps/${app}/addons`, body);
    } catch (error) {
      // An order of our own whose answer was lost has the name: it is not bought twice.
      if (hasCode(error, "heroku.name-taken")) {
        const present = await readAddon(own, afresh(context), scope, addon.name, alias);
        if (present?.ours !== undefined) return;
      }
      throw await orderError(own, context, scope, addon, error);
    }
  };

  return {
    id: addonId(own, scope, addon.name),
    label: `${kinds[addon.kind]?.title ?? addon.kind} ${addon.name}`,
    provider: providerName,
    element: "addons",
    desired: { plan, as: addon.as },
    after: [appResource(own, scope) as AnyResource],
    // What processes find changes with the plan: Heroku may move a database.
    renews: true,
    holdsData: `${addon.kind === "postgres" ? "database" : addon.kind} ${addon.name}`,
    pollEvery: lookEvery,
    verb: "order",
    blocked(observed) {
      if (alias === undefined) {
        return {
          code: "addons.bad-variable",
          message: `Heroku calls the variable of an add-on <NAME>_URL, so ${addon.name} cannot be ${addon.as}.`,
          hint: `Set as: "${addon.as.replace(/_?URL$/, "")}_URL" for it.`,
        };
      }
      if (observed === undefined || !otherService(addon, observed)) return undefined;
      return {
        code: "addons.other-kind",
        message: `${addon.name} is ${observed.plan} at Heroku, which cannot become ${plan}.`,
        hint: "Give the new add-on another name; the old one is kept until you name it for deletion.",
      };
    },
    read,
    diff(desired, observed) {
      const changes: FieldChange[] = [];
      const { plan: wanted } = desired as Desired;
      if (wanted.includes(":") && wanted !== observed.plan)
        changes.push({ path: "plan", from: observed.plan, to: wanted });
      if (alias !== undefined && !observed.aliases.includes(alias))
        changes.push({ path: "as", from: observed.aliases, to: alias });
      return changes;
    },
    pending(observed) {
      if (observed.state === "deprovisioned") throw provisioningFailed(name, plan, undefined);
      if (observed.failure !== undefined) throw provisioningFailed(name, plan, observed.failure);
      if (observed.state === "provisioning") return `Heroku makes ${name}`;
      if (observed.waiting !== undefined) return observed.waiting;
      return observed.url === undefined ? `${addon.as} is not set yet` : undefined;
    },
    async create(context) {
      await order(context);
      return now(context);
    },
    async update(context, _desired, observed) {
      if (plan.includes(":") && observed.plan !== plan)
        await own.api.patch(context, path`/apps/${app}/addons/${observed.id}`, { plan });
      if (alias !== undefined && !observed.aliases.includes(alias))
        await own.api.post(context, "/addon-attachments", { addon: observed.id, app, name: alias });
      return now(context);
    },
    async adopt(context) {
      const place = await readAddon(own, afresh(context), scope, addon.name, alias);
      const found = place?.inPlace;
      // The new name is the mark: the same plan again changes nothing.
      if (found !== undefined)
        await own.api.patch(context, path`/apps/${app}/addons/${found.id}`, { plan: found.plan, name });
      return now(context);
    },
  };
}

/** A failed order, made clear. */
async function orderError(
  own: Surroundings,
  context: Context,
  scope: Scope,
  addon: ResolvedAddon,
  error: unknown,
): Promise<unknown> {
  const name = addonNameOf(own, scope, addon.name);
  const plan = planOf(addon);
  if (hasCode(error, "heroku.name-taken")) {
    return new DeployError({
      code: "addons.name-taken",
      message: `The name ${name} belongs to an add-on of somebody else, or of another app.`,
      hint: `Give the add-on ${addon.name} another name.`,
      cause: error,
    });
  }
  if (hasCode(error, "heroku.invalid") && /couldn't find/i.test(error.message)) {
    return new DeployError({
      code: "addons.unknown-plan",
      message: `Heroku knows no add-on plan ${plan}.`,
      hint: await knownPlans(own, context, plan.split(":")[0] ?? plan),
      cause: error,
    });
  }
  return error;
}

async function knownPlans(own: Surroundings, context: Context, service: string): Promise<string> {
  const plans = await own.api
    .list<{ name: string }>(context, path`/addon-services/${service}/plans`)
    .catch(() => []);
  if (plans.length === 0) return `Look for its plans at https://elements.heroku.com/addons/${service}.`;
  return `Take one of ${plans.map(({ name }) => name.split(":")[1] ?? name).join(", ")}.`;
}

function provisioningFailed(name: string, plan: string, reason: string | undefined): DeployError {
  return new DeployError({
    code: "addons.provisioning-failed",
    message: `Heroku could not make ${name} (${plan})${reason === undefined ? "" : `: ${reason}`}.`,
    hint: `Remove what is left of it (heroku addons:destroy ${name}), then run again; write to Heroku's support if it fails again.`,
  });
}
