import {
  type Context,
  DeployError,
  type Dns,
  type DnsRecordChange,
  type DnsRecordSet,
  type DnsRecordType,
  normaliseValues,
  type ObservedRecordSet,
} from "@deploy/core";
import type { Api, VendorRecord, VendorRecordInput } from "./api.js";

const types: readonly DnsRecordType[] = ["A", "AAAA", "CNAME", "TXT", "CAA", "MX"];

/** Seconds, where the app does not say. */
const defaultTtl = 300;

/** DNS: lists a zone and applies a batch. Diff, ownership and conflicts are core's. */
export function createDns(api: Api): Dns {
  return {
    capabilities: {
      apex: "flatten",
      types,
      wildcards: true,
      redirects: { no: "Nimbus Cloud answers for names, and serves no HTTP" },
    },
    zones: (context) => api.zones(context),
    list: async (context, zone) => recordSets(await api.records(context, zone)),
    async apply(context, zone, changes) {
      const present = await api.records(context, zone);
      // One after the other: a removal may be what makes room for the next record.
      for (const change of changes) await applyChange(api, context, zone, present, change);
    },
  };
}

/** Looks at what is there first: the same change twice makes no difference. */
async function applyChange(
  api: Api,
  context: Context,
  zone: string,
  all: readonly VendorRecord[],
  change: DnsRecordChange,
): Promise<void> {
  const place = change.action === "create" ? change.record : change.before;
  const present = all.filter((one) => isAt(one, place));
  if (change.action === "delete") {
    // Ours alone: somebody may have added a value by hand.
    const ours = present.filter((one) => one.comment === (change.before.marker ?? ""));
    for (const one of ours) await api.remove(context, zone, one.id);
    return;
  }
  const { record, marker } = change;
  const wanted = normaliseValues(record.type, record.values).map((content): VendorRecordInput => {
    return { name: record.name, type: record.type, content, ttl: record.ttl ?? defaultTtl, comment: marker };
  });
  const surplus = present.filter((one) => !wanted.some((other) => isSameValue(one, other)));
  for (const one of wanted) {
    // In place where something can be replaced: a name is never left without an answer.
    const old = present.find((other) => isSameValue(one, other)) ?? surplus.shift();
    if (old === undefined) await addOnce(api, context, zone, one);
    else if (!isSame(old, one)) await api.replace(context, zone, old.id, one);
  }
  for (const one of surplus) await api.remove(context, zone, one.id);
}

/** Two runs at once may add the same record: for the second one it is there, which is what it wanted. */
async function addOnce(api: Api, context: Context, zone: string, record: VendorRecordInput): Promise<void> {
  try {
    await api.add(context, zone, record);
  } catch (error) {
    if (!DeployError.is(error) || error.code !== "dns.conflict") throw error;
    const present = await api.records(context, zone);
    if (!present.some((one) => isAt(one, record) && isSame(one, record))) throw error;
  }
}

/** From one value each to all values of a name and type. */
function recordSets(records: readonly VendorRecord[]): readonly ObservedRecordSet[] {
  const sets = new Map<string, ObservedRecordSet>();
  for (const { name, type, content, ttl, comment } of records) {
    if (!(types as readonly string[]).includes(type)) continue;
    const before = sets.get(`${name} ${type}`);
    // A value that somebody added by hand to one of ours has no marker; the whole is ours, and the value is drift.
    const marker = before?.marker ?? (comment === "" ? undefined : comment);
    sets.set(`${name} ${type}`, {
      name,
      type: type as DnsRecordType,
      values: [...(before?.values ?? []), content],
      ttl,
      ...(marker === undefined ? {} : { marker }),
    });
  }
  return [...sets.values()];
}

function isAt(record: VendorRecord, place: Pick<DnsRecordSet, "name"> & { readonly type: string }): boolean {
  return record.name === place.name && record.type === place.type;
}

/** Vendors spell one value in several ways: a last dot, quotes, capitals. */
function isSameValue(one: VendorRecordInput, other: VendorRecordInput): boolean {
  const [left, right] = [one, other].map(
    ({ type, content }) => normaliseValues(type as DnsRecordType, [content])[0],
  );
  return left === right;
}

function isSame(one: VendorRecordInput, other: VendorRecordInput): boolean {
  return isSameValue(one, other) && one.ttl === other.ttl && one.comment === other.comment;
}
