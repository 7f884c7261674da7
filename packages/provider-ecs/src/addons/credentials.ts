import { randomBytes } from "node:crypto";
import {
  type Context,
  type In,
  output,
  type Resource,
  redact,
  reveal,
  type Scope,
  type SecretReference,
  UNKNOWN,
} from "@deploy/core";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { createSecretStore, referenceTo, type SecretStore } from "../secrets/index.js";
import { createManagerStore } from "../secrets/manager-store.js";
import { putMark, sharedMarks } from "./marks.js";
import { addonId } from "./names.js";

/** Names of an add-on's stored values. */
export function passwordName(addon: string): string {
  return `${addon}.password`;
}
/** Name of the stored address. */
export function urlName(addon: string): string {
  return `${addon}.url`;
}

/**
 * Where add-ons keep password and address: of managed ones in Secrets Manager, of those beside the app where the app's own
 * secrets are, which costs nothing by default.
 */
export function addonSecrets(parts: Parts): SecretStore {
  const isBeside = parts.settings.capacity.kind === "instance";
  return isBeside ? createSecretStore(parts, "addons") : createManagerStore(parts, "addons");
}

/** A password, made once: 32 characters that need no quotes in any address, about 190 bits. */
export function password(parts: Parts, scope: Scope, addon: string): Resource<unknown, SecretReference> {
  const store = addonSecrets(parts);
  const name = passwordName(addon);
  return ecsResource<{ readonly name: string }, SecretReference>("addons", {
    id: addonId(parts.settings, scope, addon, "password"),
    label: `password of ${addon}`,
    holdsData: `database ${addon}`,
    desired: { name },
    read: (context) => find(store, context, scope, name),
    diff: () => [],
    create: async (context) => {
      const present = await store.reveal(context, scope, name);
      const value = present ?? redact(randomBytes(24).toString("base64url"));
      return referenceTo(await store.put(context, scope, name, value));
    },
  }) as Resource<unknown, SecretReference>;
}

/** Where a database is. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * The address with the password in it, as processes find it in their environment; stored again whenever the place or the
 * password changes. A mark remembers both in the open, so that a plan compares without reading a secret.
 *
 * @param urlOf Writes it, given the password.
 */
export function address(
  parts: Parts,
  scope: Scope,
  addon: string,
  at: In<DatabaseAddress>,
  from: Resource<unknown, SecretReference>,
  urlOf: (at: DatabaseAddress, password: string) => string,
): Resource<unknown, SecretReference> {
  const store = addonSecrets(parts);
  const name = urlName(addon);
  const write = async (context: Context, desired: AddressDesired): Promise<AddressObserved> => {
    const secret = await store.reveal(context, scope, passwordName(addon));
    if (secret === undefined) throw new Error(`${addon} has no password`);
    const stored = await store.put(context, scope, name, redact(urlOf(desired.at, reveal(secret))));
    const value = textOf(desired);
    const startedAt = new Date(context.clock.now()).toISOString();
    await putMark(parts, context, scope, name, { value, state: "done", startedAt });
    return { ...referenceTo(stored), of: value };
  };
  return ecsResource<AddressDesired, AddressObserved>("addons", {
    id: addonId(parts.settings, scope, addon, "address"),
    label: `address of ${addon}`,
    renews: true,
    desired: { at, password: output(from, (reference) => reference.version) } as In<AddressDesired>,
    read: async (context) => {
      const [found, marks] = await Promise.all([
        find(store, context, scope, name),
        sharedMarks(parts, context, scope),
      ]);
      if (found === undefined || "foreign" in found) return found;
      return { ...found, of: marks.get(name)?.value };
    },
    diff: (desired, observed) => {
      if (hasUnknown(desired)) return [{ path: "address", from: observed.of, unknown: true }];
      const wanted = textOf(desired as AddressDesired);
      return wanted === observed.of ? [] : [{ path: "address", from: observed.of, to: wanted }];
    },
    create: write,
    update: write,
  }) as Resource<unknown, SecretReference>;
}

interface AddressDesired {
  readonly at: DatabaseAddress;
  /** Version of the password. */
  readonly password: string;
}
type AddressObserved = SecretReference & { readonly of: string | undefined };

function textOf({ at, password }: AddressDesired): string {
  return `${at.host}:${at.port} ${password}`;
}

function hasUnknown(desired: unknown): boolean {
  if (desired === UNKNOWN) return true;
  return typeof desired === "object" && desired !== null && Object.values(desired).some(hasUnknown);
}

async function find(
  store: SecretStore,
  context: Context,
  scope: Scope,
  name: string,
): Promise<SecretReference | { readonly foreign: true; readonly description: string } | undefined> {
  const found = await store.find(context, scope, name);
  if (found === undefined) return undefined;
  if ("foreign" in found) return { foreign: true, description: found.description };
  return referenceTo(found);
}
