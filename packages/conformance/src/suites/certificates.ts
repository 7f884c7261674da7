import assert from "node:assert/strict";
import { type DnsRecordSet, isOut, UNKNOWN } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { defineScenario } from "../workbench/define.js";
import { hostFor, proofAt } from "./alone.js";

const element = "certificates" as const;
const requires = ["certificates"];

/** Certificates: proof that a host name is ours. */
export const certificates: readonly Scenario[] = [
  defineScenario({
    name: "certificates: it says what can terminate it, and is issued once its proofs are published",
    element,
    requires,
    async try(bench) {
      const part = bench.part("certificates");
      const made = part.certificate(bench.scope, [hostFor(bench)], proofAt(bench, bench.provider));
      assert.equal(made.kind, part.capabilities.kind, "its kind is not the one that is declared");
      assert.equal(made.issued.create, undefined, "issued is a gate: nobody can make it");
      const applied = await bench.apply([...made.resources, made.issued]);
      assert.notEqual(applied.resolve(made.reference), UNKNOWN, "no reference to it although it is issued");
    },
  }),
  defineScenario({
    name: "certificates: proofs have the same keys in every run, and a wildcard shares that of its parent",
    element,
    requires: ["certificates", "certificates.wildcards"],
    async try(bench) {
      const host = hostFor(bench);
      const keysOf = (hosts: readonly string[]): readonly string[] => {
        const keys: string[] = [];
        const provider = bench.freshProvider();
        const publish = proofAt(bench, provider);
        provider.certificates!.certificate(bench.scope, hosts, (key, of, record) => {
          keys.push(key);
          if (!isOut(record)) assert.ok((record as DnsRecordSet).name, "a proof without a name");
          return publish(key, of, record);
        });
        return keys.sort();
      };
      const keys = keysOf([host, `*.${host}`]);
      assert.deepEqual(keysOf([host, `*.${host}`]), keys, "the keys differ from run to run");
      assert.equal(new Set(keys).size, keys.length, "one proof is published twice");
      if (bench.part("certificates").capabilities.proof === "dns") {
        assert.equal(keys.length, 1, "a wildcard and its parent are proved by one record");
      }
    },
  }),
  defineScenario({
    name: "certificates: other hosts are another certificate or a change, and settle",
    element,
    requires,
    async try(bench) {
      const host = hostFor(bench);
      const graph = (hosts: readonly string[]) => {
        const provider = bench.freshProvider();
        const made = provider.certificates!.certificate(bench.scope, hosts, proofAt(bench, provider));
        return [...made.resources, made.issued];
      };
      await bench.apply(graph([host]));
      const { plan } = await bench.plan(graph([host, `more.${host}`]));
      assert.notDeepEqual(plan.changes, [], "the plan does not see that a host was added");
      await bench.apply(graph([host, `more.${host}`]));
      await bench.assertSettled(graph([host, `more.${host}`]));
    },
  }),
];
