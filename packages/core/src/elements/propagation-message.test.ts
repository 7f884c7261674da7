import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage, encodeQuestion, typeNumber } from "./propagation-message.js";

const label = fc.stringMatching(/^[a-z0-9_*]([a-z0-9-]{0,20}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join("."));

/** A response with one answer for `example`, whose data is given as bytes. */
function response(type: number, data: readonly number[], owner: readonly number[] = [0xc0, 12]): Uint8Array {
  const head = [0, 7, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0];
  const question = [7, ...Buffer.from("example"), 0, type >> 8, type & 255, 0, 1];
  const fields = [type >> 8, type & 255, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255];
  return Uint8Array.from([...head, ...question, ...owner, ...fields, ...data]);
}

const text = (value: string): number[] => [value.length, ...Buffer.from(value, "latin1")];

describe("DNS messages", () => {
  it("carry every name there and back", () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 0, max: 0xffff }), (host, id) => {
        const read = decodeMessage(encodeQuestion(id, { name: host, type: "CAA", recursive: false }));
        expect(read).toMatchObject({
          id,
          isResponse: false,
          question: { name: host, type: typeNumber("CAA") },
        });
      }),
    );
  });

  it("refuse what DNS cannot carry", () => {
    for (const host of ["a..b", "x".repeat(64), Array.from({ length: 60 }, () => "label").join(".")]) {
      expect(() => encodeQuestion(1, { name: host, type: "A", recursive: true })).toThrow(RangeError);
    }
  });

  it.each([
    ["A", 1, [192, 0, 2, 1], "192.0.2.1"],
    ["AAAA", 28, [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1], "2001:db8:0:0:0:0:0:1"],
    ["CNAME", 5, [1, 65, 0xc0, 12], "a.example"],
    ["MX", 15, [0, 10, 0xc0, 12], "10 example"],
    ["SRV", 33, [0, 1, 0, 2, 1, 187, 0xc0, 12], "1 2 443 example"],
    ["CAA", 257, [0, 5, ...Buffer.from("issue"), ...Buffer.from("ca.test; x")], '0 issue "ca.test; x"'],
    ["TXT", 16, [...text('say "hi"'), ...text("\u001b[2J\\")], '"say \\"hi\\"" "\\027[2J\\\\"'],
    ["SOA", 6, [0xc0, 12, 0xc0, 12, 0, 0, 1, 0, ...Array(16).fill(0)], "256"],
  ] as const)("tell a value of type %s as a zone file would", (type, number, data, value) => {
    expect(decodeMessage(response(number, data)).answers).toEqual([
      { name: "example", type, ttl: 60, value },
    ]);
  });

  it("tell a name with dots and control characters in a label apart from its look-alikes", () => {
    const owner = [3, 0x61, 0x2e, 0x1b, 0xc0, 12];
    expect(decodeMessage(response(1, [192, 0, 2, 1], owner)).answers[0]?.name).toBe("a\\.\\027.example");
  });

  it("are refused where a name points to itself, or forwards", () => {
    for (const target of [25, 30]) {
      expect(() => decodeMessage(response(1, [192, 0, 2, 1], [0xc0, target]))).toThrow("forwards");
    }
  });

  it("end for any bytes at all, and let no control character through", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .tuple(fc.constantFrom(1, 2, 5, 6, 15, 16, 28, 33, 257), fc.uint8Array({ maxLength: 60 }))
        .map(([type, data]) => response(type, [...data])),
    );
    fc.assert(
      fc.property(bytes, (message) => {
        try {
          const read = decodeMessage(message);
          const texts = [...read.answers, ...read.authority, ...read.additional].map(
            (one) => one.name + one.value,
          );
          expect(texts.join("") + (read.question?.name ?? "")).toMatch(/^[\u0020-\u007e]*$/);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
