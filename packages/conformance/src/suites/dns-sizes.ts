import type { DnsRecordChange, DnsRecordSet, ObservedRecordSet } from "@deploy/core";
import { recordMarker } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { defineScenario } from "../workbench/define.js";
import { assertHeld, assertNothingToDo, isOurs, keyOf, namesOf, set, theirsOf } from "./dns-case.js";
import { plainName } from "./dns-presentation.js";
import { list, zoneOf } from "./dns-zone.js";

/**
 * Numbers of records at which vendors and their clients are known to go wrong: a page of 100 and its neighbours, and
 * more than several pages and batches hold.
 */
const sizes = [99, 100, 101, 601, 1201] as const;

/** DNS, certified: many records in one batch. */
export const dnsSizes: readonly Scenario[] = sizes.map((size) =>
  defineScenario({
    name: `dns: ${size.toLocaleString("en")} records are made in one batch, changed in one, and removed in one`,
    element: "dns",
    requires: ["dns"],
    fixtures: ["zone"],
    async try(bench) {
      const { at } = namesOf(bench);
      const records = Array.from({ length: size }, (_, index) =>
        set(at(`r${index}`), "A", `198.51.${Math.floor(index / 250)}.${(index % 250) + 1}`),
      );
      try {
        await makeChangeRemove(bench, records);
      } finally {
        // What a failure has left is removed in one call, as one by one would take minutes.
        const left = (await list(bench)).filter((one) => isOurs(bench, one));
        const removals = left.map((before) => ({ action: "delete", before }) as const);
        if (left.length > 0) await bench.part("dns").apply(bench.context(), zoneOf(bench), removals);
      }
    },
  }),
);

async function makeChangeRemove(bench: Bench, records: readonly DnsRecordSet[]): Promise<void> {
  const { at } = namesOf(bench);
  const size = records.length;
  const theirs = theirsOf(bench, await list(bench));
  await batch(bench, [], records);
  await judge(bench, records, theirs, `${size} records made`);

  // Half of them changed, a tenth gone, and some new ones, all in one.
  const changed = records
    .filter((_, index) => index % 10 !== 9)
    .map((record, index) => (index % 2 === 0 ? { ...record, values: [`203.0.113.${index % 250}`] } : record));
  const next = [...changed, ...[1, 2, 3].map((number) => set(at(`new${number}`), "TXT", `new ${number}`))];
  await batch(bench, records, next);
  await judge(bench, next, theirs, `${size} records changed`);

  await batch(bench, next, []);
  await judge(bench, [], theirs, `${size} records removed`);
}

/** From one set of records to another in one call of the plugin; what core would do one by one. */
async function batch(
  bench: Bench,
  before: readonly DnsRecordSet[],
  wanted: readonly DnsRecordSet[],
): Promise<void> {
  const listed = before.length === 0 ? [] : await list(bench);
  const present = new Map<string, ObservedRecordSet>(listed.map((one) => [keyOf(one), one]));
  const next = new Set(wanted.map(keyOf));
  const same = new Map(before.map((one) => [keyOf(one), one.values.join()]));
  const changes: DnsRecordChange[] = [];
  for (const record of before) {
    const found = present.get(keyOf(record));
    if (found !== undefined && !next.has(keyOf(record))) changes.push({ action: "delete", before: found });
  }
  for (const wish of wanted) {
    if (same.get(keyOf(wish)) === wish.values.join()) continue;
    const marker = recordMarker(bench.scope, keyOf(wish));
    const found = present.get(keyOf(wish));
    const record = bench.part("dns").prepare?.(wish, zoneOf(bench)) ?? wish;
    if (found === undefined) changes.push({ action: "create", record, marker });
    else changes.push({ action: "update", record, before: found, marker });
  }
  await bench.part("dns").apply(bench.context(), zoneOf(bench), changes);
}

async function judge(
  bench: Bench,
  wanted: readonly DnsRecordSet[],
  theirs: readonly ObservedRecordSet[],
  what: string,
): Promise<void> {
  await assertHeld(bench, wanted, theirs, what);
  await assertNothingToDo(bench, wanted, what);
  const serves = bench.fixture("zone").serves;
  // Asking for a few of them tells whether what the API lists is served: its first, its middle and its last.
  for (const record of [wanted.at(0), wanted.at(Math.floor(wanted.length / 2)), wanted.at(-1)]) {
    if (serves === undefined || record === undefined || record.type !== "A") continue;
    const answered = await serves(plainName(record.name), record.type);
    if (answered.join() !== record.values.join())
      throw new Error(
        `${what}: the zone's servers answer ${answered.join() || "nothing"} for ${record.name}`,
      );
  }
}
