import { type AnyResource, type Context, isOut, type Provider, redact, type Scope } from "@deploy/core";
import { type Bench, kitSecret } from "../workbench/bench.js";
import { resourcesIn } from "../workbench/instrument.js";
import { availableAlone } from "./alone.js";

/** A call of the provider, ready to be made with any context. */
export interface ReadyCall {
  readonly name: string;
  make(context: Context): Promise<unknown>;
}

/** Every call that only reads, of this scope. */
export async function readingCalls(
  bench: Bench,
  provider: Provider,
  scope: Scope = bench.scope,
): Promise<readonly ReadyCall[]> {
  const calls: ReadyCall[] = [];
  const add = (name: string, make: ((context: Context) => Promise<unknown>) | undefined): void => {
    if (make !== undefined) calls.push({ name, make });
  };
  add("identity", provider.identity && ((context) => provider.identity!(context)));
  add("owned", provider.owned && ((context) => provider.owned!(context, scope)));
  add("servers.status", provider.servers && ((context) => provider.servers!.status(context, scope)));
  add("containers.status", provider.containers && ((context) => provider.containers!.status(context, scope)));
  add(
    "containers.releases",
    provider.containers && ((context) => provider.containers!.releases(context, scope)),
  );
  add("secrets.list", provider.secrets && ((context) => provider.secrets!.list(context, scope)));
  add("addons.status", provider.addons && ((context) => provider.addons!.status(context, scope)));
  add("lease.holder", provider.lease && ((context) => provider.lease!.holder(context, scope)));
  add("logs.read", provider.logs && ((context) => first(provider.logs!.read(context, scope, { last: 1 }))));
  add("dns.zones", provider.dns && ((context) => provider.dns!.zones(context)));
  const zone = bench.subject.fixtures?.zone?.name;
  if (zone !== undefined) add("dns.list", provider.dns && ((context) => provider.dns!.list(context, zone)));
  const seen = new Set<string>();
  for (const one of availableAlone(bench)) {
    for (const resource of resourcesIn(await one.first(bench, provider, scope))) {
      // A record's own read is core's, and the kit's own elements are not on trial.
      if (resource.provider !== provider.name || seen.has(resource.id)) continue;
      seen.add(resource.id);
      add(`read of ${resource.id}`, (context) => resource.read(context));
    }
  }
  return calls;
}

/** Calls that change something and need nothing to be there before. */
export async function writingCalls(bench: Bench, provider: Provider): Promise<readonly ReadyCall[]> {
  const calls: ReadyCall[] = [];
  const { scope } = bench;
  for (const one of availableAlone(bench)) {
    // Routes and certificates stand on others, which would have to be there.
    if (one.element === "ingress" || one.element === "certificates") continue;
    for (const resource of resourcesIn(await one.first(bench, provider, scope))) {
      if (resource.provider !== provider.name || resource.create === undefined || needsOthers(resource))
        continue;
      const make = (context: Context): Promise<unknown> => resource.create!(context, resource.desired);
      if (!calls.some(({ name }) => name === `create of ${resource.id}`))
        calls.push({ name: `create of ${resource.id}`, make });
    }
  }
  if (provider.secrets !== undefined) {
    calls.push({
      name: "secrets.set",
      make: (context) => provider.secrets!.set(context, scope, "KIT_OTHER", redact(`${kitSecret}-other`)),
    });
  }
  if (provider.lease !== undefined) {
    const holder = { name: "nobody", since: new Date(0).toISOString(), operation: "up" };
    calls.push({ name: "lease.acquire", make: (context) => provider.lease!.acquire(context, scope, holder) });
  }
  return calls;
}

function needsOthers(resource: AnyResource): boolean {
  return (
    isOut(resource.desired) || resourcesIn(resource.desired).length > 0 || (resource.after ?? []).length > 0
  );
}

async function first<T>(source: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of source) return item;
  return undefined;
}
