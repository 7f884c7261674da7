import type { DomainReport, DomainsCheck, InstanceStatus, ProcessStatus, Release } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { costView } from "./cost.js";
import { domainsOverview, domainsView } from "./domains.js";
import { jobViews } from "./jobs.js";
import { partOf } from "./part.js";
import { releaseViews, rollbackTarget } from "./releases.js";
import { healthOf, processHealth, serviceOverview } from "./service.js";

function process(desired: number, ...states: InstanceStatus["state"][]): ProcessStatus {
  const instances = states.map((state, index): InstanceStatus => {
    const problem = state === "running" || state === "starting" ? {} : { problem: "exit code 1" };
    return {
      name: `web.${index + 1}`,
      state,
      release: 1,
      since: "2026-01-01T00:00:00Z",
      restarts: 0,
      ...problem,
    };
  });
  return { name: "web", desired, instances };
}

describe("how a process is", () => {
  it.each([
    ["ok", process(2, "running", "running")],
    ["ok", process(1, "running", "draining")],
    ["ok", process(0)],
    ["starting", process(1, "starting")],
    ["starting", process(2, "running", "starting")],
    ["degraded", process(2, "running")],
    ["degraded", process(2, "running", "crash-loop")],
    ["degraded", process(2, "running", "running", "crashed")],
    ["down", process(1, "crash-loop")],
    ["down", process(2, "starting", "crashed")],
    ["down", process(1)],
  ] as const)("is %s", (expected, one) => {
    expect(processHealth(one)).toBe(expected);
  });

  it("makes the environment as its worst one, and says each problem once", () => {
    const status = {
      app: "shop",
      environment: "production",
      processes: [
        process(1, "running"),
        { ...process(3, "running", "crashed", "crash-loop"), name: "worker" },
      ],
      jobs: [],
      urls: [],
      servers: [{ name: "machine", state: "running" as const, description: "" }],
      addons: [{ name: "db", kind: "postgres", state: "failed" as const, description: "disk full" }],
    };
    expect(healthOf(status)).toBe("empty");
    expect(healthOf({ ...status, release: 1 })).toBe("degraded");
    expect(serviceOverview({ ...status, release: 1 })).toMatchObject({
      processes: [{ problems: [] }, { name: "worker", desired: 3, running: 1, problems: ["exit code 1"] }],
      problems: ["Add-on db has failed: disk full."],
    });
  });
});

describe("releases", () => {
  const release = (number: number, state: Release["state"], more: Partial<Release> = {}): Release => ({
    number,
    state,
    image: { digest: `sha256:${number}`, location: "x" },
    config: {},
    secrets: [],
    origin: { author: "maria" },
    createdAt: "2026-01-01T00:00:00Z",
    ...more,
  });

  it("are compared with the one that served before, past those that failed", () => {
    const origin = (commit: string) => ({ author: "maria", commit });
    const views = releaseViews([
      release(1, "superseded", { origin: origin("a".repeat(40)) }),
      release(3, "active", { origin: origin("c".repeat(40)) }),
      release(2, "failed", { origin: origin("b".repeat(40)) }),
    ]);
    expect(views.map(({ number, diff }) => [number, diff?.from])).toEqual([
      [3, 1],
      [2, 1],
      [1, undefined],
    ]);
    expect(views[0]?.diff?.commits).toEqual({ from: "a".repeat(40), to: "c".repeat(40) });
  });

  it("go back to where the deployer would", () => {
    expect(rollbackTarget([release(1, "active")])).toBeUndefined();
    expect(rollbackTarget([release(1, "superseded"), release(2, "failed"), release(3, "active")])).toBe(1);
    const repeated = release(4, "active", { origin: { author: "m", repeats: 2 } });
    expect(
      rollbackTarget([
        release(1, "superseded"),
        release(2, "superseded"),
        release(3, "superseded"),
        repeated,
      ]),
    ).toBe(1);
  });
});

