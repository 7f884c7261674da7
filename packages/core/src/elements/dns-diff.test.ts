import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyChanges, type DiffRules, diffRecords, type WantedRecord } from "./dns-diff.js";
import { normaliseValues } from "./dns-values.js";
import type { DnsRecordSet, ObservedRecordSet } from "./traffic.js";

const zone = "example.org";
const rules: DiffRules = { zone, isOurs: ({ marker }) => marker?.startsWith("ours:") === true };

const names = ["example.org", "www.example.org", "a.example.org", "*.example.org", "b.a.example.org"];
const types = ["A", "AAAA", "CNAME", "TXT", "MX"] as const;
const values = { A: "192.0.2.", AAAA: "2001:db8::", CNAME: "target", TXT: "text", MX: "10 mail" };

const record = fc
  .record({
    name: fc.constantFrom(...names),
    type: fc.constantFrom(...types),
    numbers: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    ttl: fc.option(fc.constantFrom(60, 300, 3600), { nil: undefined }),
  })
  .map(
    ({ name, type, numbers, ttl }): DnsRecordSet => ({
      name,
      type,
      values: (type === "CNAME" ? numbers.slice(0, 1) : numbers).map((number) => `${values[type]}${number}`),
      ...(ttl === undefined ? {} : { ttl }),
    }),
  );

/** A zone as one can be: one set of a name and type, and a CNAME alone but at the root. */
const records = fc.array(record, { maxLength: 12 }).map((all) => {
  const kept: DnsRecordSet[] = [];
  for (const one of all) {
    const beside = kept.filter(({ name }) => name === one.name);
    const clash = beside.some(
      ({ type }) =>
        type === one.type ||
        ((type === "CNAME" || one.type === "CNAME") &&
          (one.name !== zone || [type, one.type].some((is) => is === "A" || is === "AAAA"))),
    );
    if (!clash) kept.push(one);
  }
  return kept;
});

const wantedRecords = records.map((all) =>
  all.map((one): WantedRecord => ({ record: one, marker: `ours:${one.name} ${one.type}` })),
);
const zones = fc
  .tuple(
    records,
    fc.array(fc.constantFrom(undefined, "theirs", "ours:x", "ours:y", "ours:z"), {
      minLength: 12,
      maxLength: 12,
    }),
  )
  .map(([all, markers]) =>
    all.map((one, index): ObservedRecordSet => {
      const marker = markers[index];
      return marker === undefined ? one : { ...one, marker };
    }),
  );

function contents(all: readonly ObservedRecordSet[]): readonly string[] {
  return all
    .map((one) => `${one.name} ${one.type} ${normaliseValues(one.type, one.values)} ${one.ttl} ${one.marker}`)
    .sort();
}

