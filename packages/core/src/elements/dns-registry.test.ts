import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldRegistry, type RegistryStep, registryName, registrySteps } from "./dns-registry.js";
import type { DnsRecordChange, DnsRecordSet, DnsRecordType, ObservedRecordSet } from "./traffic.js";

const zone = "example.org";
const marker = "deploy:shop/production:www";
const www: DnsRecordSet = { name: "www.example.org", type: "A", values: ["192.0.2.1"], ttl: 300 };
const entryName = "_deploy-a.www.example.org";

/** What a vendor holds after the steps. */
function after(sets: readonly DnsRecordSet[], steps: readonly RegistryStep<DnsRecordSet>[]): DnsRecordSet[] {
  const gone = new Set(steps.map(({ before }) => before));
  return [...sets.filter((set) => !gone.has(set)), ...steps.flatMap((step) => step.after ?? [])];
}

function apply(sets: readonly DnsRecordSet[], ...changes: readonly DnsRecordChange[]): DnsRecordSet[] {
  return after(sets, registrySteps(zone, sets, changes));
}

const list = (sets: readonly DnsRecordSet[]): readonly ObservedRecordSet[] => foldRegistry(zone, sets);

function codeOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
}

describe("the name of an entry", () => {
  it("is beside the record: at the root, below a wildcard, and short enough wherever it is", () => {
    expect(registryName(zone, { name: "WWW.Example.org.", type: "CNAME" })).toBe(
      "_deploy-cname.www.example.org",
    );
    expect(registryName(zone, { name: zone, type: "ALIAS" })).toBe("_deploy-alias.example.org");
    expect(registryName(zone, { name: "*.a.example.org", type: "A" })).toBe(
      "_deploy-a._wildcard.a.example.org",
    );
    const long = `${"a".repeat(50)}.${zone}`;
    expect(registryName(zone, { name: long, type: "AAAA" })).toMatch(
      /^_deploy-aaaa-[0-9a-f]{32}\.example\.org$/,
    );
    // Below a delegation it could not be looked up.
    expect(registryName(zone, { name: "sub.example.org", type: "NS" })).toMatch(
      /^_deploy-ns-[0-9a-f]{32}\.example\.org$/,
    );
  });

  it("is a name that DNS allows, and another for each record", () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$/);
    const place = fc.record({
      name: fc
        .tuple(fc.boolean(), fc.array(label, { maxLength: 4 }))
        .map(([wild, labels]) => [...(wild ? ["*"] : []), ...labels, zone].join("."))
        .filter((name) => name.length <= 253),
      type: fc.constantFrom<DnsRecordType>("A", "CNAME", "NS", "TXT", "ALIAS"),
    });
    fc.assert(
      fc.property(place, place, (one, other) => {
        const name = registryName(zone, one);
        expect(name.length - zone.length - 1).toBeLessThanOrEqual(60);
        expect(Math.max(...name.split(".").map((part) => part.length))).toBeLessThanOrEqual(63);
        const isSame = one.name === other.name && one.type === other.type;
        expect(registryName(zone, other) === name).toBe(isSame);
      }),
    );
  });
});

describe("a zone with entries", () => {
  it("lists a record with its marker and hides the entry, which is one text of at most 255 characters", () => {
    const longest = "deploy:".padEnd(100, "x");
    const zoneNow = apply([], { action: "create", record: www, marker: longest });
    expect(zoneNow.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "www.example.org A",
      `${entryName} TXT`,
    ]);
    expect(zoneNow[1]!.values[0]!.length).toBeLessThanOrEqual(255);
    expect(list(zoneNow)).toEqual([{ ...www, marker: longest }]);
  });

  it("takes other values for somebody else's: the entry vouches only for what was written with it", () => {
    const zoneNow = apply([], { action: "create", record: www, marker });
    const entry = zoneNow[1]!;
    const byHand = { ...www, values: ["192.0.2.9"] };
    expect(list([byHand, entry])).toEqual([byHand, { ...entry, marker }]);
    const slower = { ...www, ttl: 60 };
    expect(list([slower, entry])).toEqual([{ ...slower, marker }]);
    const create = { action: "create", record: www, marker } as const;
    expect(codeOf(() => registrySteps(zone, [byHand, entry], [create]))).toBe("dns.foreign-record");
  });

  it("lists an entry without its record as ours, and removes or uses it again", () => {
    const entry = apply([], { action: "create", record: www, marker })[1]!;
    const orphan = list([entry])[0]!;
    expect(orphan).toEqual({ ...entry, marker });
    expect(apply([entry], { action: "delete", before: orphan })).toEqual([]);
    const again = apply(
      [entry],
      { action: "delete", before: orphan },
      { action: "create", record: { ...www, values: ["192.0.2.5"] }, marker },
    );
    expect(list(again)).toEqual([{ ...www, values: ["192.0.2.5"], marker }]);
    expect(again).toHaveLength(2);
  });

  it("takes a text of somebody else at the entry's place for what it is", () => {
    const theirs: DnsRecordSet = { name: entryName, type: "TXT", values: ["theirs"] };
    expect(list([www, theirs])).toEqual([www, theirs]);
    expect(codeOf(() => registrySteps(zone, [theirs], [{ action: "create", record: www, marker }]))).toBe(
      "dns.foreign-record",
    );
  });
});

