import { suggest } from "../app/edit-distance.js";
import type { Context } from "../context.js";
import { type DnsProvider, listZones } from "../elements/dns-ownership.js";
import { normaliseName } from "../elements/dns-values.js";
import type { Dns, ObservedRecordSet, ZoneCopy } from "../elements/traffic.js";
import { DeployError } from "../errors.js";
import { contentOf } from "./domains-records.js";
import type { ZoneRecordChange, ZoneRestore } from "./domains-types.js";
import { underLease } from "./lease.js";
import { isDnsProvider, requireSupport } from "./providers.js";
import { guardedContext, type Session } from "./session.js";

/** A vendor that keeps copies. */
type Copying = DnsProvider & { readonly dns: Dns & Required<Pick<Dns, "copies" | "restore">> };

/**
 * The DNS provider of the environment, which has to keep copies; refused before any call.
 *
 * @throws `dns.unsupported`
 */
function requireCopies(session: Session): Copying {
  const provider = session.environment.providers.dns;
  if (!isDnsProvider(provider)) {
    throw new DeployError({
      code: "dns.unsupported",
      message: `The environment ${session.environment.name} declares no DNS provider.`,
      hint: 'Name one in "dns" of this environment.',
    });
  }
  const { copies, restore } = provider.dns;
  const able = copies !== undefined && restore !== undefined;
  requireSupport(
    provider,
    "dns",
    "put a copy of a zone back",
    able
      ? true
      : { no: "it keeps none, since it changes single records and never replaces a zone as a whole" },
  );
  return provider as Copying;
}

async function requireZone(context: Context, provider: DnsProvider, zone: string): Promise<string> {
  const zones = await listZones(context, provider);
  const name = normaliseName(zone);
  if (zones.includes(name)) return name;
  throw new DeployError({
    code: "config.unknown-zone",
    message: `${provider.name} holds no zone "${zone}".`,
    hint: suggest(name, zones, "These credentials reach no zone at all."),
    details: { known: zones },
  });
}

/**
 * The copies of a zone, newest first.
 *
 * @throws `dns.unsupported`, `config.unknown-zone`.
 */
export async function zoneCopies(session: Session, zone: string): Promise<readonly ZoneCopy[]> {
  const provider = requireCopies(session);
  const context = await guardedContext(session);
  return provider.dns.copies(context, await requireZone(context, provider, zone));
}

/**
 * What putting a copy back would change; the newest one by default. Changes nothing.
 *
 * @throws `dns.unsupported`, `config.unknown-zone`, `config.unknown-copy`, `dns.no-copy`.
 */
export async function compareCopy(session: Session, zone: string, copy?: string): Promise<ZoneRestore> {
  const provider = requireCopies(session);
  return compare(await guardedContext(session), provider, zone, copy);
}

/**
 * Puts a copy of a zone back, the records of others included; `confirm` has to be the zone's name.
 *
 * @throws `dns.confirmation-needed`, and what {@link compareCopy} throws.
 */
export async function restoreZone(
  session: Session,
  zone: string,
  options: { readonly copy?: string; readonly confirm: string },
): Promise<ZoneRestore> {
  const provider = requireCopies(session);
  if (normaliseName(options.confirm) !== normaliseName(zone)) {
    throw new DeployError({
      code: "dns.confirmation-needed",
      message: `Every record of ${zone} is replaced: it has to be confirmed with the zone's name.`,
      hint: `Confirm with its name: --confirm=${zone}.`,
    });
  }
  const context = await guardedContext(session);
  return underLease(session, { operation: "restore", signal: context.signal }, async () => {
    const restore = await compare(context, provider, zone, options.copy);
    await provider.dns.restore(context, restore.zone, restore.copy.id);
    return restore;
  });
}

async function compare(
  context: Context,
  provider: Copying,
  zone: string,
  id: string | undefined,
): Promise<ZoneRestore> {
  const name = await requireZone(context, provider, zone);
  const copies = await provider.dns.copies(context, name);
  const copy = id === undefined ? copies[0] : copies.find((one) => one.id === id);
  if (copy === undefined) throw noCopy(name, id, copies);
  const base = { zone: name, provider: provider.name, copy };
  if (provider.dns.readCopy === undefined) return base;
  const [now, then] = await Promise.all([
    provider.dns.list(context, name),
    provider.dns.readCopy(context, name, copy.id),
  ]);
  return { ...base, records: recordChanges(now, then) };
}

function noCopy(zone: string, id: string | undefined, copies: readonly ZoneCopy[]): DeployError {
  if (id === undefined) {
    return new DeployError({
      code: "dns.no-copy",
      message: `There is no copy of ${zone} yet.`,
      hint: "A copy is made before each write.",
    });
  }
  return new DeployError({
    code: "config.unknown-copy",
    message: `There is no copy "${id}" of ${zone}.`,
    hint: copies.length === 0 ? "There is none yet." : `Take one of \`deploy domains copies ${zone}\`.`,
  });
}

/** From the zone as it is to the zone as it was: only what differs, by name. */
function recordChanges(
  now: readonly ObservedRecordSet[],
  then: readonly ObservedRecordSet[],
): readonly ZoneRecordChange[] {
  const keyOf = ({ name, type }: ObservedRecordSet): string => `${normaliseName(name)} ${type}`;
  const before = new Map(now.map((record) => [keyOf(record), record]));
  const after = new Map(then.map((record) => [keyOf(record), record]));
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key) => {
    const [from, to] = [before.get(key), after.get(key)];
    const { name, type } = (from ?? to)!;
    const change = {
      ...{ name: normaliseName(name), type },
      ...(from === undefined ? {} : { before: contentOf(from) }),
      ...(to === undefined ? {} : { after: contentOf(to) }),
    };
    return JSON.stringify(change.before) === JSON.stringify(change.after) ? [] : [change];
  });
}
