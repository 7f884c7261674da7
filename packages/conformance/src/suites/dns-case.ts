import assert from "node:assert/strict";
import {
  type AnyResource,
  type DnsProvider,
  type DnsRecordSet,
  dnsRecord,
  normaliseValues,
  type ObservedRecordSet,
  type Provider,
  recordMarker,
} from "@deploy/core";
import { type Scenario, skip } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { ownedOf } from "../workbench/clear.js";
import { defineScenario } from "../workbench/define.js";
import { plainAnswers, plainName, plainValues } from "./dns-presentation.js";
import { list, nameIn, zoneOf } from "./dns-zone.js";

/** Names for the records of a case. */
export interface CaseNames {
  /** The root of the zone. */
  readonly root: string;
  /** A name in the zone that is this case's own. */
  at(label: string): string;
  /** What an ALIAS record may lead to. */
  readonly alias: Pick<DnsRecordSet, "values" | "extra">;
}

/** All records that are wanted at one time; `same`: those of the step before, spelt in another way. */
export type CaseStep = readonly DnsRecordSet[] | { readonly same: readonly DnsRecordSet[] };

/**
 * A case of the certification as data: from each step's records to those of the next.
 *
 * After each step a plan of the same has nothing to do, the listing is what was wanted and no more, the zone's servers
 * answer it where they can be asked, and all that is not ours is as it was.
 */
export interface DnsCase {
  /** What holds, behind `dns: `. */
  readonly name: string;
  /** Records of others which stand in the zone beforehand; without `plant` the case is skipped. */
  readonly beside?: (names: CaseNames) => readonly DnsRecordSet[];
  readonly steps: (names: CaseNames) => readonly CaseStep[];
}

/** A record set of a case. */
export function set(
  name: string,
  type: DnsRecordSet["type"],
  values: string | readonly string[],
  more: Pick<DnsRecordSet, "ttl" | "extra"> = {},
): DnsRecordSet {
  return { name, type, values: typeof values === "string" ? [values] : values, ...more };
}

/** Cases as scenarios. One whose records the vendor cannot hold by type is skipped. */
export function dnsCases(cases: readonly DnsCase[]): readonly Scenario[] {
  return cases.map(({ name, beside, steps }) =>
    defineScenario({
      name: `dns: ${name}`,
      element: "dns",
      requires: ["dns"],
      fixtures: ["zone"],
      async try(bench) {
        const names = namesOf(bench);
        const wanted = steps(names);
        const foreign = beside?.(names) ?? [];
        needTypes(bench, [...wanted.flatMap(recordsOf), ...foreign]);
        await plantAll(bench, foreign);
        let before: readonly DnsRecordSet[] = [];
        for (const [index, step] of wanted.entries()) {
          const what = `step ${index + 1} of ${wanted.length}`;
          const records = recordsOf(step);
          if ("same" in step) await assertNothingToDo(bench, records, `${what}, spelt otherwise`);
          await migrate(bench, before, records, what);
          before = records;
        }
        await migrate(bench, before, [], "after all was removed");
      },
    }),
  );
}

const recordsOf = (step: CaseStep): readonly DnsRecordSet[] => ("same" in step ? step.same : step);

/** Ends the scenario where the vendor holds no such records. */
function needTypes(bench: Bench, records: readonly DnsRecordSet[]): void {
  const { types, apex, wildcards } = bench.part("dns").capabilities;
  for (const { name, type } of records) {
    if (!types.includes(type)) skip(`it holds no ${type} records`);
    if (name.startsWith("*.") && wildcards !== true) skip(`it holds no wildcards: ${wildcards.no}`);
    if (name === zoneOf(bench) && type === "CNAME" && typeof apex === "object") skip(apex.no);
  }
}

/** The names that cases of this scenario use. */
export function namesOf(bench: Bench): CaseNames {
  return {
    root: zoneOf(bench),
    at: (label) => nameIn(bench, label),
    alias: bench.fixture("zone").alias ?? { values: ["ingress.example.net"] },
  };
}

/** Makes records of others, and looks that they are listed as such. */
export async function plantAll(bench: Bench, records: readonly DnsRecordSet[]): Promise<void> {
  if (records.length === 0) return;
  const plant = bench.fixture("zone").plant ?? skip("the subject supplies no fixtures.zone.plant");
  for (const record of records) await plant(record);
  const listed = await list(bench);
  for (const record of records) {
    const found = listed.find((one) => isSamePlace(one, record));
    assert.ok(found, `${record.name} ${record.type} of somebody else is not listed`);
    assert.equal(found.marker, undefined, `${record.name} ${record.type} of somebody else has a marker`);
  }
}

/** The nodes of a whole step, with a provider that has nothing in common with that of another step. */
export function nodesOf(bench: Bench, records: readonly DnsRecordSet[]): readonly AnyResource[] {
  const provider = bench.freshProvider() as DnsProvider;
  return records.map(
    (record) => dnsRecord(provider, bench.scope, keyOf(record), record.name, record) as AnyResource,
  );
}

