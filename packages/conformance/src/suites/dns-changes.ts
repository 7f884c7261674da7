import type { DnsRecordSet } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { dnsCases, set } from "./dns-case.js";

const addresses = (...last: readonly number[]): readonly string[] => last.map((one) => `192.0.2.${one}`);

/** DNS, certified: what may change about records, and which of them stand together. */
export const dnsChanges: readonly Scenario[] = dnsCases([
  {
    name: "values come to a name, go from it and are exchanged, in any order",
    steps: ({ at }) => [
      [set(at("many"), "A", addresses(1))],
      [set(at("many"), "A", addresses(1, 2))],
      [set(at("many"), "A", addresses(1, 2, 3, 4))],
      { same: [set(at("many"), "A", addresses(4, 2, 1, 3))] },
      [set(at("many"), "A", addresses(5, 3, 6))],
      [set(at("many"), "A", addresses(7))],
    ],
  },
  {
    name: "records of many types stand at one name, and each comes and goes alone",
    steps: ({ at }) => {
      const all: readonly DnsRecordSet[] = [
        set(at("mixed"), "A", addresses(1, 2)),
        set(at("mixed"), "AAAA", "2001:db8::1"),
        set(at("mixed"), "MX", "10 mail.example.net"),
        set(at("mixed"), "TXT", ["one", "two"]),
      ];
      return [
        all.slice(0, 1),
        all.slice(0, 3),
        all,
        all.slice(1),
        [set(at("mixed"), "A", addresses(3)), ...all.slice(2)],
      ];
    },
  },
  {
    name: "the time to live changes alone, and together with a value",
    steps: ({ at }) => [
      [set(at("ttl"), "A", addresses(1), { ttl: 300 })],
      [set(at("ttl"), "A", addresses(1), { ttl: 600 })],
      [set(at("ttl"), "A", addresses(2), { ttl: 900 })],
      [set(at("ttl"), "A", addresses(1, 2), { ttl: 1200 })],
      [set(at("ttl"), "A", addresses(3))],
    ],
  },
  {
    name: "records of one name have times to live of their own",
    steps: ({ at }) => [
      [set(at("ttl"), "A", addresses(1), { ttl: 300 }), set(at("ttl"), "TXT", "text", { ttl: 3600 })],
      [set(at("ttl"), "A", addresses(1), { ttl: 3600 }), set(at("ttl"), "TXT", "text", { ttl: 300 })],
    ],
  },
  {
    name: "a record becomes one of another type that could stand beside it",
    steps: ({ at }) => [
      [set(at("type"), "A", addresses(1))],
      [set(at("type"), "AAAA", "2001:db8::1")],
      [set(at("type"), "TXT", "text")],
      [set(at("type"), "MX", "10 mail.example.net")],
      [set(at("type"), "A", addresses(1))],
    ],
  },
  {
    name: "an A record becomes a CNAME record, which could not stand beside it, and back",
    steps: ({ at }) => [
      [set(at("hard"), "A", addresses(1))],
      [set(at("hard"), "CNAME", "one.example.net")],
      [set(at("hard"), "A", addresses(2, 3))],
      [set(at("hard"), "CNAME", "two.example.net")],
    ],
  },
  {
    name: "all records of a name make way for a CNAME record, and come back",
    steps: ({ at }) => {
      const all = [
        set(at("way"), "A", addresses(1)),
        set(at("way"), "AAAA", "2001:db8::1"),
        set(at("way"), "TXT", "text"),
      ];
      return [all, [set(at("way"), "CNAME", "one.example.net")], all];
    },
  },
  {
    name: "values are exchanged between two names",
    steps: ({ at }) => [
      [set(at("one"), "A", addresses(1)), set(at("two"), "A", addresses(2))],
      [set(at("one"), "A", addresses(2)), set(at("two"), "A", addresses(1))],
      [set(at("two"), "A", addresses(1)), set(at("three"), "A", addresses(1, 2))],
    ],
  },
]);
