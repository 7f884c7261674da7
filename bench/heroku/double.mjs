import { createInterface } from "node:readline";
import { createHerokuDouble, herokuCliEnvironment, installHerokuCli } from "@deploy/heroku-double";

/*
 * The double of Heroku in a process of its own, so that its work is not counted as ours. It says where it is in its first
 * line; then each line that it reads is one order, answered by one line. It ends with its standard input.
 */

const token = "token-of-owner";
// Databases are not what is measured, and what is unjudged answers sooner: neither side is slowed down by it.
const double = await createHerokuDouble({ databases: false, registry: false, schemas: "/nowhere" });
const installed = await installHerokuCli();

/** @type {Record<string, (value: number) => unknown>} */
const orders = {
  /** From now on, each call of each host waits so many milliseconds. */
  latency: (milliseconds) => {
    double.faults.clear();
    if (milliseconds === 0) return null;
    for (const host of /** @type {const} */ (["api", "data", "metrics", "streams"])) {
      double.faults.set({ host, times: Number.POSITIVE_INFINITY, does: { kind: "delay", milliseconds } });
    }
    return null;
  },
  /** Calls since the last time that somebody asked, and the most within a minute. */
  calls: () => {
    const calls = double.ledger.calls.map(({ at, host, method, path }) => ({ at, host, method, path }));
    const busiestMinute = double.ledger.busiestMinute(token);
    double.ledger.reset();
    return { calls, busiestMinute };
  },
};

say({
  token,
  api: double.url,
  data: double.dataUrl,
  metrics: double.metricsUrl,
  ...("missing" in installed
    ? { missing: installed.missing }
    : { heroku: { program: installed.program, environment: herokuCliEnvironment(double, token) } }),
  certificate: double.certificate,
});
for await (const line of createInterface({ input: process.stdin })) {
  const { order, value } = JSON.parse(line);
  say(orders[order]?.(value) ?? null);
}
await double.close();
// Connections of clients that ended without goodbye keep nobody waiting.
process.exit(0);

/** @param {unknown} value */
function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
