import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainAnswers, plainName, plainValues, presentText, textOf } from "./dns-presentation.js";

describe("presentation format", () => {
  it("brings back any text from the strings it is presented as, none of them longer than 255 octets", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 900 });
    fc.assert(
      fc.property(text, (any) => {
        const presented = presentText(any);
        expect(textOf(presented)).toBe(any);
        for (const [, string = ""] of presented.matchAll(/"((?:[^"\\]|\\.)*)"/gs)) {
          expect(string.replaceAll(/\\\d{3}|\\./gs, "x").length).toBeLessThanOrEqual(255);
        }
      }),
    );
  });

  it("reads what BIND and PowerDNS print", () => {
    expect(textOf('"v=DKIM1; p=abc" "def"')).toBe("v=DKIM1; p=abcdef");
    expect(textOf('"caf\\195\\169 \\"au lait\\" \\\\ \\;"')).toBe('café "au lait" \\ ;');
    expect(plainValues("CAA", ['0 ISSUE "ca.test; account=1"'])).toEqual(["0 issue ca.test; account=1"]);
    expect(plainValues("MX", ["20 B.test.", "010 a.test."])).toEqual(["10 a.test", "20 b.test"]);
    expect(plainValues("MX", ["0 ."])).toEqual(plainAnswers("MX", ["0 "]));
    expect(plainValues("CAA", ['128 issue ";"'])).toEqual(plainAnswers("CAA", ["128 issue ;"]));
    expect(plainValues("AAAA", ["2001:db8:0:0:0:0:0:1"])).toEqual(["2001:db8::1"]);
  });

  it("takes a text from a name server as it is: quotes belong to it, octets may be characters", () => {
    expect(plainAnswers("TXT", ['"quoted"', "plain"])).toEqual(
      plainValues("TXT", [presentText('"quoted"'), "plain"]),
    );
    const octets = Buffer.from("ключ é").toString("latin1");
    expect(plainAnswers("TXT", [octets])).toEqual(plainValues("TXT", ["ключ é"]));
    expect(plainAnswers("TXT", ["café"])).toEqual(["café"]);
  });

  it("compares names in ASCII, whatever their case", () => {
    expect(plainName("*.BÜCHER.example.")).toBe("*.xn--bcher-kva.example");
    expect(plainName("_Proof.xn--bcher-kva.Example")).toBe("_proof.xn--bcher-kva.example");
  });
});
