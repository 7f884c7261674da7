import {
  type Context,
  DeployError,
  type ResolvedAddon,
  type Resource,
  redact,
  reveal,
  type Scope,
  type SecretReference,
} from "@deploy/core";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { referenceTo } from "../secrets/index.js";
import { addonSecrets, urlName } from "./credentials.js";
import { addonId } from "./names.js";

/**
 * An add-on that is there already: its address comes from a variable of the deploying machine, and is stored as a secret.
 * Only a run which changes it needs the variable.
 */
export function externalAddress(
  parts: Parts,
  scope: Scope,
  addon: ResolvedAddon,
  variable: string,
): Resource<unknown, SecretReference> {
  const store = addonSecrets(parts);
  const name = urlName(addon.name);
  // What `blocked` has to know is in the context, which only the reads see; they come first.
  let given: string | undefined;
  const put = async (context: Context): Promise<SecretReference> => {
    const value = context.env[variable];
    if (value === undefined || value === "") throw missing(addon, variable);
    return referenceTo(await store.put(context, scope, name, redact(value)));
  };
  return ecsResource<{ readonly variable: string }, SecretReference & { readonly differs?: true }>("addons", {
    id: addonId(parts.settings, scope, addon.name, "address"),
    label: `address of ${addon.name}`,
    verb: "store",
    renews: true,
    desired: { variable },
    read: async (context) => {
      given = context.env[variable] || undefined;
      const found = await store.find(context, scope, name);
      if (found === undefined) return undefined;
      if ("foreign" in found) return { foreign: true, description: found.description };
      if (given === undefined) return referenceTo(found);
      const present = await store.reveal(context, scope, name);
      const same = present !== undefined && reveal(present) === given;
      return same ? referenceTo(found) : { ...referenceTo(found), differs: true };
    },
    diff: (_desired, observed) =>
      observed.differs === true ? [{ path: "address", from: "<redacted>", to: "<redacted>" }] : [],
    blocked: (observed) => {
      if (observed !== undefined || given !== undefined) return undefined;
      const { code, message, hint } = missing(addon, variable);
      return { code, message, ...(hint === undefined ? {} : { hint }) };
    },
    create: put,
    update: put,
  }) as Resource<unknown, SecretReference>;
}

function missing(addon: ResolvedAddon, variable: string): DeployError {
  return new DeployError({
    code: "addons.no-address",
    message: `The address of ${addon.name} is to come from ${variable}, which is not set, and none is stored.`,
    hint: `Set ${variable} to its URL for one run; it is stored as a secret.`,
  });
}