describe("a batch", () => {
  it("comes to nothing when it is repeated", () => {
    const create = { action: "create", record: www, marker } as const;
    const once = apply([], create);
    expect(registrySteps(zone, once, [create])).toEqual([]);
    const before = list(once)[0]!;
    const update = { action: "update", record: { ...www, values: ["192.0.2.2"] }, before, marker } as const;
    const twice = apply(once, update);
    expect(list(twice)).toEqual([{ ...www, values: ["192.0.2.2"], marker }]);
    expect(registrySteps(zone, twice, [update])).toEqual([]);
    const remove = { action: "delete", before: list(twice)[0]! } as const;
    expect(apply(twice, remove)).toEqual([]);
    expect(registrySteps(zone, [], [remove])).toEqual([]);
  });

  it("adopts by writing the entry alone, and only what was seen", () => {
    const before: ObservedRecordSet = www;
    const adopt = { action: "update", record: www, before, marker } as const;
    expect(registrySteps(zone, [www], [adopt]).map((step) => step.after?.name)).toEqual([entryName]);
    const changed = { ...www, values: ["192.0.2.9"] };
    expect(codeOf(() => registrySteps(zone, [changed], [adopt]))).toBe("dns.concurrent-change");
  });

  it("leaves what somebody else has made in the place of ours, and removes the entry", () => {
    const made = apply([], { action: "create", record: www, marker });
    const before = list(made)[0]!;
    const theirs = { ...www, values: ["192.0.2.9"] };
    expect(apply([theirs, made[1]!], { action: "delete", before })).toEqual([theirs]);
  });

  it("does what it says and touches nothing that is not ours, whatever is in the zone", () => {
    const names = ["", "www.", "*.", "a.b.", "_deploy-a.www."].map((label) => `${label}${zone}`);
    const record = fc.record({
      name: fc.constantFrom(...names),
      type: fc.constantFrom<DnsRecordType>("A", "TXT", "MX"),
      values: fc.uniqueArray(fc.constantFrom("1", "2", '"3"', "4 x"), { minLength: 1, maxLength: 3 }),
    });
    const place = ({ name, type }: DnsRecordSet): string => `${name} ${type}`;
    const records = fc.uniqueArray(record, { selector: place, maxLength: 6 });
    fc.assert(
      fc.property(records, records, records, (foreign, first, second) => {
        const taken = new Set(foreign.flatMap((set) => [place(set), `${registryName(zone, set)} TXT`]));
        const free = (set: DnsRecordSet): boolean =>
          !taken.has(place(set)) && !taken.has(`${registryName(zone, set)} TXT`);
        const isEntryOf = (one: DnsRecordSet, all: readonly DnsRecordSet[]): boolean =>
          all.some((set) => place(one) === `${registryName(zone, set)} TXT`);
        const wanted = [first, second].map((all) =>
          all.filter((set) => free(set) && !isEntryOf(set, [...first, ...second])),
        );
        let now: DnsRecordSet[] = [...foreign];
        for (const target of wanted) {
          const ours = list(now).filter((set) => set.marker === marker);
          const stays = new Set(target.map(place));
          const changes: DnsRecordChange[] = ours
            .filter((before) => !stays.has(place(before)))
            .map((before) => ({ action: "delete", before }));
          for (const one of target) {
            const before = ours.find((set) => place(set) === place(one));
            if (before === undefined) changes.push({ action: "create", record: one, marker });
            else changes.push({ action: "update", record: one, before, marker });
          }
          now = apply(now, ...changes);
          const mine = list(now).filter((set) => set.marker === marker);
          expect(mine.map(place).sort()).toEqual(target.map(place).sort());
          expect(registrySteps(zone, now, changes)).toEqual([]);
          for (const set of foreign) expect(now).toContain(set);
        }
      }),
    );
  });
});
