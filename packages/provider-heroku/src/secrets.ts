import {
  type AnyResource,
  type Context,
  DeployError,
  type Foreign,
  type Redacted,
  redact,
  reveal,
  type Scope,
  type SecretEntry,
  type SecretReference,
  type Secrets,
} from "@deploy/core";
import { path } from "./api.js";
import type { HerokuConfigSetting } from "./api-types.js";
import type { ConfigState } from "./config-vars.js";
import { hasCode } from "./errors.js";
import { idOf, providerName } from "./names.js";
import {
  fingerprint,
  isOurs,
  type MarkedSecret,
  type Marker,
  readMarker,
  reservedPrefix,
} from "./ownership.js";
import { readAddons, readConfigVars, readOurMarker } from "./reads.js";
import { appResource, ensureApp } from "./servers.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** A secret as it is, and whether the value that came with this run is another one. */
type Observed = SecretReference & { readonly differs?: true };

/** Element five: config vars that the marker lists as secrets. */
export function createSecrets(own: Surroundings): Secrets {
  return {
    capabilities: { versions: true, reveal: true },
    secret(scope, name, value) {
      const store = async (context: Context, take: boolean): Promise<Observed> => {
        if (value === undefined) throw missing(name, scope);
        const { version } = await storeSecret(own, context, scope, name, value, take);
        return { name, version };
      };
      return {
        id: secretId(own, scope, name),
        label: `secret ${name}`,
        provider: providerName,
        element: "secrets",
        verb: "store",
        renews: true,
        holdsData: `secret ${name}`,
        desired: { name },
        after: [appResource(own, scope) as AnyResource],
        read: (context) => readSecret(own, context, scope, name, value),
        diff: (_desired, observed) => ((observed as Observed).differs === true ? [{ path: "value" }] : []),
        blocked: (observed) => {
          if (name.startsWith(reservedPrefix)) return reserved(name).toJSON();
          return observed === undefined && value === undefined ? missing(name, scope).toJSON() : undefined;
        },
        create: (context) => store(context, false),
        update: (context, _desired, observed) =>
          value === undefined ? Promise.resolve(observed) : store(context, false),
        adopt: (context) => adoptSecret(own, context, scope, name, value),
      };
    },
    async list(context, scope) {
      const marker = await readOurMarker(own, context, scope);
      return Object.entries(marker?.secrets ?? {}).map(([name, marked]) => entryOf(name, marked));
    },
    // Whatever changes a config var restarts the dynos.
    set: async (context, scope, name, value) => ({
      ...(await storeSecret(own, context, scope, name, value, false)),
      inForce: true,
    }),
    async unset(context, scope, name) {
      const marker = await readOurMarker(own, context, scope);
      if (marker === undefined || !Object.hasOwn(marker.secrets, name)) return;
      await forgetSecret(own, context, scope, name);
    },
    async reveal(context, scope, name) {
      const vars = await readConfigVars(own, context, scope);
      const marker = readMarker(vars);
      if (!isOurs(marker, scope) || !Object.hasOwn(marker.secrets, name)) throw missing(name, scope);
      const value = vars?.[name];
      if (value === undefined) throw missing(name, scope);
      if (value === null || (await isMasked(own, context, scope, name))) throw masked(name);
      return redact(value);
    },
  };
}

/** Id of the resource of a secret. */
export function secretId(own: Pick<Surroundings, "options">, scope: Scope, name: string): string {
  return idOf("secrets", appOf(own, scope), name);
}

/** Deletes a secret's config var, and its name in the marker; fine when it is gone already. */
export async function forgetSecret(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
): Promise<void> {
  await own.config.change(context, scope, {
    set: { [name]: null },
    mark: (marker) => {
      const { [name]: _gone, ...secrets } = marker.secrets;
      return { ...marker, secrets };
    },
  });
}

async function storeSecret(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
  value: Redacted,
  take: boolean,
): Promise<SecretEntry> {
  if (name.startsWith(reservedPrefix)) throw reserved(name);
  const text = reveal(value);
  const at = new Date(context.clock.now()).toISOString();
  const change = {
    set: { [name]: text },
    mark: (marker: Marker, before: ConfigState): Marker => {
      const version = fingerprint(marker.key, name, text);
      const present = marker.secrets[name];
      // The same value again is the same version, stored when it was: nothing is sent then.
      if (present?.version === version && before.vars[name] === text) return marker;
      return {
        ...marker,
        config: marker.config.filter((one) => one !== name),
        secrets: { ...marker.secrets, [name]: { version, at } },
      };
    },
    ...(take ? { take: [name] } : {}),
  };
  let state = await own.config.change(context, scope, change).catch((error: unknown) => {
    if (hasCode(error, "servers.foreign")) return undefined;
    throw error;
  });
  if (state === undefined) {
    // A secret may be stored before the app was ever deployed.
    await ensureApp(own, context, scope);
    state = await own.config.change(context, scope, change);
  }
  const marked = state?.marker.secrets[name];
  if (marked === undefined) throw missing(name, scope);
  return entryOf(name, marked);
}

