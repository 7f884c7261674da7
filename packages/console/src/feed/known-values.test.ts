import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor } from "./redact.js";

const source = "web.1 stdout";

function redactOne(text: string, values: readonly string[] = []): string {
  const redactor = createRedactor();
  redactor.learn(values);
  return redactor.line({ source, text });
}

function redactAll(lines: readonly string[], values: readonly string[] = []): string[] {
  const redactor = createRedactor();
  redactor.learn(values);
  return lines.map((text) => redactor.line({ source, text }));
}

describe("known values", () => {
  const value = `p@ss w/ord"ü'1+x`;
  it.each([
    ["as it is", value],
    ["in a URL", encodeURIComponent(value)],
    ["in a URL, small letters", encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase())],
    ["in a form", new URLSearchParams({ v: value }).toString().slice(2)],
    ["in JSON", JSON.stringify(value).slice(1, -1)],
    ["in JSON in JSON", JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ["in base64", Buffer.from(value).toString("base64").replace(/=+$/, "")],
  ])("%s", (_how, form) => {
    const text = redactOne(`before ${form} behind`, [value]);
    expect(text).toBe("before <redacted> behind");
  });

  it("within base64 of something longer, wherever it begins", () => {
    for (const name of ["", "a", "ab", "abc"]) {
      const encoded = Buffer.from(`${name}:${value}:more`).toString("base64");
      const text = redactOne(`x ${encoded} y`, [value]);
      const left = (text.match(/[A-Za-z0-9+/]{2,}/g) ?? []).filter((part) => part !== "redacted");
      for (const part of left) expect(Buffer.from(part, "base64").toString()).not.toContain("w/ord");
      expect(text).toContain("<redacted>");
    }
  });

  it("of several lines goes line by line; the password of a URL by itself, too", () => {
    const key = "first line of it\nsecond line of it\n";
    expect(redactAll(["a first line of it", "second line of it."], [key])).toEqual([
      "a <redacted>",
      "<redacted>.",
    ]);
    expect(redactOne("login with tops3cret", ["postgres://u:tops3cret@db/x"])).toBe("login with <redacted>");
  });

  it("overlapping and touching ones leave nothing between", () => {
    expect(redactOne("xabcdefghix", ["abcdef", "defghi"])).toBe("x<redacted>x");
    expect(redactOne("abcdefabcdef", ["abcdef"])).toBe("<redacted>");
  });

  it("cut by the platform in the middle goes on both sides", () => {
    const secret = "0123456789abcdefghijKLMNOP";
    const long = "x".repeat(10_000);
    const [head, tail] = redactAll(
      [`${long}${secret.slice(0, 12)}`, `${secret.slice(12)} and more`],
      [secret],
    );
    expect(head).toBe(`${long}<redacted>`);
    expect(tail).toBe("<redacted> and more");
    const [marked] = redactAll([`short ${secret.slice(0, 12)}…↩`], [secret]);
    expect(marked).toBe("short <redacted>…↩");
  });

  it("beside NUL, and what was no UTF-8", () => {
    const secret = "0123456789abcdefghijKLMNOP";
    const bytes = Buffer.concat([
      Buffer.from([0, 0xff, 0xc3]),
      Buffer.from(secret),
      Buffer.from([0x80, 0, 0xe2, 0x82]),
    ]);
    expect(redactOne(bytes.toString("utf8"), [secret])).toBe("\0\ufffd\ufffd<redacted>\ufffd\0\ufffd");
    expect(redactOne(`\0${secret}\0${secret}\ud800`, [secret])).toBe("\0<redacted>\0<redacted>\ud800");
    expect(redactOne("\0password=hunter2\0 \ufffdghp_0123456789abcdefghijABCDEFGHIJ012345\0")).toBe(
      "\0password=<redacted> \ufffd<redacted>\0",
    );
  });

  it("at any place of a line of a megabyte, in any form", () => {
    const secret = `p@ss w/ord"1+x`;
    const redactor = createRedactor();
    redactor.learn([secret]);
    for (const form of formsOf(secret)) {
      for (const before of [0, 1, 47, 65_535, 524_288, 1_048_575]) {
        const text = `${"-".repeat(before)}${form}${"-".repeat(1_048_576 - before)}`;
        const clean = redactor.line({ source: `${before} ${form}`, text });
        expect(clean.slice(before, before + 11)).toBe("<redacted>-");
        expect(clean).not.toContain(form);
      }
    }
  });

  it("shorter than six characters are not looked for", () => {
    expect(redactOne("a 12345 b", ["12345"])).toBe("a 12345 b");
  });

  it("never survive, whatever they are and wherever they stand", () => {
    const letters = fc.string({ unit: "grapheme", minLength: 6, maxLength: 120 });
    const plain = fc.stringMatching(/^[ -~]{6,120}$/);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(letters, plain), { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.string({ maxLength: 40 }), fc.nat(), fc.nat(7), fc.string({ maxLength: 40 }))),
        (found, places) => {
          // The mark itself is no secret, and neither is what it makes together with its neighbours.
          const secrets = found.filter(
            (one) => !/[\r\n]/.test(one) && one.trim().length >= 6 && !overlapsMark(one),
          );
          const redactor = createRedactor();
          redactor.learn(secrets);
          for (const [before, which, how, behind] of places) {
            const secret = secrets[which % Math.max(1, secrets.length)];
            if (secret === undefined) continue;
            const form = formsOf(secret)[how % 4] ?? secret;
            const clean = redactor.line({ source, text: before + form + behind });
            for (const one of secrets) expect(clean).not.toContain(one);
            if (!overlapsMark(form)) expect(clean).not.toContain(form);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("never survive in whatever pieces the platform cuts a long line", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]{12,90}$/),
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 0, max: 300 }),
        (secret, before, cutAt) => {
          const text = `${"-".repeat(9_000 + before)}${secret}${"-".repeat(9_000)}`;
          const at = 9_000 + cutAt;
          const redactor = createRedactor();
          redactor.learn([secret]);
          const joined = [text.slice(0, at), text.slice(at)]
            .map((piece) => redactor.line({ source, text: piece }))
            .join("");
          expect(joined).not.toContain(secret);
          // Not more than two letters at the border are left.
          expect(joined.replaceAll("<redacted>", "").replaceAll("-", "").length).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  ];
}

function overlapsMark(text: string): boolean {
  return /[<>]|redacted/.test(text) || "<redacted>".includes(text);
}
