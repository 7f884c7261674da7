import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkHost, normaliseHost } from "./host-names.js";

describe("checkHost", () => {
  it.each([
    "example.org",
    "App.Example.org",
    "*.example.org",
    "xn--bcher-kva.example",
    "bücher.example",
    "*.Straße.example",
    "日本語.jp",
    "a-b.c3.example.co.uk",
    "app.localhost",
    "1.example.org",
  ])("takes %s", (host) => {
    expect(checkHost(host)).toBeUndefined();
  });

  it.each([
    ["", "is empty", undefined],
    ["https://example.org/x", "is a URL, not a host name", 'Write "example.org".'],
    ["example.org/shop", "is a URL, not a host name", 'Write "example.org".'],
    [
      "example.org:8080",
      "has a port",
      'Write "example.org": the traffic of a domain comes in on 80 and 443.',
    ],
    ["example.org.", "ends with a dot", 'Write "example.org".'],
    ["xn--.example.org", 'has the label "xn--", which DNS cannot store', undefined],
    [
      "a\u202eb\u2060\ufffd.example",
      'has the label "a\u202eb\u2060\ufffd", which DNS cannot store',
      undefined,
    ],
    [`${"ü".repeat(60)}.example`, "has a label of 66 characters", undefined],
    ["web", "is a single label", 'Write it in full, such as "web.example.org".'],
    ["my_app.example.org", "has an underscore", 'Write a hyphen: "my-app.example.org".'],
    ["a.*.example.org", "has its * in the middle", undefined],
    ["*.org", "would match a whole top-level domain", undefined],
    ["app*.example.org", "mixes * with letters", undefined],
    ["a..example.org", "has an empty label", undefined],
    ["-a.example.org", 'has the label "-a"', undefined],
    [`${"a".repeat(64)}.org`, "has a label of 64 characters", undefined],
    [`${"a.".repeat(130)}org`, "is longer than 253 characters", undefined],
    ["10.0.0.1", "is an address", undefined],
    ["::1", "is an address", undefined],
    ["example.123", "ends in a number", undefined],
    ["a b.example.org", "has a space in it", undefined],
  ])("refuses %s", (host, reason, hint) => {
    expect(checkHost(host)?.reason).toBe(reason);
    if (hint !== undefined) expect(checkHost(host)?.hint).toBe(hint);
  });

  it("stores letters beyond ASCII as DNS does", () => {
    expect(normaliseHost("*.Bücher.example")).toBe("*.xn--bcher-kva.example");
    expect(normaliseHost("1.Bücher.example")).toBe("1.xn--bcher-kva.example");
  });

  it("takes every domain there can be, and never throws", () => {
    fc.assert(fc.property(fc.domain(), (host) => checkHost(host) === undefined));
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void checkHost(text)));
  });
});
