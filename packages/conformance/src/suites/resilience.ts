import assert from "node:assert/strict";
import { type Clock, type Context, DeployError, isTransient, type Provider, systemClock } from "@deploy/core";
import { type Scenario, skip } from "../scenario.js";
import { type Bench, describe } from "../workbench/bench.js";
import { defineScenario } from "../workbench/define.js";
import { type Fault, faultyFetch, type SeenRequest } from "../workbench/faulty-fetch.js";
import { availableAlone } from "./alone.js";
import { type ReadyCall, readingCalls, writingCalls } from "./calls.js";

const element = "provider" as const;

const begun = systemClock.now();

/** A clock that runs a thousand times as fast: what is tried is whether pauses end, not how long they are. */
const hastyClock: Clock = {
  now: () => begun + (systemClock.now() - begun) * 1000,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / 1000, signal),
};

/** Makes each call under a fault; `judge` gets the error, or a success. Calls that ask nothing of `fetch` do not count. */
async function disturbed(
  bench: Bench,
  calls: readonly ReadyCall[],
  fault: Fault,
  judge: (name: string, error: unknown, repeats: number) => void,
): Promise<void> {
  let tried = 0;
  for (const { name, make } of calls) {
    const faulty = faultyFetch(bench.subject, bench.context().fetch, () => fault);
    const context = bench.context({ fetch: faulty.fetch, clock: hastyClock, shared: sharedOnce() });
    const error = await bench.within(
      20_000,
      name,
      make(context).then(
        () => undefined,
        (thrown: unknown) => thrown ?? new Error("nothing was thrown"),
      ),
    );
    if (faulty.seen.length === 0) continue;
    tried += 1;
    bench.transcript.note(`error of ${name}`, error);
    assert.ok(error !== undefined, `${name}: succeeds although the vendor did not answer it`);
    judge(name, error, mostRepeats(faulty.seen));
  }
  if (tried === 0) skip("no call goes through context.fetch");
}

/** What is read by several is asked once, as within one plan. */
function sharedOnce(): Context["shared"] {
  const known = new Map<string, Promise<unknown>>();
  return <T>(key: string, load: () => Promise<T>): Promise<T> => {
    const present = known.get(key);
    if (present !== undefined) return present as Promise<T>;
    const loading = load();
    known.set(key, loading);
    // A failure is nobody's answer: whoever asks again asks the vendor.
    loading.catch(() => known.delete(key));
    return loading;
  };
}