describe("the diff of a zone", () => {
  it("applied to what is there gives what is wanted, and never touches what is not ours", () => {
    fc.assert(
      fc.property(zones, wantedRecords, (observed, wanted) => {
        const { changes, obstacles } = diffRecords(wanted, observed, rules);
        const after = applyChanges(observed, changes);
        const theirs = observed.filter((one) => !rules.isOurs(one));
        expect(after.filter((one) => !rules.isOurs(one))).toEqual(theirs);
        for (const change of changes) {
          if (change.action !== "create") expect(rules.isOurs(change.before)).toBe(true);
        }
        const blocked = new Set(obstacles.map(({ wanted: one }) => one));
        for (const { inTheWay } of obstacles) for (const one of inTheWay) expect(theirs).toContain(one);
        const expected = wanted
          .filter((one) => !blocked.has(one))
          .map(({ record: one, marker }): ObservedRecordSet => {
            // What lives as long as its vendor likes may live as long as it did.
            const present = after.find(({ name, type }) => name === one.name && type === one.type);
            return {
              ...one,
              ...(one.ttl === undefined && present?.ttl !== undefined ? { ttl: present.ttl } : {}),
              marker,
            };
          });
        expect(contents(after.filter(rules.isOurs))).toEqual(contents(expected));
        // Nothing is done twice to one place, and nothing that makes no difference.
        const places = changes.map((change) => {
          const { name, type } = change.action === "create" ? change.record : change.before;
          return `${name} ${type}`;
        });
        expect(new Set(places).size).toBe(places.length);
      }),
    );
  });

  it("is empty where everything is as it is wanted, in any order and spelling", () => {
    fc.assert(
      fc.property(zones, wantedRecords, (observed, wanted) => {
        const { changes, obstacles } = diffRecords(wanted, observed, rules);
        const after = applyChanges(observed, changes).map((one) => ({
          ...one,
          name: `${one.name.toUpperCase()}.`,
        }));
        const again = diffRecords([...wanted].reverse(), after.reverse(), rules);
        expect(again.changes).toEqual([]);
        expect(again.obstacles).toHaveLength(obstacles.length);
      }),
    );
  });

  it("takes away before it makes, and changes in place what goes and comes back", () => {
    const a: ObservedRecordSet = {
      name: "www.example.org",
      type: "A",
      values: ["192.0.2.1"],
      marker: "ours:a",
    };
    const other: ObservedRecordSet = { ...a, name: "a.example.org", marker: "ours:b" };
    const cname: DnsRecordSet = { name: "www.example.org", type: "CNAME", values: ["lb.test"] };
    const toCname = diffRecords([{ record: cname, marker: "ours:a" }], [a], rules).changes;
    expect(toCname.map(({ action }) => action)).toEqual(["delete", "create"]);
    // Two records change places: nobody is without an answer meanwhile.
    const swapped = diffRecords(
      [
        { record: { ...other, values: ["192.0.2.8"] }, marker: "ours:a" },
        { record: { ...a, values: ["192.0.2.9"] }, marker: "ours:b" },
      ],
      [a, other],
      rules,
    ).changes;
    expect(swapped.map(({ action }) => action)).toEqual(["update", "update"]);
  });

  it("says what is in the way: an AAAA of others beside a lone A, a CNAME, another value of the same name", () => {
    const wanted: WantedRecord = {
      record: { name: "www.example.org", type: "A", values: ["192.0.2.1"] },
      marker: "ours:a",
      alone: true,
    };
    const aaaa: ObservedRecordSet = { name: "www.example.org", type: "AAAA", values: ["2001:db8::1"] };
    expect(diffRecords([wanted], [aaaa], rules).obstacles).toMatchObject([{ inTheWay: [aaaa] }]);
    expect(diffRecords([{ ...wanted, alone: false }], [aaaa], rules).obstacles).toEqual([]);
    // The same, listed apart, because it is not marked: half of the visitors would be led there.
    const mine = { ...wanted.record, marker: "ours:a" };
    const theirs = { ...wanted.record, values: ["192.0.2.77"] };
    expect(diffRecords([wanted], [mine, theirs], rules).obstacles).toMatchObject([{ inTheWay: [theirs] }]);
  });

  it("compares ten thousand records in one pass", () => {
    const all = Array.from(
      { length: 10_000 },
      (_, index): DnsRecordSet => ({
        name: `h${index}.example.org`,
        type: "A",
        values: ["192.0.2.1"],
      }),
    );
    let asked = 0;
    const isOurs = (one: ObservedRecordSet): boolean => {
      asked += 1;
      return rules.isOurs(one);
    };
    const counting: DiffRules = { zone, isOurs };
    const wanted = all.map(
      (one): WantedRecord => ({ record: { ...one, values: ["192.0.2.2"] }, marker: `ours:${one.name}` }),
    );
    const observed = all.map((one) => ({ ...one, marker: `ours:${one.name}` }));
    expect(diffRecords(wanted, observed, counting).changes).toHaveLength(10_000);
    expect(asked).toBeLessThan(100_000);
  });
});
