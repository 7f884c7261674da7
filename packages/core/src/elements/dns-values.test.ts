import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseName, normaliseValues, readableName, spelled } from "./dns-values.js";
import type { DnsRecordType } from "./traffic.js";

describe("names", () => {
  it.each([
    ["WWW.Example.ORG.", "www.example.org"],
    ["Bücher.Example", "xn--bcher-kva.example"],
    ["XN--BCHER-KVA.example.", "xn--bcher-kva.example"],
    ["*.straße.example", "*.xn--strae-oqa.example"],
    ["_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example"],
    ["日本語。jp", "xn--wgv71a119e.jp"],
    // An underscore is no letter of an international name: such a label stays as it is.
    ["_ü.example", "_ü.example"],
    ["", ""],
  ])("%s is %s", (written, stored) => {
    expect(normaliseName(written)).toBe(stored);
    expect(normaliseName(stored)).toBe(stored);
  });

  it("are shown as a person reads them, beside how DNS stores them", () => {
    expect(readableName("www.xn--bcher-kva.example")).toBe("www.bücher.example");
    expect(spelled("xn--bcher-kva.example")).toBe("bücher.example (xn--bcher-kva.example)");
    expect(spelled("example.org")).toBe("example.org");
  });
});

describe("values", () => {
  it.each([
    ["AAAA", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:DB8::1"],
    ["AAAA", "::ffff:192.0.2.1", "::ffff:c000:201"],
    ["MX", "10  Mail.Example.org.", "010 mail.example.org"],
    ["MX", "0 .", "0 ."],
    ["SRV", "10 5 5060 SIP.example.org.", "10 05 5060 sip.example.org"],
    ["CAA", '0 ISSUE "letsencrypt.org"', "00 issue letsencrypt.org"],
    ["CAA", '0 issue ";"', "0 issue ;"],
    ["CNAME", "Bücher.example.", "xn--bcher-kva.example"],
    ["TXT", '"a" "b"', "ab"],
  ] as const)("of %s are equal: %s and %s", (type, one, other) => {
    expect(normaliseValues(type, [one])).toEqual(normaliseValues(type, [other]));
    expect(normaliseValues(type, [one, other])).toHaveLength(1);
  });

  it("are the same however often they are normalised", () => {
    const types: readonly DnsRecordType[] = ["A", "AAAA", "CNAME", "TXT", "CAA", "MX", "NS", "SRV", "ALIAS"];
    const value = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.tuple(fc.nat(), fc.domain()).map(([number, host]) => `${number} ${host}.`),
      fc.ipV6(),
      fc.domain(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.array(value, { maxLength: 4 }), (type, values) => {
        const once = normaliseValues(type, values);
        expect(normaliseValues(type, once)).toEqual(once);
        expect(normaliseValues(type, [...values].reverse())).toEqual(once);
      }),
    );
  });
});
