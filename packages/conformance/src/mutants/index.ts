import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { referenceSubject } from "../reference/subject.js";
import { referenceVendor } from "../reference/vendor.js";
import { runScenario, scenariosFor } from "../scenarios.js";
import type { BrokenProvider } from "./broken.js";
import { brokenCalls } from "./calls.js";
import { brokenDns } from "./dns-faults.js";
import { brokenResources } from "./resources.js";
import { brokenElements } from "./vendor-faults.js";
import { brokenVerbs } from "./verbs.js";

/** Every deliberately wrong provider. */
export const brokenProviders: readonly BrokenProvider[] = [
  ...brokenResources,
  ...brokenCalls,
  ...brokenVerbs,
  ...brokenElements,
  ...brokenDns,
];

/** What came of trying one broken provider. */
export interface Verdict {
  readonly fault: string;
  readonly caughtBy: string;
  readonly caught: boolean;
  /** What the scenario said, in a line; what went wrong where it said nothing. */
  readonly reason: string;
}

/** Tries each broken provider against the scenario that has to catch it. */
export async function tryBrokenProviders(
  providers: readonly BrokenProvider[] = brokenProviders,
  onVerdict: (verdict: Verdict) => void = () => undefined,
): Promise<readonly Verdict[]> {
  const directory = mkdtempSync(join(tmpdir(), "deploy-mutants-"));
  writeFileSync(join(directory, "app.txt"), "hello\n");
  const verdicts: Verdict[] = [];
  try {
    for (const one of providers) {
      const verdict = await tryOne(one, directory);
      verdicts.push(verdict);
      onVerdict(verdict);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return verdicts;
}

async function tryOne(
  { fault, caughtBy, breakIt, claims }: BrokenProvider,
  directory: string,
): Promise<Verdict> {
  const vendor = referenceVendor();
  const subject = {
    ...referenceSubject(directory, vendor, (provider) => breakIt(provider, vendor)),
    ...claims,
  };
  const scenario = scenariosFor(subject).find(({ name }) => name === caughtBy);
  if (scenario === undefined) return { fault, caughtBy, caught: false, reason: "there is no such scenario" };
  const { outcome, reason = "" } = await runScenario(scenario, subject);
  vendor.close();
  const [line = ""] = reason.split("\n");
  return {
    fault,
    caughtBy,
    caught: outcome === "failed",
    reason: outcome === "failed" ? line : `it ${outcome}`,
  };
}
