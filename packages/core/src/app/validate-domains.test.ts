import { describe, expect, it } from "vitest";
import { notesOf, problemsOf } from "./testing/validating.js";

describe("domains", () => {
  const domains = (value: unknown): readonly string[] => problemsOf({ domains: value });

  it.each([
    [[], "domains has to be an object of host name to process, but is a list."],
    [
      { "example.org": "toString" },
      'The domain example.org leads to "toString", which is no process of this app.',
    ],
    [{ "example.org": "www.example.org" }, 'To lead to another host: { redirect: "www.example.org" }.'],
    [{ "example.org": 1 }, 'has to be the name of a process or { redirect: "…" }, but is a number.'],
    [{ "example.org": {} }, 'domains["example.org"] has no redirect.'],
    [
      { "bücher.example": "web", "xn--bcher-kva.example": "web" },
      'The domains "bücher.example" and "xn--bcher-kva.example" are the same: DNS stores both as xn--bcher-kva.example.',
    ],
    [
      { "a.example.org": { redirect: "web" } },
      "The domain a.example.org redirects to the process web, not to a host.",
    ],
    [{ "a.example.org": { redirect: "*.example.org" } }, "which is a wildcard."],
    [
      { "a.example.org": { redirect: "https://b.org/" } },
      'which is a URL, not a host name. | Write "b.org".',
    ],
    [{ "a.org": { redirect: "A.org" } }, "The domain a.org redirects to itself."],
    [
      { "a.org": "web", "A.org": "web" },
      'The domains "a.org" and "A.org" are the same: case does not count.',
    ],
    [
      { "a.org": { redirect: "b.org" }, "b.org": { redirect: "c.org" }, "c.org": { redirect: "a.org" } },
      "Redirects go in a circle: a.org → b.org → c.org → a.org.",
    ],
  ])("%j", (value, text) => {
    expect(domains(value)).toEqual([expect.stringContaining(text)]);
  });

  it("refuses a domain of an internal process, of the environment where it is internal", () => {
    const environments = {
      production: { domains: { "example.org": "web" }, processes: { web: { internal: true } } },
      staging: { domains: { "staging.example.org": "web" } },
    };
    expect(problemsOf({ environments })).toEqual([
      expect.stringMatching(
        /^environments\.production\.domains\["example\.org"\] .* leads to web, which is internal\./,
      ),
    ]);
  });

  it("notes redirects to what nobody serves when it is likely meant to be served", () => {
    expect(
      notesOf({ domains: { "example.org": "web", "www.example.org": { redirect: "exmaple.org" } } }),
    ).toEqual([
      'domains["www.example.org"].redirect | The domain www.example.org redirects to exmaple.org, which this app does not serve. | Did you mean "example.org"?',
    ]);
    expect(notesOf({ domains: { "www.example.org": { redirect: "example.org" } } })[0]).toContain(
      'Add "example.org" to domains if this app is to serve it.',
    );
    expect(notesOf({ domains: { "old.example.org": { redirect: "elsewhere.net" } } })).toEqual([]);
  });

  it("notes a domain that two environments want", () => {
    const members = {
      domains: { "example.org": "web" },
      environments: { local: {}, staging: {}, production: {} },
    };
    expect(notesOf(members)).toEqual([
      expect.stringContaining(
        "The domain example.org belongs to staging and to production, and can lead to one",
      ),
    ]);
    expect(notesOf({ environments: { "review/*": { domains: { "review.example.org": "web" } } } })).toEqual([
      expect.stringContaining("belongs to every environment of review/*"),
    ]);
  });
});
