import type { ElementName } from "@deploy/core";
import type { Fixtures, Subject } from "./subject.js";
import type { Bench } from "./workbench/bench.js";

/** A suite: one per element, one for the lease, one for the provider as a whole. */
export type SuiteName = ElementName | "costs" | "lease" | "provider";

/** One thing that every provider has to get right, as data: a name, what it needs, and how it is tried. */
export interface Scenario {
  /** Unique, `<suite>: <what holds>`: what reports, mutants and `expectedFailures` call it. */
  readonly name: string;
  readonly element: SuiteName;
  /**
   * Capabilities it needs, as paths into the provider, such as `containers.rollback`; a bare element name asks for the
   * element. Where one is not a yes, the scenario is skipped.
   */
  readonly requires?: readonly string[];
  /** What the subject has to supply, else the scenario is skipped. */
  readonly fixtures?: readonly (keyof Fixtures)[];
  /** Tries it; rejects with an `AssertionError` when it does not hold, with a `Skip` when it cannot be tried. */
  run(subject: Subject): Promise<void>;
}

/** What a scenario is made from: its `try` gets a bench of its own, which is cleared away whatever happens. */
export interface ScenarioInput extends Omit<Scenario, "run"> {
  try(bench: Bench): Promise<void>;
}

/** Thrown by a scenario that found out on its way that it cannot be tried with this subject. */
export class Skip extends Error {
  override readonly name = "Skip";
}

/** Ends the running scenario as skipped, for `reason`. */
export function skip(reason: string): never {
  throw new Skip(reason);
}
