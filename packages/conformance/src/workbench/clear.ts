import {
  applyPlan,
  type Context,
  type DnsProvider,
  type Owned,
  ownedRecords,
  type Provider,
  prepareRemoval,
  type Scope,
} from "@deploy/core";

/** Everything that a provider holds of a scope, its DNS records included. */
export async function ownedOf(provider: Provider, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const [own = [], records = []] = await Promise.all([
    provider.owned?.(context, scope),
    provider.dns === undefined ? [] : ownedRecords(provider as DnsProvider, context, scope),
  ]);
  const known = new Set(own.map((one) => one.id));
  return [...own, ...records.filter((record) => !known.has(record.id))];
}

/**
 * Removes everything of a scope, data included, and answers with what is still there afterwards: ids, and whatever
 * `inspect` sees.
 */
export async function clearScope(
  provider: Provider,
  context: Context,
  scope: Scope,
  inspect: ((scope: Scope, context: Context) => Promise<readonly string[]>) | undefined,
): Promise<readonly string[]> {
  const whole: Provider = { ...provider, owned: (asked) => ownedOf(provider, asked, scope) };
  const held = await ownedOf(provider, context, scope);
  if (held.length > 0) {
    const { log: _log, output: _output, shared: _shared, ...base } = context;
    const options = { force: true, deleteData: held.map((one) => one.id) };
    await applyPlan(await prepareRemoval({ scope, providers: [whole], context: base, options }));
  }
  const left = (await ownedOf(provider, context, scope)).filter((one) => one.shared !== true);
  return [...left.map((one) => one.id), ...((await inspect?.(scope, context)) ?? [])];
}