async function readSecret(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
  value: Redacted | undefined,
): Promise<Observed | Foreign<Observed> | undefined> {
  const vars = await readConfigVars(own, context, scope);
  const marker = readMarker(vars);
  // An app that is not ours blocks the plan by itself.
  if (vars === undefined || !isOurs(marker, scope) || !Object.hasOwn(vars, name)) return undefined;
  const marked = marker.secrets[name];
  const present = vars[name];
  if (marked === undefined) {
    if (marker.config.includes(name)) return undefined;
    return { foreign: true, description: await describeForeign(own, context, scope, name) };
  }
  const found = typeof present === "string" ? fingerprint(marker.key, name, present) : marked.version;
  // A masked value cannot be compared: then the marker says which it was when we stored it.
  const hidden = found !== marked.version && (await isMasked(own, context, scope, name));
  const version = hidden ? marked.version : found;
  const differs = value !== undefined && fingerprint(marker.key, name, reveal(value)) !== version;
  return { name, version, ...(differs ? { differs: true } : {}) };
}

async function describeForeign(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
): Promise<string> {
  const addons = (await readAddons(own, context, scope)) ?? [];
  const owner = addons.find((addon) => addon.config_vars.includes(name));
  return owner === undefined
    ? "a config var that was set by hand or by another tool"
    : `a config var of the add-on ${owner.name}, which sets it itself`;
}

/** Takes over a config var as it is; one of an add-on stays the add-on's. */
async function adoptSecret(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
  value: Redacted | undefined,
): Promise<Observed> {
  const addons = (await readAddons(own, context, scope)) ?? [];
  const owner = addons.find((addon) => addon.config_vars.includes(name));
  if (owner !== undefined) {
    throw new DeployError({
      code: "secrets.of-addon",
      message: `The config var ${name} belongs to the add-on ${owner.name} and cannot be taken over.`,
      hint: `Leave ${name} out of "secrets": processes find it in their environment anyway.`,
    });
  }
  const at = new Date(context.clock.now()).toISOString();
  const state = await own.config.change(context, scope, {
    set: {},
    mark: (marker, { vars }) => ({
      ...marker,
      secrets: {
        ...marker.secrets,
        [name]: { version: fingerprint(marker.key, name, vars[name] ?? ""), at },
      },
    }),
  });
  const marked = state?.marker.secrets[name];
  if (state === undefined || marked === undefined) throw missing(name, scope);
  const { version } = marked;
  const differs = value !== undefined && fingerprint(state.marker.key, name, reveal(value)) !== version;
  return { name, version, ...(differs ? { differs: true } : {}) };
}

/** Whether the value was masked by hand: Heroku then shows something else in its place, for good. */
async function isMasked(own: Surroundings, context: Context, scope: Scope, name: string): Promise<boolean> {
  const settings = await own.api
    .list<HerokuConfigSetting>(context, path`/apps/${appOf(own, scope)}/config-vars-settings`, {
      version: "3.sdk",
    })
    .catch(() => []);
  return settings.some((setting) => setting.key === name && setting.masked);
}

function entryOf(name: string, { version, at, by }: MarkedSecret): SecretEntry {
  return { name, version, setAt: at, ...(by === undefined ? {} : { setBy: by }) };
}

function missing(name: string, { environment }: Scope): DeployError {
  return new DeployError({
    code: "secrets.missing",
    message: `The secret ${name} has no value in ${environment}.`,
    hint: `Run: deploy secrets set ${name} --environment ${environment}`,
  });
}

function masked(name: string): DeployError {
  return new DeployError({
    code: "secrets.masked",
    message: `The value of ${name} is masked at Heroku, which shows it to nobody any more.`,
    hint: "Processes still find it. To change it, set it anew.",
  });
}

function reserved(name: string): DeployError {
  return new DeployError({
    code: "secrets.reserved-name",
    message: `${name} cannot be a secret: names beginning with ${reservedPrefix} are what Deploy keeps its own records under.`,
    hint: "Choose another name.",
  });
}