describe("domains", () => {
  const domain: DomainReport = {
    host: "shop.example.org",
    leadsTo: { host: "shop.example.org", process: "web" },
    records: [
      {
        id: "1",
        name: "shop.example.org",
        type: "CNAME",
        use: "traffic",
        wanted: { values: ["lb.example.net"] },
        held: "by hand",
        changes: [],
        answered: {
          name: "shop.example.org",
          type: "CNAME",
          servers: [],
          agree: 1,
          of: 1,
          state: "everywhere",
        },
      },
    ],
    state: "ok",
  };
  const check: DomainsCheck = {
    app: "shop",
    environment: "production",
    ok: true,
    domains: [domain],
    proofs: [
      {
        id: "2",
        name: "_proof.example.org",
        type: "TXT",
        use: "proof",
        wanted: { values: ['say "yes"'], ttl: 60 },
        held: "by hand",
        changes: [],
      },
    ],
    zones: [],
    certificates: [],
    findings: [],
    hosts: [],
  };
  const shown = {
    issuer: "Let's Encrypt",
    names: ["shop.example.org"],
    matches: true,
    trusted: true,
    expires: "2026-12-31T00:00:00.000Z",
    daysLeft: 39,
  };

  it("take the days left from the vendor, and where it does not tell, from what the host shows", () => {
    const certificate = { hosts: ["shop.example.org"], issuer: "Amazon", state: "issued" as const };
    const probed = { ...check, hosts: [{ host: "shop.example.org", certificate: shown }] };
    const withVendor = (more: object): DomainsCheck => ({
      ...probed,
      domains: [{ ...domain, certificate: { ...certificate, ...more } }],
    });
    const first = (one: DomainsCheck) => domainsView(one).domains[0]?.certificate;
    expect(first(check)).toBeUndefined();
    expect(first(probed)).toMatchObject({ daysLeft: 39, source: "host", state: "issued" });
    expect(first(withVendor({ daysLeft: 200, expires: "2027-06-01T00:00:00Z" }))).toMatchObject({
      daysLeft: 200,
      source: "vendor",
    });
    expect(first(withVendor({}))).toMatchObject({ issuer: "Amazon", daysLeft: 39, source: "host" });
    expect(first(withVendor({ state: "pending" }))).not.toHaveProperty("daysLeft");
    const wrong = {
      ...probed,
      hosts: [{ host: "shop.example.org", certificate: { ...shown, matches: false } }],
    };
    expect(first(wrong)).toMatchObject({ state: "failed" });
    expect(domainsOverview(probed).hosts).toEqual([
      { host: "shop.example.org", state: "ok", certificate: { state: "issued", daysLeft: 39 } },
    ]);
  });

  it("say what to enter by hand, as a zone file has it", () => {
    expect(domainsView(check).byHand).toEqual([
      "shop.example.org. 300 IN CNAME lb.example.net.",
      '_proof.example.org. 60 IN TXT "say \\"yes\\""',
    ]);
  });

  it("are wrong where anything of them is, and are not called wrong where nobody could be asked", () => {
    const problem = {
      name: "shop.example.org",
      severity: "problem" as const,
      message: "Port 443 is closed.",
      hint: "Open it.",
    };
    const wrong = domainsView({ ...check, ok: false, findings: [problem] });
    expect(wrong).toMatchObject({ state: "wrong", domains: [{ state: "wrong", findings: [problem] }] });
    expect(domainsOverview({ ...check, ok: false, findings: [problem] }).problems).toEqual([
      "shop.example.org: Port 443 is closed.",
    ]);
    const silent = {
      ...domain,
      records: [{ id: "1", use: "traffic" as const, held: "unknown" as const, changes: [] }],
    };
    expect(domainsView({ ...check, domains: [silent] })).toMatchObject({ state: "unknown" });
    expect(domainsView(undefined)).toMatchObject({ state: "ok", domains: [] });
  });
});

it("cost is summed by currency, quantity included", () => {
  const estimate = { provider: "a", currency: "USD", notCounted: [], pricesOf: "2026-11-01", source: "x" };
  const view = costView({
    estimates: [
      { ...estimate, items: [{ label: "dyno", quantity: 3, monthly: 7.1 }] },
      { ...estimate, provider: "b", items: [{ label: "zone", quantity: 1, monthly: 0.5 }] },
      { ...estimate, provider: "c", currency: "EUR", items: [] },
    ],
    unknown: ["local"],
  });
  expect(view.totals).toEqual([
    { currency: "USD", monthly: 21.8 },
    { currency: "EUR", monthly: 0 },
  ]);
});

it("jobs are those that are declared and those that are there", () => {
  const job = { command: "x", timeoutMs: 1, timeZone: "Europe/Berlin" };
  expect(
    jobViews(
      [
        { ...job, name: "digest", schedule: "0 6 * * *" },
        { ...job, name: "new", schedule: "0 7 * * *" },
      ],
      [
        {
          name: "digest",
          schedule: "0 6 * * *",
          nextRun: "2026-01-02T05:00:00Z",
          lastRun: { at: "2026-01-01T05:00:00Z", exitCode: 1, seconds: 3 },
        },
        { name: "old", schedule: "0 8 * * *" },
      ],
    ),
  ).toEqual([
    {
      name: "digest",
      schedule: "0 6 * * *",
      timeZone: "Europe/Berlin",
      state: "scheduled",
      nextRun: Date.parse("2026-01-02T05:00:00Z"),
      lastRun: { at: Date.parse("2026-01-01T05:00:00Z"), exitCode: 1, seconds: 3 },
    },
    { name: "new", schedule: "0 7 * * *", timeZone: "Europe/Berlin", state: "not there" },
    { name: "old", schedule: "0 8 * * *", state: "not declared" },
  ]);
});

it("a part says how old it is, and that it is old", () => {
  const snapshot = { value: 1, at: 1_000, failures: 0, refreshing: false, outdated: false };
  const show = (value: number): string => `v${value}`;
  expect(partOf(snapshot, show, { now: 2_000, staleAfterMs: 5_000 })).toEqual({
    value: "v1",
    at: 1_000,
    refreshing: false,
    stale: false,
  });
  expect(partOf(snapshot, show, { now: 7_000, staleAfterMs: 5_000 }).stale).toBe(true);
  expect(
    partOf({ failures: 0, refreshing: true, outdated: false }, show, { now: 7_000, staleAfterMs: 1 }),
  ).toEqual({
    refreshing: true,
    stale: false,
  });
});
