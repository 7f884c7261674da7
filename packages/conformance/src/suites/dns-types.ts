import type { Scenario } from "../scenario.js";
import { dnsCases, set } from "./dns-case.js";

/** DNS, certified: each type of record, what is special to it, and its changes. */
export const dnsTypes: readonly Scenario[] = dnsCases([
  {
    name: "an A record is made, changed and removed",
    steps: ({ at }) => [[set(at("a"), "A", "192.0.2.1")], [set(at("a"), "A", "192.0.2.2")]],
  },
  {
    name: "an A record at the root of the zone is made, changed and removed",
    steps: ({ root }) => [[set(root, "A", "192.0.2.1")], [set(root, "A", "192.0.2.2")]],
  },
  {
    name: "an AAAA record is made and changed, and the spelling of its address makes no difference",
    steps: ({ at }) => [
      [set(at("aaaa"), "AAAA", "2001:db8::1")],
      { same: [set(at("aaaa"), "AAAA", "2001:0DB8:0:0:0:0:0:1")] },
      [set(at("aaaa"), "AAAA", "2001:db8::2:0:0:1")],
    ],
  },
  {
    name: "a CNAME record is made and changed, with the last dot or without",
    steps: ({ at }) => [
      [set(at("cname"), "CNAME", "one.example.net")],
      { same: [set(at("cname"), "CNAME", "one.example.net.")] },
      [set(at("cname"), "CNAME", "two.example.net")],
    ],
  },
  {
    name: "a CNAME record leads to the root of its own zone, and to another name in it",
    steps: ({ at, root }) => [
      [set(at("to"), "CNAME", root)],
      [set(at("to"), "CNAME", at("other"))],
      [set(at("to"), "CNAME", root)],
    ],
  },
  {
    name: "a root led to a host name leads to another one, then to an address",
    steps: ({ root }) => [
      [set(root, "CNAME", "one.example.net")],
      [set(root, "CNAME", "two.example.net")],
      [set(root, "A", "192.0.2.1")],
      [set(root, "CNAME", "one.example.net")],
    ],
  },
  {
    name: "MX records differ by their preference as by their host, and one host may have two",
    steps: ({ at }) => [
      [set(at("mx"), "MX", "10 mail.example.net")],
      [set(at("mx"), "MX", ["10 mail.example.net", "20 backup.example.net"])],
      [set(at("mx"), "MX", ["20 mail.example.net", "10 backup.example.net"])],
      [set(at("mx"), "MX", ["20 mail.example.net", "30 mail.example.net"])],
    ],
  },
  {
    name: "MX records stand at the root of the zone",
    steps: ({ root }) => [
      [set(root, "MX", "10 mail.example.net")],
      [set(root, "MX", ["10 mail.example.net", "20 backup.example.net"])],
    ],
  },
  {
    name: "a null MX says that a name takes no mail",
    steps: ({ at }) => [[set(at("nomail"), "MX", "0 .")], [set(at("nomail"), "MX", "10 mail.example.net")]],
  },
  {
    name: "a null MX stands at the root of the zone",
    steps: ({ root }) => [[set(root, "MX", "0 .")]],
  },
  {
    name: "TXT records stand at the root of the zone beside each other",
    steps: ({ root }) => [
      [set(root, "TXT", "v=spf1 -all")],
      [set(root, "TXT", ["v=spf1 -all", "site-verification=abc"])],
      [set(root, "TXT", "site-verification=abc")],
    ],
  },
  {
    name: "NS records delegate a name below the root, and change",
    steps: ({ at }) => [
      [set(at("sub"), "NS", ["ns1.example.net", "ns2.example.net"])],
      [set(at("sub"), "NS", ["ns2.example.net", "ns3.example.net"])],
      [set(at("sub"), "NS", "ns3.example.net")],
    ],
  },
  {
    name: "CAA records have tags, flags and parameters, several at one name",
    steps: ({ at }) => [
      [set(at("caa"), "CAA", '0 issue "ca.example.net"')],
      [set(at("caa"), "CAA", ['0 issue "ca.example.net"', '0 issuewild ";"'])],
      [
        set(at("caa"), "CAA", [
          '128 issue "ca.example.net"',
          '0 issuewild "other.example.net"',
          '0 iodef "mailto:security@example.net"',
        ]),
      ],
      [set(at("caa"), "CAA", '0 issue "ca.example.net; accounturi=https://ca.example.net/acct/1"')],
    ],
  },
  {
    name: "CAA records stand at the root of the zone",
    steps: ({ root }) => [
      [set(root, "CAA", '0 issue "ca.example.net"')],
      [set(root, "CAA", ['0 issue "ca.example.net"', '0 issue "other.example.net"'])],
    ],
  },
  {
    name: "SRV records differ by priority, weight and port as by their host",
    steps: ({ at }) => [
      [set(at("_sip._tcp"), "SRV", "5 6 7 one.example.net")],
      [set(at("_sip._tcp"), "SRV", ["5 6 7 one.example.net", "15 65 75 two.example.net"])],
      [set(at("_sip._tcp"), "SRV", ["5 6 8 one.example.net", "15 65 75 two.example.net"])],
      [set(at("_sip._tcp"), "SRV", ["5 9 8 one.example.net", "14 65 75 two.example.net"])],
    ],
  },
  {
    name: "an ALIAS record leads the root of the zone, and a name below it",
    steps: ({ at, root, alias: { values, extra } }) => {
      const more = extra === undefined ? {} : { extra };
      return [
        [set(root, "ALIAS", values, more)],
        [set(root, "ALIAS", values, more), set(at("alias"), "ALIAS", values, more)],
        [set(at("alias"), "ALIAS", values, more)],
      ];
    },
  },
]);
