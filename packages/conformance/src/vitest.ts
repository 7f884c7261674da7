import { describe, expect, it } from "vitest";
import type { Scenario } from "./scenario.js";
import { runScenario, scenariosFor, unknownExpectations, whySkipped } from "./scenarios.js";
import type { Subject } from "./subject.js";

export type { Scenario } from "./scenario.js";

export type * from "./subject.js";

/** How the kit is registered. */
export interface ConformanceOptions {
  /** Only these: for a slow vendor, whose scenarios are spread over several files. Default: all. */
  readonly only?: (scenario: Pick<Scenario, "name" | "element">) => boolean;
}

/**
 * Registers every scenario of the kit as a test of vitest; call it once in a test file.
 *
 * What the provider cannot do and what the subject does not supply is skipped, with the reason in the test's name. An
 * expected failure passes; once the scenario passes, its test fails.
 */
export function conformance(subject: Subject, { only = () => true }: ConformanceOptions = {}): void {
  const timeout = 2 * (subject.timeouts?.scenario ?? 120_000) + 5_000;
  const { name: provider } = subject.provider();
  describe(`conformance of ${provider}`, { timeout }, () => {
    it("expects failures of scenarios that exist", () => {
      expect(unknownExpectations(subject)).toEqual([]);
    });
    for (const scenario of scenariosFor(subject).filter(only)) {
      const skipped = whySkipped(scenario, subject);
      if (skipped !== undefined) {
        it.skip(`${scenario.name} (${skipped})`);
        continue;
      }
      it(scenario.name, async (test) => {
        const { outcome, reason, error } = await runScenario(scenario, subject);
        if (outcome === "skipped") test.skip(reason);
        if (outcome === "failed") throw error;
      });
    }
  });
}
