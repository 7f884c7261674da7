import { runScenario, type ScenarioResult, scenariosFor, unknownExpectations } from "./scenarios.js";
import type { Subject } from "./subject.js";

/** How the kit is run. */
export interface RunOptions {
  /** Only scenarios whose name contains this. */
  readonly only?: string;
  /** Called after each scenario. */
  readonly onResult?: (result: ScenarioResult) => void;
  /** Ends the run after the scenario that is under way. */
  readonly signal?: AbortSignal;
}

/** What came of a run of the kit. */
export interface Report {
  readonly provider: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Failures that were expected, with their reasons. */
  readonly expected: number;
  readonly milliseconds: number;
  readonly results: readonly ScenarioResult[];
  /** The report as text, a line for each scenario and one at the end. */
  table(): string;
  /** The report as data, errors as text. */
  toJSON(): unknown;
}

/** Tries a provider against every scenario that its capabilities and fixtures allow, one after the other. */
export async function runConformance(subject: Subject, options: RunOptions = {}): Promise<Report> {
  const began = performance.now();
  const results: ScenarioResult[] = [];
  const add = (result: ScenarioResult): void => {
    results.push(result);
    options.onResult?.(result);
  };
  for (const name of unknownExpectations(subject)) {
    const reason = "expectedFailures or cannot names a scenario that does not exist";
    add({ name, element: "provider", outcome: "failed", reason, milliseconds: 0 });
  }
  for (const scenario of scenariosFor(subject)) {
    if (options.signal?.aborted === true) break;
    if (options.only === undefined || scenario.name.includes(options.only))
      add(await runScenario(scenario, subject));
  }
  return makeReport(subject.provider().name, results, Math.round(performance.now() - began));
}

const marks: Readonly<Record<ScenarioResult["outcome"], string>> = {
  passed: "✔",
  failed: "✖",
  skipped: "·",
  expected: "~",
};

/** One scenario's result in a line, with its reason below where it failed. */
export function resultLine({ outcome, name, milliseconds, reason }: ScenarioResult): string {
  const time = outcome === "skipped" ? "" : `  ${milliseconds} ms`;
  if (reason === undefined) return `${marks[outcome]} ${name}${time}`;
  if (outcome === "failed")
    return `${marks[outcome]} ${name}${time}\n    ${reason.replaceAll("\n", "\n    ")}`;
  return `${marks[outcome]} ${name}${time} (${outcome === "expected" ? "expected: " : ""}${reason})`;
}

function makeReport(provider: string, results: readonly ScenarioResult[], milliseconds: number): Report {
  const count = (outcome: ScenarioResult["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  const numbers = {
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    expected: count("expected"),
  };
  const summary =
    `${provider}: ${numbers.passed} passed, ${numbers.failed} failed, ${numbers.skipped} skipped, ` +
    `${numbers.expected} expected failures, ${(milliseconds / 1000).toFixed(1)} s`;
  return {
    provider,
    ...numbers,
    milliseconds,
    results,
    table: () => [...results.map(resultLine), "", summary].join("\n"),
    toJSON: () => ({
      provider,
      ...numbers,
      milliseconds,
      results: results.map(({ error: _error, ...rest }) => rest),
    }),
  };
}
