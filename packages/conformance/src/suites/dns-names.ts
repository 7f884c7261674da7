import type { Scenario } from "../scenario.js";
import { dnsCases, set } from "./dns-case.js";

/** DNS, certified: names, however they are spelt and whatever script they are in. */
export const dnsNames: readonly Scenario[] = dnsCases([
  {
    name: "a wildcard is made, changed and removed beside what stands at a name it covers",
    steps: ({ at }) => [
      [set(at("*"), "A", "192.0.2.1")],
      [set(at("*"), "A", "192.0.2.2"), set(at("www"), "A", "192.0.2.3")],
      [set(at("*"), "CNAME", "one.example.net"), set(at("www"), "A", "192.0.2.3")],
      [set(at("www"), "A", "192.0.2.3")],
    ],
  },
  {
    name: "names have labels that begin with an underscore or are digits only, and many of them",
    steps: ({ at }) => [
      [
        set(at("_dmarc"), "TXT", "v=DMARC1; p=none"),
        set(at("_a1b2c3d4._proof"), "CNAME", "_x1y2z3.validations.example.net"),
        set(at("2024"), "A", "192.0.2.1"),
        set(at("a.b.c.d.e"), "A", "192.0.2.2"),
        set(at("xn"), "A", "192.0.2.3"),
        set(at("l".repeat(63)), "A", "192.0.2.4"),
      ],
    ],
  },
  {
    name: "names and targets in capitals are those in small letters",
    steps: ({ at }) => [
      [set(at("case"), "CNAME", "target.example.net"), set(at("upper"), "MX", "10 mail.example.net")],
      {
        same: [
          set(at("CASE"), "CNAME", "Target.Example.NET."),
          set(at("Upper"), "MX", "10 MAIL.example.net."),
        ],
      },
      [set(at("Case"), "CNAME", "OTHER.example.net"), set(at("UPPER"), "MX", "20 Mail.example.net")],
    ],
  },
  {
    name: "international names are what they are in ASCII",
    steps: ({ at }) => [
      [set(at("bücher"), "A", "192.0.2.1")],
      { same: [set(at("xn--bcher-kva"), "A", "192.0.2.1")] },
      [set(at("Bücher"), "A", "192.0.2.2"), set(at("日本語"), "TXT", "text")],
      { same: [set(at("xn--bcher-kva"), "A", "192.0.2.2"), set(at("xn--wgv71a119e"), "TXT", "text")] },
    ],
  },
  {
    name: "a CNAME leads to an international name, and to what it is in ASCII",
    steps: ({ at }) => [
      [set(at("to"), "CNAME", "ööö.example.net")],
      { same: [set(at("to"), "CNAME", "xn--ndaaa.example.net")] },
      [set(at("to"), "CNAME", "xn--bcher-kva.example.net"), set(at("straße"), "CNAME", "straße.example.net")],
    ],
  },
]);
