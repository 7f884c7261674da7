import assert from "node:assert/strict";
import type { Provider } from "@deploy/core";
import type { Bench } from "./bench.js";
import { instrument } from "./instrument.js";

/** More rounds than any provider of the kit's app needs; a provider that never gets done is not tried for ever. */
const mostRounds = 100;

/**
 * Runs `attempt` again and again, and kills it each time: in turn after its first call that changes something, whose
 * answer is lost, and before its second. Ends with the run in which nothing was left to be killed.
 *
 * @returns how often it was killed.
 */
export async function killEverywhere(
  bench: Bench,
  attempt: (provider: Provider) => Promise<unknown>,
): Promise<number> {
  for (let kills = 0; kills < mostRounds; kills += 1) {
    const { provider, isDead } = mortal(
      bench.freshProvider(),
      kills % 2 === 0 ? "after the first" : "before the second",
    );
    try {
      await attempt(provider);
    } catch (thrown) {
      if (!isDead()) throw thrown;
    }
    if (!isDead()) return kills;
  }
  assert.fail(`killed ${mostRounds} times, and still not done`);
}

/** A provider whose process dies in the middle: from then on every call of it fails. */
function mortal(
  provider: Provider,
  when: "after the first" | "before the second",
): { readonly provider: Provider; readonly isDead: () => boolean } {
  let changes = 0;
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new Error("killed by the kit");
  };
  const doomed = instrument(provider, (call, run) => {
    if (dead) return die();
    if (!call.mutating) return run();
    changes += 1;
    if (when === "before the second") return changes > 1 ? die() : run();
    return Promise.resolve(run()).then(die);
  });
  return { provider: doomed, isDead: () => dead };
}

/** The same provider, where each call that makes or changes a resource is made twice, as after a lost answer. */
export function repeating(provider: Provider): Provider {
  const twice = new Set(["resource.create", "resource.update", "resource.adopt", "dns.apply"]);
  return instrument(provider, (call, run) =>
    twice.has(call.path) ? Promise.resolve(run()).then(() => run()) : run(),
  );
}
