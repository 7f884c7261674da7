import { describe, expect, it } from "vitest";
import { systemClock } from "../context.js";
import { sharedContext } from "../deployer/context.js";
import { memoryDns } from "../deployer/testing/memory-dns.js";
import { caaGate } from "./dns-caa.js";

const context = sharedContext({
  signal: new AbortController().signal,
  env: {},
  fetch,
  clock: systemClock,
  log: () => {},
  output: () => {},
  directory: "/",
  shared: (_key, load) => load(),
});

const amazon = ["amazon.com", "amazontrust.com"];

async function blocked(
  hosts: readonly string[],
  caa: Readonly<Record<string, readonly string[]>>,
  zones: readonly string[] = ["example.org"],
): Promise<ReturnType<NonNullable<ReturnType<typeof caaGate>["blocked"]>>> {
  const records = Object.entries(caa).map(([name, values]) => ({ name, type: "CAA" as const, values }));
  const provider = memoryDns(
    Object.fromEntries(zones.map((zone) => [zone, records.filter(({ name }) => name.endsWith(zone))])),
  );
  const gate = caaGate(provider, { name: "aws" }, hosts, amazon);
  return gate.blocked!(await gate.read({ ...context, shared: (_key, load) => load() }));
}

describe("CAA records", () => {
  it.each([
    ["none at all", "www.example.org", {}],
    ["the issuer itself", "www.example.org", { "example.org": ['0 issue "amazontrust.com"'] }],
    ["with parameters", "www.example.org", { "example.org": ['0 issue "Amazon.com; account=1"'] }],
    [
      "the nearest one",
      "a.b.example.org",
      { "example.org": ['0 issue ";"'], "b.example.org": ['0 issue "amazon.com"'] },
    ],
    ["no rule of issue", "www.example.org", { "example.org": ['0 iodef "mailto:x@example.org"'] }],
    ["a wildcard by issue", "*.example.org", { "example.org": ['0 issue "amazon.com"'] }],
    ["issuewild for what is no wildcard", "www.example.org", { "example.org": ['0 issuewild ";"'] }],
    ["another branch", "www.example.org", { "other.example.org": ['0 issue ";"'] }],
    ["another zone", "www.example.net", { "example.org": ['0 issue ";"'] }],
  ])("let the issuer sign: %s", async (_name, host, caa) => {
    expect(await blocked([host], caa as Record<string, string[]>)).toBeUndefined();
  });

  it.each([
    [
      "another issuer",
      "www.example.org",
      { "example.org": ['0 issue "letsencrypt.org"'] },
      'example.org CAA 0 issue "amazon.com"',
    ],
    ["nobody", "example.org", { "example.org": ['0 issue ";"'] }, 'example.org CAA 0 issue "amazon.com"'],
    [
      "another one for wildcards",
      "*.example.org",
      { "example.org": ['0 issue "amazon.com"', '0 issuewild "letsencrypt.org"'] },
      'example.org CAA 0 issuewild "amazon.com"',
    ],
    [
      "the host's own",
      "www.example.org",
      { "www.example.org": ['0 issue "x.test"'], "example.org": ['0 issue "amazon.com"'] },
      "www.example.org CAA",
    ],
  ])("forbid it: %s", async (_name, host, caa, add) => {
    const refusal = await blocked([host, "fine.example.net"], caa as Record<string, string[]>);
    expect(refusal).toMatchObject({ code: "certificates.caa", hint: expect.stringContaining(add) });
    expect(refusal?.message).toContain("aws issues as amazon.com or amazontrust.com");
    expect(refusal?.message).toContain("CAA 0 issue");
  });
});
