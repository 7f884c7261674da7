import { DeployError } from "@deploy/core";
import { type Scenario, Skip } from "./scenario.js";
import type { Cannot, Subject } from "./subject.js";
import { access } from "./suites/access.js";
import { addons } from "./suites/addons.js";
import { missingCapability } from "./suites/capabilities.js";
import { certificates } from "./suites/certificates.js";
import { composition } from "./suites/composition.js";
import { containers } from "./suites/containers.js";
import { costs } from "./suites/costs.js";
import { dnsRecords } from "./suites/dns.js";
import { dnsBatches } from "./suites/dns-batches.js";
import { dnsChanges } from "./suites/dns-changes.js";
import { dnsForeign } from "./suites/dns-foreign.js";
import { dnsNames } from "./suites/dns-names.js";
import { dnsSizes } from "./suites/dns-sizes.js";
import { dnsTexts } from "./suites/dns-texts.js";
import { dnsTypes } from "./suites/dns-types.js";
import { driftScenarios } from "./suites/drift.js";
import { eachElement } from "./suites/each-element.js";
import { images } from "./suites/images.js";
import { ingress } from "./suites/ingress.js";
import { lease } from "./suites/lease.js";
import { logs } from "./suites/logs.js";
import { providerFacts } from "./suites/provider.js";
import { refusals } from "./suites/refusals.js";
import { repetition } from "./suites/repetition.js";
import { resilience } from "./suites/resilience.js";
import { rollback } from "./suites/rollback.js";
import { secrets } from "./suites/secrets.js";
import { servers } from "./suites/servers.js";

/** Every scenario for a subject, suite by suite; those about drift come from its `tamper` and `foreign` fixtures. */
export function scenariosFor(subject: Subject): readonly Scenario[] {
  const all = [
    ...providerFacts,
    ...eachElement,
    ...servers,
    ...images,
    ...containers,
    ...rollback,
    ...logs,
    ...secrets,
    ...ingress,
    ...dnsRecords,
    ...dnsBatches,
    ...dnsTypes,
    ...dnsTexts,
    ...dnsNames,
    ...dnsChanges,
    ...dnsForeign,
    ...dnsSizes,
    ...certificates,
    ...addons,
    ...access,
    ...costs,
    ...lease,
    ...refusals,
    ...resilience,
    ...composition,
    ...repetition,
    ...driftScenarios(subject),
  ];
  const order = [
    "provider",
    "servers",
    "images",
    "containers",
    "logs",
    "secrets",
    "ingress",
    "dns",
    "certificates",
    "addons",
    "access",
    "costs",
    "lease",
  ];
  return all.toSorted((one, other) => order.indexOf(one.element) - order.indexOf(other.element));
}

/** Why a scenario cannot be tried with this subject; undefined when it can. Asks nothing of the vendor. */
export function whySkipped(scenario: Scenario, subject: Subject): string | undefined {
  const provider = subject.provider();
  for (const path of scenario.requires ?? []) {
    const missing = missingCapability(provider, path);
    if (missing !== undefined) return missing;
  }
  for (const name of scenario.fixtures ?? []) {
    if (subject.fixtures?.[name] === undefined) return `the subject supplies no fixtures.${name}`;
  }
  return undefined;
}

/** What came of one scenario. */
export interface ScenarioResult {
  readonly name: string;
  readonly element: Scenario["element"];
  readonly outcome: "passed" | "failed" | "skipped" | "expected";
  /** Why it failed, was skipped, or was expected to fail. */
  readonly reason?: string;
  readonly error?: unknown;
  readonly milliseconds: number;
}

/** Runs one scenario, and judges it by what was expected of it: a failure that was expected and did not come is one. */
export async function runScenario(scenario: Scenario, subject: Subject): Promise<ScenarioResult> {
  const { name, element } = scenario;
  const began = performance.now();
  const result = (outcome: ScenarioResult["outcome"], reason?: string, error?: unknown): ScenarioResult => ({
    name,
    element,
    outcome,
    milliseconds: Math.round(performance.now() - began),
    ...(reason === undefined ? {} : { reason }),
    ...(error === undefined ? {} : { error }),
  });
  const skipped = whySkipped(scenario, subject);
  if (skipped !== undefined) return result("skipped", skipped);
  const expected = subject.expectedFailures?.[name];
  const cannot = subject.cannot?.[name];
  try {
    await scenario.run(subject);
  } catch (error) {
    if (error instanceof Skip) return result("skipped", error.message);
    if (cannot !== undefined) return refused(result, cannot, error);
    if (expected !== undefined) return result("expected", expected, error);
    return result("failed", error instanceof Error ? error.message : String(error), error);
  }
  if (expected === undefined && cannot === undefined) return result("passed");
  const reason =
    cannot === undefined
      ? `it passes, and was expected to fail (${expected}): take it out of expectedFailures`
      : `it passes, and was said to be impossible (${cannot.why}): take it out of cannot`;
  return result("failed", reason, new Error(reason));
}

/** What a vendor cannot do has to be refused, not done wrong. */
function refused(
  result: (outcome: ScenarioResult["outcome"], reason?: string, error?: unknown) => ScenarioResult,
  { why, link }: Cannot,
  error: unknown,
): ScenarioResult {
  if (DeployError.is(error)) return result("skipped", `${why}: ${link}`);
  const said = error instanceof Error ? error.message : String(error);
  return result("failed", `it cannot be done (${why}), and is not refused: ${said}`, error);
}

/** Names in `expectedFailures` and `cannot` that no scenario has: they were renamed, or misspelt. */
export function unknownExpectations(subject: Subject): readonly string[] {
  const names = new Set(scenariosFor(subject).map(({ name }) => name));
  const expected = Object.keys({ ...subject.expectedFailures, ...subject.cannot });
  return expected.filter((name) => !names.has(name));
}
