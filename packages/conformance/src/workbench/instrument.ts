import { type AnyResource, type Context, isOut, isRedacted, type Owned, type Provider } from "@deploy/core";

/** One call of a provider, on its way. */
export interface Call {
  /** `containers.scale`, `dns.apply`; `resource.create` for a verb of a resource, `owned.remove` for a removal. */
  readonly path: string;
  /** The resource or owned thing it is about. */
  readonly id?: string;
  /** Whether it changes something at the vendor. */
  readonly mutating: boolean;
  readonly args: readonly unknown[];
}

/** Stands around every call: looks at it, lets it pass with `run`, changes what comes out, or fails instead. */
export type Around = (call: Call, run: (args?: readonly unknown[]) => unknown) => unknown;

const elements = [
  "servers",
  "images",
  "containers",
  "logs",
  "secrets",
  "ingress",
  "dns",
  "certificates",
  "addons",
  "access",
  "costs",
  "lease",
] as const;

const resourceVerbs = ["read", "diff", "pending", "blocked", "create", "update", "adopt"] as const;

const mutatingCalls = new Set([
  "resource.create",
  "resource.update",
  "resource.adopt",
  "owned.remove",
  "dns.apply",
  "containers.scale",
  "containers.restart",
  "containers.run",
  "secrets.set",
  "secrets.unset",
  "addons.backup",
  "addons.restore",
  "access.revoke",
]);

/** The same provider, with `around` around each of its calls and around each verb of its resources. */
export function instrument(provider: Provider, around: Around): Provider {
  const seen = new WeakSet<object>();
  const pass = (path: string, id: string | undefined, call: (...args: never[]) => unknown) => {
    const mutating = mutatingCalls.has(path);
    return (...args: unknown[]): unknown => {
      const described = { path, mutating, args, ...(id === undefined ? {} : { id }) };
      return around(described, (given = args) => outcome(call(...(given as never[]))));
    };
  };
  const outcome = (result: unknown): unknown => {
    if (result instanceof Promise) return result.then(outcome);
    for (const resource of resourcesIn(result)) patchResource(resource);
    return result;
  };
  const patchResource = (resource: AnyResource): void => {
    if (seen.has(resource) || Object.isFrozen(resource)) return;
    seen.add(resource);
    const target = resource as unknown as Record<string, unknown>;
    for (const verb of resourceVerbs) {
      const original = target[verb];
      if (typeof original !== "function") continue;
      // In place: late values point to this very object.
      target[verb] = pass(`resource.${verb}`, resource.id, (...args) => original.apply(resource, args));
    }
  };
  const patched: Record<string, unknown> = { ...provider };
  for (const name of elements) {
    const element = provider[name];
    if (element !== undefined) patched[name] = methods(element, name, pass);
  }
  for (const name of ["identity", "doctor"] as const) {
    const call = provider[name]?.bind(provider);
    if (call !== undefined) patched[name] = pass(name, undefined, call);
  }
  const owned = provider.owned?.bind(provider);
  if (owned !== undefined) {
    patched.owned = pass("owned", undefined, async (...args: Parameters<typeof owned>) =>
      (await owned(...args)).map(
        (one): Owned => ({
          ...one,
          remove: pass("owned.remove", one.id, (context: Context) => one.remove(context)) as Owned["remove"],
        }),
      ),
    );
  }
  return patched as unknown as Provider;
}

function methods(
  element: object,
  name: string,
  pass: (path: string, id: undefined, call: (...args: never[]) => unknown) => unknown,
): object {
  const copy: Record<string, unknown> = { ...element };
  for (const key of Object.keys(copy)) {
    const method = copy[key];
    if (typeof method === "function") {
      copy[key] = pass(`${name}.${key}`, undefined, (...args) => method.apply(element, args));
    }
  }
  return copy;
}

/** Every resource in `value` and all that those depend on, by data and by gates. */
export function resourcesIn(value: unknown): readonly AnyResource[] {
  const found = new Set<AnyResource>();
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one !== "object" || one === null || isRedacted(one) || seen.has(one)) continue;
    seen.add(one);
    if (isOut(one)) open.push(...one.needs);
    else if (isResource(one)) {
      found.add(one);
      open.push(one.desired, ...(one.after ?? []));
    } else if (Array.isArray(one)) open.push(...one);
    else if (Object.getPrototypeOf(one) === Object.prototype) open.push(...Object.values(one));
  }
  return [...found];
}

function isResource(value: object): value is AnyResource {
  const one = value as Partial<AnyResource>;
  return typeof one.id === "string" && typeof one.read === "function" && "desired" in one;
}
