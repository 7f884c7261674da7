import assert from "node:assert/strict";
import { type DnsRecordSet, recordMarker } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { defineScenario } from "../workbench/define.js";
import {
  type CaseNames,
  type DnsCase,
  dnsCases,
  namesOf,
  nodesOf,
  plantAll,
  set,
  theirsOf,
} from "./dns-case.js";
import { list, needType, zoneOf } from "./dns-zone.js";

/** What others have: at the names that our records take, above them, below them and beside them. */
const theirs = ({ at }: CaseNames): readonly DnsRecordSet[] => [
  set(at("www"), "TXT", ["theirs", 'theirs; with "quotes" and a long text '.padEnd(300, "x")]),
  set(at("www"), "MX", ["10 mail.example.net", "20 backup.example.net"], { ttl: 1800 }),
  set(at("old"), "A", ["198.51.100.1", "198.51.100.2"], { ttl: 600 }),
  set(at("below.www"), "CNAME", "theirs.example.net"),
  set(at("www2"), "AAAA", "2001:db8::51"),
  set(at("_dmarc"), "TXT", "v=DMARC1; p=reject"),
  set(at("_dmarc.www"), "TXT", "v=DMARC1; p=none"),
];

/** One kind of change, made in the middle of what others have; the runner compares all of that after each step. */
const beside = (what: string, steps: DnsCase["steps"]): DnsCase => ({
  name: `records of others survive ${what}`,
  beside: theirs,
  steps,
});

/** DNS, certified: whatever is done to ours, what others have stays as it is. */
export const dnsForeign: readonly Scenario[] = [
  ...dnsCases([
    beside("a record that is made, changed and removed at a name of theirs", ({ at }) => [
      [set(at("www"), "A", "192.0.2.1")],
      [set(at("www"), "A", ["192.0.2.2", "192.0.2.3"])],
      [],
    ]),
    beside("a time to live that is changed at a name of theirs", ({ at }) => [
      [set(at("www"), "A", "192.0.2.1", { ttl: 300 })],
      [set(at("www"), "A", "192.0.2.1", { ttl: 3600 })],
    ]),
    beside("a record that becomes one of another type", ({ at }) => [
      [set(at("www"), "A", "192.0.2.1"), set(at("api"), "A", "192.0.2.1")],
      [set(at("www"), "AAAA", "2001:db8::1"), set(at("api"), "CNAME", "one.example.net")],
      [set(at("www"), "A", "192.0.2.1"), set(at("api"), "TXT", "text")],
    ]),
    beside("many records that come and go at once", ({ at }) => {
      const many = (from: number, to: number): readonly DnsRecordSet[] =>
        Array.from({ length: to - from }, (_, index) =>
          set(at(`n${from + index}`), "A", `192.0.2.${from + index}`),
        );
      return [many(1, 11), [...many(6, 11), ...many(20, 26)], many(20, 21)];
    }),
    beside("a wildcard beside them", ({ at }) => [
      [set(at("*"), "A", "192.0.2.1")],
      [set(at("*"), "CNAME", "one.example.net")],
    ]),
  ]),
  defineScenario({
    name: "dns: what others have at a name of ours blocks the plan, and stays, whoever they are",
    element: "dns",
    requires: ["dns"],
    fixtures: ["zone"],
    async try(bench) {
      const { at } = namesOf(bench);
      const planted = [
        set(at("same"), "A", "198.51.100.1"),
        set(at("cname"), "CNAME", "theirs.example.net"),
        set(at("a"), "A", "198.51.100.2"),
        set(at("a"), "TXT", "theirs"),
      ];
      for (const { type } of planted) needType(bench, type);
      await plantAll(bench, planted);
      const other = { app: bench.scope.app, environment: "other" };
      const marked = set(at("other"), "A", "198.51.100.3");
      await bench
        .part("dns")
        .apply(bench.context(), zoneOf(bench), [
          { action: "create", record: marked, marker: recordMarker(other, "other") },
        ]);
      const before = theirsOf(bench, await list(bench));
      const wanted = [
        set(at("same"), "A", "192.0.2.1"),
        set(at("cname"), "A", "192.0.2.1"),
        set(at("a"), "CNAME", "one.example.net"),
        set(at("other"), "A", "192.0.2.1"),
      ];
      for (const record of wanted) {
        const what = `${record.type} over what others have at ${record.name}`;
        const error = await bench.failure(what, () => bench.apply(nodesOf(bench, [record])));
        assert.match(error.code, /foreign/, `${what}: it is ${error.code}`);
        assert.ok(error.message.includes(record.name), `${what}: "${error.message}" does not name it`);
        assert.deepEqual(theirsOf(bench, await list(bench)), before, `${what}: it was changed`);
      }
      // Hands back what this scenario has made for another environment.
      const [own] = (await list(bench)).filter((one) => one.marker === recordMarker(other, "other"));
      await bench.part("dns").apply(bench.context(), zoneOf(bench), [{ action: "delete", before: own! }]);
    },
  }),
];
