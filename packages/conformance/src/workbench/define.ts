import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Scope } from "@deploy/core";
import type { Scenario, ScenarioInput } from "../scenario.js";
import { createBench, describe } from "./bench.js";
import { clearScope } from "./clear.js";

const run = randomBytes(3).toString("hex");
let scenarios = 0;

/**
 * A scenario from what it tries: it gets a bench with a scope of its own, a deadline, and is cleared away whatever
 * happens. What is left afterwards, and any secret in what was said, are failures of it.
 */
export function defineScenario(input: ScenarioInput): Scenario {
  const { try: attempt, ...described } = input;
  return {
    ...described,
    async run(subject) {
      scenarios += 1;
      const scope = subject.scope?.(scenarios) ?? { app: `kit-${run}-${scenarios}`, environment: "test" };
      await subject.reset?.();
      const scopes = new Set<Scope>();
      const bench = createBench(subject, scope, scopes);
      const failures: unknown[] = [];
      const { scenario: deadline = 120_000 } = subject.timeouts ?? {};
      try {
        await bench.within(deadline, "the scenario", attempt(bench));
      } catch (thrown) {
        failures.push(thrown);
      }
      try {
        for (const one of scopes) {
          const cleared = clearScope(bench.provider, bench.context(), one, subject.fixtures?.inspect);
          const left = await bench.within(deadline, "clearing away", cleared);
          assert.deepEqual(left, [], "something is left after everything was removed");
        }
      } catch (thrown) {
        failures.push(thrown);
      }
      bench.workplace.remove();
      const [first, ...others] = failures;
      if (first !== undefined) throw withOthers(first, others);
      assert.deepEqual(bench.transcript.leaks(), [], "a secret was found in what the provider said");
    },
  };
}

/** The first failure is the one to mend; what failed while clearing away is said behind it. */
function withOthers(first: unknown, others: readonly unknown[]): unknown {
  if (first instanceof Error && others.length > 0) {
    first.message += `\nThen, while clearing away: ${others.map(describe).join("; ")}`;
  }
  return first;
}
