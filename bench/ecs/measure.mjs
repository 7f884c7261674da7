import { cleanEnvironment, run } from "../../scripts/lib/run.mjs";

/** @typedef {{ service: string, operation: string, status: number, startedAt: number, endedAt: number }} Call */

/**
 * Runs one operation of the client as a process of its own; throws with the end of its output when it fails.
 *
 * @param {{ client: string }} programs
 * @param {{ env: Record<string, string> }} vendor
 * @param {readonly string[]} words
 * @param {object} [app]
 */
export async function runClient(programs, vendor, words, app = {}) {
  const env = cleanEnvironment({
    ...vendor.env,
    DEPLOY_BENCH_APP: JSON.stringify(app),
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  });
  const { code, stdout, output } = await run([process.execPath, programs.client, ...words], { env });
  if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}:\n${output.slice(-2000)}`);
  return JSON.parse(stdout);
}

/**
 * How many calls stand one behind the other at most: each began after the one before it had ended.
 *
 * @param {readonly Call[]} calls
 */
export function serialDepth(calls) {
  const byEnd = [...calls].sort((left, right) => left.endedAt - right.endedAt);
  const depths = new Map();
  for (const call of [...calls].sort((left, right) => left.startedAt - right.startedAt)) {
    let depth = 1;
    for (const earlier of byEnd) {
      if (earlier.endedAt > call.startedAt) break;
      depth = Math.max(depth, depths.get(earlier) + 1);
    }
    depths.set(call, depth);
  }
  return Math.max(0, ...depths.values());
}

/**
 * The best time there is for the steps of a run: nobody is faster than the longest chain of steps, nor than all of the
 * work in so many places at once.
 *
 * @param {readonly { id: string, after: readonly string[] }[]} changes
 * @param {ReadonlyMap<string, number>} seconds How long each took; what is not in it took no time.
 * @param {number} concurrency
 */
export function bestMakespan(changes, seconds, concurrency) {
  const byId = new Map(changes.map((change) => [change.id, change]));
  const lengths = new Map();
  const lengthOf = (/** @type {string} */ id) => {
    const known = lengths.get(id);
    if (known !== undefined) return known;
    const before = (byId.get(id)?.after ?? []).filter((one) => byId.has(one)).map(lengthOf);
    const length = Math.max(0, ...before) + (seconds.get(id) ?? 0);
    lengths.set(id, length);
    return length;
  };
  const longest = Math.max(0, ...changes.map(({ id }) => lengthOf(id)));
  const work = changes.reduce((sum, { id }) => sum + (seconds.get(id) ?? 0), 0);
  return Math.max(longest, work / concurrency);
}
