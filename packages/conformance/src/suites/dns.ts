import assert from "node:assert/strict";
import {
  type DnsProvider,
  type DnsRecordSet,
  dnsRecord,
  normaliseName,
  normaliseValues,
  type ObservedRecordSet,
  recordMarker,
} from "@deploy/core";
import { type Scenario, skip } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { defineScenario } from "../workbench/define.js";

const element = "dns" as const;
const requires = ["dns"];
const fixtures = ["zone"] as const;

const zoneOf = (bench: Bench): string => bench.fixture("zone").name;
const nameIn = (bench: Bench, label: string): string => `${label}.${bench.scope.app}.${zoneOf(bench)}`;

async function list(bench: Bench): Promise<readonly ObservedRecordSet[]> {
  return bench.freshProvider().dns!.list(bench.context(), zoneOf(bench));
}

async function find(bench: Bench, name: string, type: string): Promise<ObservedRecordSet | undefined> {
  const found = (await list(bench)).filter(
    (one) => normaliseName(one.name) === normaliseName(name) && one.type === type,
  );
  assert.ok(found.length <= 1, `${name} ${type} is listed ${found.length} times, not as one set`);
  return found[0];
}

function node(bench: Bench, record: DnsRecordSet, host = record.name) {
  return [
    dnsRecord(
      bench.freshProvider() as DnsProvider,
      bench.scope,
      `${host}/${record.type}`,
      host,
      record,
    ) as never,
  ];
}

/** Writes a record as core would, plans again, and answers with what the vendor holds. */
async function placed(bench: Bench, record: DnsRecordSet): Promise<ObservedRecordSet> {
  await bench.apply(node(bench, record));
  await bench.assertSettled(node(bench, record));
  const found = await find(bench, record.name, record.type);
  assert.ok(found, `${record.name} ${record.type} is not listed after it was written`);
  assert.deepEqual(normaliseValues(record.type, found.values), normaliseValues(record.type, record.values));
  return found;
}

function needType(bench: Bench, type: DnsRecordSet["type"]): void {
  if (!bench.part("dns").capabilities.types.includes(type)) skip(`it holds no ${type} records`);
}

