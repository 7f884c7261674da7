import assert from "node:assert/strict";
import {
  type AnyResource,
  type DnsProvider,
  type DnsRecordSet,
  dnsRecord,
  normaliseName,
  normaliseValues,
  type ObservedRecordSet,
} from "@deploy/core";
import { skip } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";

/** The zone that the kit may write to. */
export const zoneOf = (bench: Bench): string => bench.fixture("zone").name;
/** A name in it that is this scenario's own. */
export const nameIn = (bench: Bench, label: string): string => `${label}.${bench.scope.app}.${zoneOf(bench)}`;

/** Everything in the zone, seen by a fresh provider. */
export async function list(bench: Bench): Promise<readonly ObservedRecordSet[]> {
  return bench.freshProvider().dns!.list(bench.context(), zoneOf(bench));
}

/** One set, which must not be there twice. */
export async function find(bench: Bench, name: string, type: string): Promise<ObservedRecordSet | undefined> {
  const found = (await list(bench)).filter(
    (one) => normaliseName(one.name) === normaliseName(name) && one.type === type,
  );
  assert.ok(found.length <= 1, `${name} ${type} is listed ${found.length} times, not as one set`);
  return found[0];
}

/** A record as core plans it. */
export function node(bench: Bench, record: DnsRecordSet, host: string = record.name): readonly AnyResource[] {
  return [
    dnsRecord(
      bench.freshProvider() as DnsProvider,
      bench.scope,
      `${host}/${record.type}`,
      host,
      record,
    ) as AnyResource,
  ];
}

/** Writes a record as core would, plans again, and answers with what the vendor holds. */
export async function placed(bench: Bench, record: DnsRecordSet): Promise<ObservedRecordSet> {
  await bench.apply(node(bench, record));
  await bench.assertSettled(node(bench, record));
  const found = await find(bench, record.name, record.type);
  assert.ok(found, `${record.name} ${record.type} is not listed after it was written`);
  assert.deepEqual(normaliseValues(record.type, found.values), normaliseValues(record.type, record.values));
  return found;
}

/** Ends the scenario where the vendor holds no such records. */
export function needType(bench: Bench, type: DnsRecordSet["type"]): void {
  if (!bench.part("dns").capabilities.types.includes(type)) skip(`it holds no ${type} records`);
}
