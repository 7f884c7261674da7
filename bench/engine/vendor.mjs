import { performance } from "node:perf_hooks";
import { applyPlan, preparePlan, prepareRemoval, systemClock } from "../../packages/core/dist/index.js";

/** Milliseconds that every call of the vendor takes. */
export const LATENCY = 50;
export const CONCURRENCY = 16;

const scope = { app: "shop", environment: "production" };
const context = { signal: new AbortController().signal, env: {}, fetch, clock: systemClock, directory: "/" };
const call = () => new Promise((resolve) => setTimeout(resolve, LATENCY));

/** Makes and removes everything in `dependencies` (indexes by index); seconds of each, and how many calls at most. */
export async function upAndDown(dependencies) {
  const things = new Set();
  let running = 0;
  let most = 0;
  const change = async (effect) => {
    running += 1;
    most = Math.max(most, running);
    await call();
    effect();
    running -= 1;
    return {};
  };
  const idOf = (index) => `bench/containers/thing-${index}`;
  const resources = [];
  dependencies.forEach((list, index) => {
    const id = idOf(index);
    resources.push({
      id,
      label: id,
      provider: "bench",
      element: "containers",
      desired: {},
      after: list.map((dependency) => resources[dependency]),
      read: async () => (things.has(id) ? {} : undefined),
      create: () => change(() => things.add(id)),
    });
  });
  const users = dependencies.map(() => []);
  dependencies.forEach((list, index) => {
    for (const dependency of list) users[dependency].push(idOf(index));
  });
  const owned = dependencies.map((_, index) => ({
    id: idOf(index),
    label: idOf(index),
    provider: "bench",
    element: "containers",
    after: users[index],
    remove: () => change(() => things.delete(idOf(index))),
  }));
  const provider = {
    spec: 1,
    name: "bench",
    credentials: {},
    limits: { concurrency: CONCURRENCY },
    owned: async () => owned.filter((one) => things.has(one.id)),
  };
  const base = { scope, providers: [provider], context };
  const up = await timed(await preparePlan({ ...base, operation: "up", prune: true, resources }));
  if (things.size !== dependencies.length) throw new Error("not everything was made");
  const down = await timed(await prepareRemoval(base));
  if (things.size > 0) throw new Error("not everything was removed");
  if (most > CONCURRENCY) throw new Error(`${most} calls at a time`);
  return { up, down };
}

async function timed(prepared) {
  const started = performance.now();
  await applyPlan(prepared);
  return performance.now() - started;
}
