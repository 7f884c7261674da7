import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { afterAll, describe, expect, it } from "vitest";
import { referenceSubject } from "./reference/subject.js";
import { referenceVendor } from "./reference/vendor.js";
import { runConformance } from "./run.js";
import type { Scenario } from "./scenario.js";
import { runScenario, scenariosFor, whySkipped } from "./scenarios.js";
import type { Subject } from "./subject.js";

const directory = mkdtempSync(join(tmpdir(), "deploy-run-"));
mkdirSync(join(directory, "app"));
writeFileSync(join(directory, "app", "app.txt"), "hello\n");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const subject: Subject = referenceSubject(join(directory, "app"));
const scenario = (run: () => Promise<void>): Scenario => ({
  name: "secrets: tried",
  element: "secrets",
  run,
});
const failing = scenario(async () => assert.fail("it is wrong"));
const passing = scenario(async () => undefined);

describe("a scenario", () => {
  it("passes, or fails with what it says", async () => {
    expect(await runScenario(passing, subject)).toMatchObject({ outcome: "passed" });
    expect(await runScenario(failing, subject)).toMatchObject({ outcome: "failed", reason: "it is wrong" });
  });

  it("may be expected to fail, and is red once it passes", async () => {
    const expecting = { ...subject, expectedFailures: { "secrets: tried": "the vendor cannot" } };
    expect(await runScenario(failing, expecting)).toMatchObject({
      outcome: "expected",
      reason: "the vendor cannot",
    });
    expect(await runScenario(passing, expecting)).toMatchObject({
      outcome: "failed",
      reason: "it passes, and was expected to fail (the vendor cannot): take it out of expectedFailures",
    });
  });

  it("may be impossible with a vendor: then it is refused and skipped, and red if it passes or goes wrong", async () => {
    const why = { why: "it holds three records", link: "https://vendor.example/limits" };
    const impossible = { ...subject, cannot: { "secrets: tried": why } };
    const refused = scenario(async () => {
      throw new DeployError({ code: "secrets.too-many", message: "No more than three." });
    });
    expect(await runScenario(refused, impossible)).toMatchObject({
      outcome: "skipped",
      reason: "it holds three records: https://vendor.example/limits",
    });
    expect(await runScenario(failing, impossible)).toMatchObject({
      outcome: "failed",
      reason: "it cannot be done (it holds three records), and is not refused: it is wrong",
    });
    expect(await runScenario(passing, impossible)).toMatchObject({
      outcome: "failed",
      reason: "it passes, and was said to be impossible (it holds three records): take it out of cannot",
    });
  });

  it("is gated by capabilities and fixtures alone, with the provider's own reason", () => {
    const gated = (requires: readonly string[]): Scenario => ({ ...passing, requires });
    expect(whySkipped(gated(["secrets", "containers.rollback", "owned"]), subject)).toBeUndefined();
    expect(whySkipped(gated(["containers.volumes"]), subject)).toBe("containers.volumes: it keeps no files");
    expect(whySkipped(gated(["importers"]), subject)).toBe("reference has no importers");
    expect(whySkipped({ ...passing, fixtures: ["ask"] }, subject)).toBe(
      "the subject supplies no fixtures.ask",
    );
  });

  it("has a name of its own that begins with its suite", () => {
    const names = scenariosFor(subject).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, element } of scenariosFor(subject)) expect(name.startsWith(`${element}: `)).toBe(true);
  });
});

describe("a run", () => {
  it("is a table, and data", async () => {
    const report = await runConformance(subject, { only: "secrets: forgetting" });
    expect(report).toMatchObject({ provider: "reference", passed: 1, failed: 0, skipped: 0, expected: 0 });
    expect(report.table()).toMatch(/✔ secrets: forgetting is safe .*\n\nreference: 1 passed, 0 failed/);
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      results: [{ outcome: "passed", element: "secrets" }],
    });
  });

  it("fails for an expectation of a scenario that does not exist", async () => {
    const misspelt = {
      ...subject,
      expectedFailures: { "secrets: no such": "?" },
      cannot: { "dns: no such": { why: "?", link: "https://vendor.example" } },
    };
    const report = await runConformance(misspelt, { only: "nothing at all" });
    expect(report).toMatchObject({
      failed: 2,
      results: [{ name: "secrets: no such" }, { name: "dns: no such" }],
    });
  });

  it("removes what a scenario has made, also when it fails, and says what is left", async () => {
    const vendor = referenceVendor();
    const leaking = referenceSubject(join(directory, "app"), vendor, (provider) => ({
      ...provider,
      owned: async () => [],
    }));
    const report = await runConformance(leaking, { only: "secrets: the same value again" });
    expect(report.results[0]?.reason).toMatch(/something is left after everything was removed/);
    const right = referenceSubject(join(directory, "app"), vendor);
    await runConformance({ ...right, reset: () => undefined }, { only: "secrets: the same value again" });
    const held = [...vendor.state.scopes.values()].slice(-1).flatMap(({ secrets }) => [...secrets.keys()]);
    expect(held).toEqual([]);
  });
});
