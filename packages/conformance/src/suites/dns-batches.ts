import assert from "node:assert/strict";
import { type DnsRecordSet, normaliseName, normaliseValues, recordMarker } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { skip } from "../scenario.js";
import { defineScenario } from "../workbench/define.js";
import { find, list, nameIn, needType, node, placed, zoneOf } from "./dns-zone.js";

const element = "dns" as const;
const requires = ["dns"];
const fixtures = ["zone"] as const;

/** DNS: a plugin lists and applies batches, with markers, beside records of others. */
export const dnsBatches: readonly Scenario[] = [
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
      const [taken] = node(bench, { ...foreign, values: ["ours"] });
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
