import { describe, expect, it } from "vitest";
import { type Call, labelOf } from "./call.js";
import { differences } from "./differences.js";
import { reach } from "./endpoint.js";
import { matcher, pointsOf } from "./points.js";
import { sample } from "./sample.js";

describe("labelOf", () => {
  it("masks what is another in every run", () => {
    const label = (path: string): string => labelOf({ method: "PUT", path });
    expect(label("/apps/12/builds/0b6f1c2e-54f1-4a6e-9b0c-7b1d2e3f4a5b?x=1")).toBe("PUT /apps/*/builds/*");
    expect(label("/apps/shop/deadbeef/releases")).toBe("PUT /apps/shop/*/releases");
    expect(label("/apps/web1")).toBe("PUT /apps/web1");
  });
});

describe("reach", () => {
  it("knows ports, paths and who insists on its own name", () => {
    expect(reach(new URL("https://api.example.org/v1/"))).toMatchObject({
      options: { host: "api.example.org", port: 443 },
      host: "api.example.org",
      prefix: "/v1",
    });
    const plain = reach(new URL("http://[::1]:8080"));
    expect(plain).toMatchObject({ options: { host: "::1", port: 8080 }, prefix: "" });
    expect(plain.host).toBeUndefined();
    expect(reach({ socketPath: "/a.sock" }).options).toEqual({ socketPath: "/a.sock" });
  });
});

describe("differences", () => {
  it("says where two pictures differ", () => {
    const one = { a: 1, b: { c: [1, 2], d: "x" }, same: null };
    const other = { same: null, b: { d: "x", c: [1, 3, 4] }, e: true };
    expect(differences(one, other)).toEqual([
      "a: 1 → absent",
      "b.c.1: 2 → 3",
      "b.c.2: absent → 4",
      "e: absent → true",
    ]);
    expect(differences(one, { ...one, extra: undefined })).toEqual([]);
    expect(differences([], {})).toEqual(["all of it: [] → {}"]);
    expect(differences(undefined, undefined)).toEqual([]);
  });

  it("stops after twenty", () => {
    const found = differences(
      Array.from({ length: 30 }, () => 1),
      Array.from({ length: 30 }, () => 2),
    );
    expect(found).toHaveLength(21);
    expect(found.at(-1)).toBe("and 10 more");
  });
});

describe("points", () => {
  const call = (number: number, method: string, mutation?: number): Call => ({
    number,
    method,
    path: "/things",
    bodyDigest: "",
    at: 0,
    ...(mutation === undefined ? {} : { mutation }),
  });
  const calls = [call(1, "GET"), call(2, "POST", 1), call(3, "PUT", 2), call(4, "POST", 3)];

  it("tell the same call made twice apart", () => {
    const points = pointsOf(calls, labelOf, ["kill-after"]);
    expect(points.map(({ label, occurrence }) => `${label} ${occurrence}`)).toEqual([
      "POST /things 1",
      "PUT /things 1",
      "POST /things 2",
    ]);
    const hits = points.map((point) => calls.filter(matcher(point, labelOf)).map(({ number }) => number));
    expect(hits).toEqual([[2], [3], [4]]);
  });

  it("leave calls that only read alone, whatever their label", () => {
    const hits = calls.filter(matcher({ label: "all", occurrence: 1, fault: "reset-after" }, () => "all"));
    expect(hits.map(({ number }) => number)).toEqual([2]);
  });
});

describe("sample", () => {
  const list = Array.from({ length: 50 }, (_, index) => index);

  it("keeps the order and the count, whatever the seed", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const chosen = sample(list, 7, seed);
      expect(chosen).toHaveLength(7);
      expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
      expect(sample(list, 7, seed)).toEqual(chosen);
    }
  });

  it("reaches every element with some seed, and returns a short list whole", () => {
    const reached = new Set(list.flatMap((seed) => sample(list, 7, seed)));
    expect(reached.size).toBe(50);
    expect(sample([1, 2], 9, 1)).toEqual([1, 2]);
  });
});