/** DNS: a plugin that lists and applies; core does the rest, and the two have to fit. */
export const dns: readonly Scenario[] = [
  defineScenario({
    name: "dns: the zone is listed under its name, and an unknown zone is an error",
    element,
    requires,
    fixtures,
    async try(bench) {
      const zones = await bench.part("dns").zones(bench.context());
      assert.ok(
        zones.map(normaliseName).includes(zoneOf(bench)),
        `${zoneOf(bench)} is not among ${zones.join(", ")}`,
      );
      await bench.failure("listing a zone that is not there", () =>
        bench.part("dns").list(bench.context(), "no-such-zone.test"),
      );
    },
  }),
  defineScenario({
    name: "dns: each type of record it declares is written, read back and planned as nothing to do",
    element,
    requires,
    fixtures,
    async try(bench) {
      for (const type of bench.part("dns").capabilities.types) {
        const values = exampleValues[type];
        if (values !== undefined)
          await placed(bench, { name: nameIn(bench, type.toLowerCase()), type, values });
      }
    },
  }),
  defineScenario({
    name: "dns: several values of one name are one set, and each of them is changed with it",
    element,
    requires,
    fixtures,
    async try(bench) {
      needType(bench, "A");
      const name = nameIn(bench, "many");
      await placed(bench, { name, type: "A", values: ["192.0.2.1", "192.0.2.2", "192.0.2.3"] });
      await placed(bench, { name, type: "A", values: ["192.0.2.3", "192.0.2.4"] });
      await placed(bench, { name, type: "A", values: ["192.0.2.9"] });
    },
  }),
  defineScenario({
    name: "dns: the time to live is written, changed, and shown by the plan when it differs",
    element,
    requires,
    fixtures,
    async try(bench) {
      const record = { name: nameIn(bench, "ttl"), type: "TXT" as const, values: ["time"] };
      for (const ttl of [300, 3600]) {
        const found = await placed(bench, { ...record, ttl });
        assert.equal(found.ttl, ttl, "the time to live is not the one that was asked for");
      }
      const { plan } = await bench.plan(node(bench, { ...record, ttl: 600 }));
      assert.deepEqual(
        plan.changes.flatMap(({ fields }) => fields.map(({ path }) => path)),
        ["ttl"],
      );
    },
  }),
  defineScenario({
    name: "dns: texts come back as they were: quotes, backslashes, semicolons, spaces, and longer than 255 characters",
    element,
    requires,
    fixtures,
    async try(bench) {
      const texts = {
        plain: "v=spf1 include:_spf.example.test ~all",
        quoted: 'he said "yes"; really',
        backslash: "a\\b",
        long: `v=DKIM1; p=${"abcdefgh".repeat(50)}`,
      };
      for (const [label, text] of Object.entries(texts)) {
        const found = await placed(bench, { name: nameIn(bench, label), type: "TXT", values: [text] });
        assert.deepEqual(
          normaliseValues("TXT", found.values),
          normaliseValues("TXT", [text]),
          `${label}: another text`,
        );
      }
    },
  }),
  defineScenario({
    name: "dns: case and a trailing dot make no difference",
    element,
    requires,
    fixtures,
    async try(bench) {
      needType(bench, "CNAME");
      const name = nameIn(bench, "case");
      await placed(bench, { name, type: "CNAME", values: ["Target.Example.TEST."] });
      await bench.assertSettled(node(bench, { name, type: "CNAME", values: ["target.example.test"] }));
      const { name: listed } = (await find(bench, name, "CNAME"))!;
      assert.equal(normaliseName(listed), name);
    },
  }),
  defineScenario({
    name: "dns: a wildcard is a name like others",
    element,
    requires: [...requires, "dns.wildcards"],
    fixtures,
    async try(bench) {
      await placed(bench, { name: nameIn(bench, "*"), type: "TXT", values: ["any"] });
    },
  }),
  defineScenario({
    name: "dns: the marker is kept whole, up to 100 characters, and comes back with each record",
    element,
    requires,
    fixtures,
    async try(bench) {
      const part = bench.part("dns");
      const marker = recordMarker(bench.scope, "m".repeat(40)).padEnd(100, "x");
      const record: DnsRecordSet = { name: nameIn(bench, "marker"), type: "TXT", values: ["one", "two"] };
      await part.apply(bench.context(), zoneOf(bench), [{ action: "create", record, marker }]);
      const before = await find(bench, record.name, "TXT");
      assert.equal(before?.marker, marker);
      const shorter = recordMarker(bench.scope, "other");
      await part.apply(bench.context(), zoneOf(bench), [
        { action: "update", record, before: before!, marker: shorter },
      ]);
      assert.equal(
        (await find(bench, record.name, "TXT"))?.marker,
        shorter,
        "an update does not write the marker",
      );
    },
  }),
  defineScenario({
    name: "dns: each step of a batch is safe to repeat",
    element,
    requires,
    fixtures,
    async try(bench) {
      const part = bench.part("dns");
      const zone = zoneOf(bench);
      const marker = recordMarker(bench.scope, "repeat");
      const record: DnsRecordSet = { name: nameIn(bench, "repeat"), type: "TXT", values: ["one", "two"] };
      const create = { action: "create", record, marker } as const;
      await part.apply(bench.context(), zone, [create]);
      await part.apply(bench.context(), zone, [create]);
      const before = (await find(bench, record.name, "TXT"))!;
      assert.deepEqual(
        normaliseValues("TXT", before.values),
        ["one", "two"],
        "made twice, it has other values",
      );
      assert.equal(before.values.length, 2, "made twice, values are there twice");
      const update = { action: "update", record: { ...record, values: ["three"] }, before, marker } as const;
      await part.apply(bench.context(), zone, [update]);
      await part.apply(bench.context(), zone, [update]);
      assert.deepEqual((await find(bench, record.name, "TXT"))?.values.length, 1);
      const remove = { action: "delete", before } as const;
      await part.apply(bench.context(), zone, [remove]);
      await part.apply(bench.context(), zone, [remove]);
      assert.equal(await find(bench, record.name, "TXT"), undefined);
    },
  }),
  defineScenario({
    name: "dns: a batch of several steps does all of them",
    element,
    requires,
    fixtures,
    async try(bench) {
      const part = bench.part("dns");
      const marker = recordMarker(bench.scope, "batch");
      const record = (label: string, text: string): DnsRecordSet => ({
        name: nameIn(bench, label),
        type: "TXT",
        values: [text],
      });
      const create = (label: string) => ({ action: "create", record: record(label, label), marker }) as const;
      await part.apply(bench.context(), zoneOf(bench), [create("one"), create("two"), create("three")]);
      const [one, two] = await Promise.all([
        find(bench, nameIn(bench, "one"), "TXT"),
        find(bench, nameIn(bench, "two"), "TXT"),
      ]);
      await part.apply(bench.context(), zoneOf(bench), [
        { action: "delete", before: one! },
        { action: "update", record: record("two", "changed"), before: two!, marker },
        create("four"),
      ]);
      const left = (await list(bench))
        .filter((set) => set.marker === marker)
        .map(({ name, values }) => `${name} ${values.join()}`);
      const expected = [record("two", "changed"), record("three", "three"), record("four", "four")];
      assert.deepEqual(left.sort(), expected.map(({ name, values }) => `${name} ${values.join()}`).sort());
    },
  }),
  defineScenario({
    name: "dns: a zone of many records is listed to its end, however small the vendor's pages are",
    element,
    requires,
    fixtures,
    async try(bench) {
      const count = 120;
      const marker = recordMarker(bench.scope, "page");
      const records = Array.from({ length: count }, (_, index) => nameIn(bench, `page-${index}`));
      const changes = records.map(
        (name) => ({ action: "create", record: { name, type: "TXT", values: ["x"] }, marker }) as const,
      );
      await bench.part("dns").apply(bench.context(), zoneOf(bench), changes);
      const listed = (await list(bench))
        .filter((set) => set.marker === marker)
        .map(({ name }) => normaliseName(name));
      assert.equal(listed.length, count);
      assert.deepEqual(new Set(listed), new Set(records));
    },
  }),
  defineScenario({
    name: "dns: records of others stay as they are while ours come and go beside them",
    element,
    requires,
    fixtures,
    async try(bench) {
      const plant = bench.fixture("zone").plant ?? skip("the subject supplies no fixtures.zone.plant");
      const foreign: DnsRecordSet = {
        name: nameIn(bench, "theirs"),
        type: "TXT",
        values: ["theirs"],
        ttl: 300,
      };
      await plant(foreign);
      const theirs = await find(bench, foreign.name, "TXT");
      assert.ok(theirs, "a record of somebody else is not listed");
      assert.equal(theirs.marker, undefined, "a record of somebody else has a marker");
      // The same name with another type, and another name: whoever replaces by name alone is caught.
      needType(bench, "A");
      await placed(bench, { name: foreign.name, type: "A", values: ["192.0.2.7"] });
      await placed(bench, { name: nameIn(bench, "ours"), type: "TXT", values: ["ours"] });
      for (const one of await bench.owned()) await one.remove(bench.context());
      assert.deepEqual(
        await find(bench, foreign.name, "TXT"),
        theirs,
        "the record of somebody else was changed",
      );
      const error = await bench.failure("writing over a record of somebody else", () =>
        bench.apply(node(bench, { ...foreign, values: ["ours"] })),
      );
      assert.match(error.code, /foreign/);
      assert.deepEqual(await find(bench, foreign.name, "TXT"), theirs);
      const [taken] = node(bench, { ...foreign, values: ["ours"] }) as { readonly id: string }[];
      await bench.apply(node(bench, { ...foreign, values: ["ours"] }), {
        permissions: { adopt: [taken!.id] },
      });
      const adopted = await find(bench, foreign.name, "TXT");
      assert.deepEqual(
        adopted?.values.map((value) => normaliseValues("TXT", [value])[0]),
        ["ours"],
      );
    },
  }),
  defineScenario({
    name: "dns: a root that is led to a host name settles, as the provider says it does",
    element,
    requires,
    fixtures,
    async try(bench) {
      const { apex } = bench.part("dns").capabilities;
      const host = zoneOf(bench);
      const record: DnsRecordSet = { name: host, type: "CNAME", values: ["ingress.example.test"] };
      if (typeof apex === "object") {
        const error = await bench.failure("a root that cannot be led to a host name", () =>
          bench.apply(node(bench, record)),
        );
        assert.equal(error.code, "dns.apex");
        return;
      }
      await bench.apply(node(bench, record));
      await bench.assertSettled(node(bench, record));
    },
  }),
];

const exampleValues: Readonly<Partial<Record<DnsRecordSet["type"], readonly string[]>>> = {
  A: ["192.0.2.1"],
  AAAA: ["2001:db8::1"],
  CNAME: ["target.example.test"],
  TXT: ["a text"],
  CAA: ['0 issue "ca.example.test"'],
  MX: ["10 mail.example.test"],
  SRV: ["10 5 5060 sip.example.test"],
};
