/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Tally
 */

/** @returns {Tally} */
export function emptyTally() {
  return { passed: 0, failed: 0, skipped: 0 };
}

/**
 * @param {Tally} left
 * @param {Tally} right
 * @returns {Tally}
 */
export function addTally(left, right) {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

/** The one line that ends a run. */
export function tallyLine(/** @type {Tally} */ { passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * The last such line of an output; undefined when there is none.
 *
 * @param {string} output
 * @returns {Tally | undefined}
 */
export function readTally(output) {
  const lines = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)];
  const last = lines.at(-1);
  if (last === undefined) return undefined;
  return { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3]) };
}

/**
 * Counts what vitest's JSON reporter wrote. A file that cannot be loaded has no tests to count: it is one failure; so is
 * an exit code that no test accounts for, such as an unhandled rejection.
 *
 * A scenario of the conformance kit that a provider declares not to be capable of is no skipped test: it does not apply.
 * A test that passed at its second try is a passed one, and is named: what failed once may fail again.
 *
 * @typedef {{ status: string, fullName?: string, ancestorTitles?: string[], failureMessages?: string[] }} TestResult
 * @typedef {{ name: string, status: string, assertionResults: TestResult[] }} FileResult
 * @param {{ testResults: FileResult[] }} report
 * @param {number} exitCode
 * @param {string} root Stripped from the names.
 * @returns {{ tally: Tally, files: { file: string, skipped: number }[], secondTries: string[] }}
 */
export function countVitest(report, exitCode, root) {
  const tally = emptyTally();
  /** @type {string[]} */
  const secondTries = [];
  const files = report.testResults.map(({ name, status, assertionResults }) => {
    const file = name.startsWith(root) ? name.slice(root.length) : name;
    let skipped = 0;
    let failed = 0;
    for (const { status: outcome, fullName, ancestorTitles, failureMessages } of assertionResults) {
      if (outcome === "passed") {
        tally.passed++;
        const why = failureMessages?.[0]?.split("\n")[0];
        if (why !== undefined) secondTries.push(`${file}: ${fullName}: ${why}`);
      } else if (outcome === "failed") failed++;
      else if (!ancestorTitles?.some((title) => title.startsWith("conformance of "))) skipped++;
    }
    tally.failed += failed === 0 && status === "failed" ? 1 : failed;
    tally.skipped += skipped;
    return { file, skipped };
  });
  if (exitCode !== 0 && tally.failed === 0) tally.failed = 1;
  return { tally, files, secondTries };
}
