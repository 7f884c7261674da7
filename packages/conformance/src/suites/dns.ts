import assert from "node:assert/strict";
import { type DnsRecordSet, normaliseName, normaliseValues } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { defineScenario } from "../workbench/define.js";
import { find, nameIn, needType, node, placed, zoneOf } from "./dns-zone.js";

const element = "dns" as const;
const requires = ["dns"];
const fixtures = ["zone"] as const;

/** DNS: what a record says comes back as it was. */
export const dnsRecords: readonly Scenario[] = [
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