/** How often the request that was made most often was made. */
function mostRepeats(seen: readonly SeenRequest[]): number {
  const counts = new Map<string, number>();
  for (const { method, url, body } of seen) {
    const key = `${method} ${url} ${body}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}

/** An answer that repeats what it was sent, as gateways do. */
function refusal(bench: Bench, status: number, headers: Record<string, string> = {}): Fault {
  const body = JSON.stringify({ error: "no", seen: bench.subject.secrets ?? [] });
  return { kind: "answer", status, body, headers };
}

/** What happens when the vendor does not do as it should; calls are disturbed by way of `context.fetch`. */
export const resilience: readonly Scenario[] = [
  ...[429, 503].map((status) =>
    defineScenario({
      name: `provider: an answer ${status} to a read is an error that may be retried, never an empty result`,
      element,
      async try(bench) {
        const calls = await readingCalls(bench, bench.provider);
        await disturbed(bench, calls, refusal(bench, status, { "retry-after": "0" }), (name, error) => {
          assert.ok(isTransient(error), `${name}: ${describe(error)} is not marked as retryable`);
        });
      },
    }),
  ),
  ...[401, 403].map((status) =>
    defineScenario({
      name: `provider: an answer ${status} is an error that is not retried, and says what to do`,
      element,
      async try(bench) {
        const calls = await readingCalls(bench, bench.provider);
        await disturbed(bench, calls, refusal(bench, status), (name, error, repeats) => {
          assert.ok(DeployError.is(error), `${name}: ${describe(error)} is no DeployError`);
          assert.equal(error.retryable, false, `${name}: refused credentials are marked as retryable`);
          assert.ok(error.hint, `${name}: nothing says what to do`);
          assert.ok(repeats <= 2, `${name}: the same was asked ${repeats} times although it was refused`);
        });
      },
    }),
  ),
  defineScenario({
    name: "provider: a write whose answer is lost is not sent again before it was looked whether it has worked",
    element,
    async try(bench) {
      let tried = 0;
      for (const one of availableAlone(bench)) {
        for (let lost = 1; lost <= 20; lost += 1) {
          const scope = bench.scope;
          await one.prepare?.(bench);
          let writes = 0;
          const faulty = faultyFetch(bench.subject, bench.context().fetch, (request) => {
            if (request.reads) return undefined;
            writes += 1;
            return writes === lost ? { kind: "lose-answer" } : undefined;
          });
          const context = { fetch: faulty.fetch, clock: hastyClock };
          const graph = await one.first(bench, bench.freshProvider(), scope);
          const error = await bench.apply(graph, { context }).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (writes >= lost) tried += 1;
          if (error !== undefined)
            assert.ok(
              isTransient(error) || isUncertain(error),
              `${one.element}: a lost answer is ${describe(error)}`,
            );
          assertNoReplay(one.element, faulty.seen);
          await bench.apply(await one.first(bench, bench.freshProvider(), scope));
          await bench.assertSettled(await one.first(bench, bench.freshProvider(), scope));
          const ids = (await bench.owned()).map(({ id }) => id);
          assert.equal(new Set(ids).size, ids.length, `${one.element}: after a lost answer there are two`);
          if (writes < lost) break;
          for (const thing of (await bench.owned()).filter(({ element: of }) => of === one.element))
            await thing.remove(bench.context());
        }
      }
      if (tried === 0) skip("no call that changes something goes through context.fetch");
    },
  }),
  defineScenario({
    name: "provider: an overloaded write is marked as retryable, and repeated by the provider only where that is safe",
    element,
    async try(bench) {
      const calls = await writingCalls(bench, bench.provider);
      let method = "";
      const busy = refusal(bench, 503);
      await disturbed(bench, calls, busy, (name, error) => {
        assert.ok(isTransient(error), `${name}: ${describe(error)} is not marked as retryable`);
      });
      for (const { name, make } of calls) {
        const faulty = faultyFetch(bench.subject, bench.context().fetch, (request) => {
          method = request.method;
          return request.reads ? undefined : busy;
        });
        await make(bench.context({ fetch: faulty.fetch, clock: hastyClock })).catch(() => undefined);
        assertNoReplay(`${name} (${method})`, faulty.seen);
      }
    },
  }),
  defineScenario({
    name: "provider: with a signal that is aborted already, nothing is asked and nothing is changed",
    element,
    async try(bench) {
      const signal = AbortSignal.abort(cancelled());
      const bound = bench.subject.timeouts?.abort ?? 3_000;
      const before = await held(bench);
      for (const { name, make } of await readingCalls(bench, bench.provider)) {
        const asked = bench.requests();
        await bench.within(
          bound,
          `${name}, aborted before`,
          make(bench.context({ signal })).catch(() => undefined),
        );
        assert.equal(bench.requests(), asked, `${name}: asks the vendor although it was aborted before`);
      }
      for (const { name, make } of await writingCalls(bench, bench.provider)) {
        const done = make(bench.context({ signal })).then(
          () => true,
          () => false,
        );
        assert.equal(
          await bench.within(bound, `${name}, aborted before`, done),
          false,
          `${name}: succeeds although it was aborted before`,
        );
      }
      assert.deepEqual(await held(bench), before, "something was made although it was aborted before");
    },
  }),
  defineScenario({
    name: "provider: aborted while the vendor does not answer, every call ends soon",
    element,
    async try(bench) {
      await endSoon(bench, (abort) => {
        const stop = new AbortController();
        setTimeout(() => stop.abort(cancelled()), abort);
        return stop.signal;
      });
    },
  }),
  defineScenario({
    name: "provider: a deadline ends every call, however long the vendor is silent",
    element,
    async try(bench) {
      await endSoon(bench, (abort) => AbortSignal.timeout(abort));
    },
  }),
  defineScenario({
    name: "provider: without a credential that is required it says which variable to set, and asks nobody",
    element,
    async try(bench) {
      const required = Object.values(bench.provider.credentials).filter((field) => field.required);
      if (required.length === 0) skip("no credential is required");
      const env = { ...bench.context().env };
      for (const { env: name } of required) delete env[name];
      for (const { name, make } of await readingCalls(bench, bench.provider)) {
        const asked = bench.requests();
        const error = await bench.failure(`${name} without credentials`, () => make(bench.context({ env })));
        assert.equal(bench.requests(), asked, `${name}: asks the vendor without credentials`);
        const said = `${error.message} ${error.hint ?? ""}`;
        assert.ok(
          required.some((field) => said.includes(field.env)),
          `${name}: "${said}" names no variable`,
        );
        assert.equal(error.retryable, false);
      }
    },
  }),
];

/** Calls that hang until their signal ends them; each has to end within the bound, with an error. */
async function endSoon(bench: Bench, signalAfter: (milliseconds: number) => AbortSignal): Promise<void> {
  const bound = bench.subject.timeouts?.abort ?? 3_000;
  const provider: Provider = bench.provider;
  const calls = [...(await readingCalls(bench, provider)), ...(await writingCalls(bench, provider))];
  let tried = 0;
  await Promise.all(
    calls.map(async ({ name, make }) => {
      const faulty = faultyFetch(bench.subject, bench.context().fetch, () => ({ kind: "hang" }));
      const context = bench.context({ fetch: faulty.fetch, signal: signalAfter(30) });
      const outcome = make(context).then(
        () => "succeeded",
        () => "failed",
      );
      const end = await bench.within(bound, `${name}, after it was aborted`, outcome);
      if (faulty.seen.length === 0) return;
      tried += 1;
      assert.equal(end, "failed", `${name}: succeeds although the vendor never answered`);
    }),
  );
  if (tried === 0) skip("no call goes through context.fetch");
}

function assertNoReplay(what: string, seen: ReturnType<typeof faultyFetch>["seen"]): void {
  for (let at = 1; at < seen.length; at += 1) {
    const [before, now] = [seen[at - 1]!, seen[at]!];
    const isPlainWrite = !now.reads && !now.repeatable;
    const isSame = before.method === now.method && before.url === now.url && before.body === now.body;
    assert.ok(!(isPlainWrite && isSame), `${what}: ${now.method} ${now.url} was sent twice in a row`);
  }
}

function isUncertain(error: unknown): boolean {
  return DeployError.is(error) && error.code === "run.uncertain";
}

async function held(bench: Bench): Promise<readonly string[]> {
  return (await bench.owned()).map(({ id }) => id).sort();
}

function cancelled(): DeployError {
  return new DeployError({ code: "run.cancelled", message: "Cancelled by the kit." });
}
