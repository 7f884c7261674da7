import { type DnsRecordSet, type DnsRecordType, normaliseValues } from "@deploy/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Held, toRecords, toSets } from "./records.js";

const held = (record: Partial<Held>): Held =>
  ({ id: "1", name: "a.example.org", type: "A", ttl: 1, content: "192.0.2.1", ...record }) as Held;

/** As the API answers what was written: components become content. */
function answered(set: DnsRecordSet, marker: string): readonly Held[] {
  return [...toRecords(set, marker).values()].map((written, index) => {
    const record = { id: String(index), ...written } as Held;
    const data = record.data as Record<string, unknown> | undefined;
    if (record.type !== "CAA" || data === undefined) return record;
    return { ...record, content: `${data.flags} ${data.tag} "${data.value}"` };
  });
}

describe("records", () => {
  it("of one name, type and marker are one set", () => {
    const sets = toSets([
      held({ comment: "deploy:a", content: "192.0.2.1" }),
      held({ comment: null, content: "192.0.2.2", proxied: true }),
      held({ comment: "deploy:a", content: "192.0.2.3", ttl: 300 }),
      held({ type: "MX", content: "mail.example.org", priority: 10 }),
    ]);
    expect(sets).toEqual([
      {
        name: "a.example.org",
        type: "A",
        values: ["192.0.2.1", "192.0.2.3"],
        extra: { proxied: false },
        marker: "deploy:a",
      },
      { name: "a.example.org", type: "A", values: ["192.0.2.2"], extra: { proxied: true } },
      { name: "a.example.org", type: "MX", values: ["10 mail.example.org"] },
    ]);
  });

  it("say name, type and TTL always, and 1 where the TTL is Cloudflare's", () => {
    const set: DnsRecordSet = { name: "A.example.org.", type: "A", values: ["192.0.2.1"] };
    expect([...toRecords(set, "deploy:x").values()]).toEqual([
      {
        name: "a.example.org",
        type: "A",
        ttl: 1,
        content: "192.0.2.1",
        proxied: false,
        comment: "deploy:x",
      },
    ]);
  });

  it("come back as they were written, whatever is in them", () => {
    const host = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,10}){1,3}$/);
    const number = fc.integer({ min: 0, max: 65_535 });
    const values: Readonly<Record<string, fc.Arbitrary<string>>> = {
      TXT: fc.oneof(
        fc.string({ minLength: 1, maxLength: 600, unit: "grapheme" }),
        fc.string({ minLength: 1 }),
      ),
      A: fc.ipV4(),
      AAAA: fc.ipV6(),
      CNAME: host,
      MX: fc.tuple(number, host).map((parts) => parts.join(" ")),
      SRV: fc.tuple(number, number, number, host).map((parts) => parts.join(" ")),
      CAA: host.map((name) => `0 issue "${name}; policy=x y"`),
    };
    const set = fc
      .constantFrom(...Object.keys(values))
      .chain((type) => fc.tuple(fc.constant(type as DnsRecordType), values[type] as fc.Arbitrary<string>));
    fc.assert(
      fc.property(set, ([type, value]) => {
        const wanted = { name: "a.example.org", type, values: [value] };
        const [back] = toSets(answered(wanted, "deploy:x"));
        expect(normaliseValues(type, back?.values ?? [])).toEqual(normaliseValues(type, [value]));
        for (const { content } of answered(wanted, "deploy:x")) {
          for (const string of type === "TXT" ? (content ?? "").matchAll(/"((?:[^"\\]|\\.)*)"/gs) : []) {
            const bytes = (string[1] ?? "").replace(/\\\d{3}|\\./g, "x");
            expect(Buffer.byteLength(bytes)).toBeLessThanOrEqual(255);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
