import type { Context } from "../context.js";
import { findOuts } from "../engine/late.js";
import { foresee, type In, isOut } from "../engine/out.js";
import type { AnyResource, Resource } from "../engine/resource.js";
import { isInTheWay } from "./dns-diff.js";
import { changeZone } from "./dns-lane.js";
import {
  type DnsProvider,
  isOwnRecord,
  listRecords,
  recordId,
  recordMarker,
  zoneFor,
} from "./dns-ownership.js";
import { placeInZone, settledPart } from "./dns-place.js";
import { normaliseValues, spelled } from "./dns-values.js";
import { indexOf, saysWhere } from "./dns-zone-index.js";
import type { Scope } from "./scope.js";
import type { DnsRecordSet, ObservedRecordSet } from "./traffic.js";

/** Seconds that an answer may live before it changes: more is shortened first. */
const longest = 300;

/** Seconds that it is shortened to; a vendor's least, where that is more. */
const shortened = 60;

/** What the record will be, as far as a plan can foresee it: `null` stands for a value that is made in the same run. */
type Ahead = {
  readonly record: Omit<DnsRecordSet, "values"> & { readonly values: readonly (string | null)[] };
};

interface Standing {
  readonly zone: string;
  readonly records: readonly ObservedRecordSet[];
}

/**
 * Shortens the time to live of the record at a host that will be led somewhere else in this run: early, while the app
 * is still rolled out, so that fewer resolvers keep the old answer once the record changes, which comes last. The value
 * stays as it is; the change of the value brings the vendor's default time back.
 *
 * It does nothing where the record lives for 300 seconds or less, where its value stays, and where it is not ours.
 *
 * @param adopted whether a record of somebody else at this place is to be taken over in this run: then it is taken over
 * here, with its value as it is.
 */
export function shortenedLife(
  provider: DnsProvider,
  scope: Scope,
  key: string,
  host: string,
  record: Exclude<In<DnsRecordSet>, { resolve: unknown }>,
  adopted: boolean,
): AnyResource {
  const { dns } = provider;
  const marker = recordMarker(scope, key);
  const least = Math.max(shortened, dns.capabilities.ttl?.least ?? shortened);
  const values = record.values as readonly In<string>[];

  const isMine = (one: ObservedRecordSet, target: DnsRecordSet, zone: string): boolean => {
    if (isOwnRecord(scope, one)) return one.marker === marker;
    return adopted && isInTheWay(one, { record: target, marker }, zone);
  };
  const placed = ({ record: ahead }: Ahead, zone: string): DnsRecordSet | undefined => {
    const settled = settledPart(ahead);
    return settled && placeInZone(provider, zone, settled);
  };
  const longLived = (
    records: readonly ObservedRecordSet[],
    ahead: Ahead,
    zone: string,
  ): readonly ObservedRecordSet[] => {
    const target = placed(ahead, zone);
    if (target === undefined) return [];
    const isForeseen = !ahead.record.values.includes(null);
    return records.filter((one) => {
      if (!saysWhere(one.type) || one.ttl === undefined || one.ttl <= longest || one.ttl <= least)
        return false;
      return isMine(one, target, zone) && !(isForeseen && sameAnswer(one, target));
    });
  };

  const node: Resource<Ahead, Standing> = {
    id: recordId(provider, `ttl/${key}`),
    label: `time to live of ${spelled(host)}, before it is led elsewhere`,
    provider: provider.name,
    element: "dns",
    desired: {
      record: { ...record, values: values.map((value) => (isOut(value) ? foresee(value) : value)) },
    } as In<Ahead>,
    foresees: findOuts(values).flatMap(({ needs }) => needs),
    async read(context) {
      const zone = await zoneFor(context, provider, host);
      const { byName } = indexOf(await listRecords(context, provider, zone));
      return { zone, records: byName.get(host) ?? [] };
    },
    diff: (ahead, { zone, records }) =>
      longLived(records, ahead as Ahead, zone).map(({ type, ttl }) => ({
        path: `${type} ttl`,
        from: ttl,
        to: least,
      })),
    update: (context: Context, ahead, { zone }) =>
      changeZone(context, dns, zone, (draft) => {
        const records = longLived(draft.at(host), ahead, zone);
        for (const before of records) {
          const { marker: _marker, ...same } = before;
          draft.put({ ...same, ttl: least }, marker, before);
        }
        const most = Math.max(0, ...records.map(({ ttl = 0 }) => ttl));
        if (most > 0) context.log(`Answers given until now are kept for up to ${Math.ceil(most / 60)} min.`);
        return { zone, records: draft.at(host) };
      }),
  };
  return node as AnyResource;
}

function sameAnswer(one: DnsRecordSet, other: DnsRecordSet): boolean {
  const [here, there] = [one, other].map(({ type, values }) => normaliseValues(type, values));
  return one.type === other.type && JSON.stringify(here) === JSON.stringify(there);
}