/** What tells a record apart among those of its case; spellings of one name share it. */
export const keyOf = ({ name, type }: DnsRecordSet): string => `${plainName(name)}/${type}`;

/** As an environment would: what is no longer wanted is found by its marker, and removed. */
function pruning(bench: Bench): { provider: Provider; prune: true; permissions: { force: true } } {
  const fresh = bench.freshProvider();
  const provider: Provider = { ...fresh, owned: (context, scope) => ownedOf(fresh, context, scope) };
  return { provider, prune: true, permissions: { force: true } };
}

/** Brings the zone from one step to the next, and judges it. */
async function migrate(
  bench: Bench,
  before: readonly DnsRecordSet[],
  wanted: readonly DnsRecordSet[],
  what: string,
): Promise<void> {
  const theirs = theirsOf(bench, await list(bench));
  await bench.apply(nodesOf(bench, wanted), pruning(bench));
  await assertNothingToDo(bench, wanted, `${what}, planned again`);
  await assertHeld(bench, wanted, theirs, what);
  await assertServed(bench, before, wanted, what);
}

/** Fails unless a plan of these records, pruning included, is empty. */
export async function assertNothingToDo(
  bench: Bench,
  wanted: readonly DnsRecordSet[],
  what: string,
): Promise<void> {
  const { plan } = await bench.plan(nodesOf(bench, wanted), pruning(bench));
  assert.deepEqual(plan.blocks, [], `${what}: something keeps the plan from being applied`);
  const changes = plan.changes.map(({ verb, label, fields }) => `${verb} ${label} ${JSON.stringify(fields)}`);
  assert.deepEqual(changes, [], `${what}: there should be nothing to do`);
}

/** Fails unless the listing has these records with our marker, no others with it, and all else as it was. */
export async function assertHeld(
  bench: Bench,
  wanted: readonly DnsRecordSet[],
  theirs: readonly ObservedRecordSet[],
  what: string,
): Promise<void> {
  const listed = await list(bench);
  const ours = listed.filter((one) => isOurs(bench, one));
  assert.deepEqual(
    ours.map((one) => comparable(bench, one)).sort(byKey),
    wanted.map((one) => comparable(bench, one)).sort(byKey),
    `${what}: what is listed as ours is not what was wanted`,
  );
  for (const record of wanted) {
    if (record.ttl === undefined) continue;
    const found = ours.find((one) => isSamePlace(one, placed(bench, record)));
    assert.equal(found?.ttl, record.ttl, `${what}: another time to live at ${record.name} ${record.type}`);
  }
  assert.deepEqual(theirsOf(bench, listed), theirs, `${what}: records of somebody else were changed`);
}

/** Everything in a listing that is not of this scenario, in one order. */
export function theirsOf(bench: Bench, listed: readonly ObservedRecordSet[]): readonly ObservedRecordSet[] {
  const lines = (one: ObservedRecordSet): string => JSON.stringify([one.name, one.type, one.values]);
  return listed
    .filter((one) => !isOurs(bench, one))
    .toSorted((one, other) => (lines(one) < lines(other) ? -1 : 1));
}

/** Whether a record has a marker of this scenario. */
export function isOurs(bench: Bench, record: ObservedRecordSet): boolean {
  return record.marker?.startsWith(recordMarker(bench.scope, "")) === true;
}

const byKey = (one: { key: string }, other: { key: string }): number => (one.key < other.key ? -1 : 1);

function comparable(bench: Bench, record: DnsRecordSet): { key: string; values: readonly string[] } {
  const { type, values } = placed(bench, record);
  return { key: keyOf({ ...record, type }), values: normaliseValues(type, values) };
}

/** A CNAME at the root is what the vendor's rule for roots makes of it. */
function placed(bench: Bench, record: DnsRecordSet): DnsRecordSet {
  const isRoot = plainName(record.name) === zoneOf(bench) && record.type === "CNAME";
  return isRoot && bench.part("dns").capabilities.apex === "alias" ? { ...record, type: "ALIAS" } : record;
}

function isSamePlace(one: DnsRecordSet, other: DnsRecordSet): boolean {
  return plainName(one.name) === plainName(other.name) && one.type === other.type;
}

/** Fails unless the zone's own servers answer what is wanted, and nothing where something was removed. */
async function assertServed(
  bench: Bench,
  before: readonly DnsRecordSet[],
  wanted: readonly DnsRecordSet[],
  what: string,
): Promise<void> {
  const serves = bench.fixture("zone").serves;
  if (serves === undefined) return;
  const removed = before.filter(
    (one) => !wanted.some((other) => plainName(other.name) === plainName(one.name)),
  );
  const expected = [...wanted, ...removed.map((one) => ({ ...one, values: [] }))].filter(
    ({ name, type }) => type !== "ALIAS" && !(type === "CNAME" && plainName(name) === zoneOf(bench)),
  );
  for (const { name, type, values } of expected) {
    assert.deepEqual(
      plainAnswers(type, await serves(plainName(name), type)),
      plainValues(type, values),
      `${what}: the zone's servers answer something else for ${name} ${type}`,
    );
  }
}
