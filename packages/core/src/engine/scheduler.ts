import { invert } from "./graph.js";
import { createHeap } from "./heap.js";

/**
 * Starts every task as soon as all it depends on are done, the highest priority first, and resolves when nothing is running any more.
 *
 * `start` says whether the task is done; what depends on one that is not is never started. Once `stopped`, nothing is
 * started any more. How many run at a time is not decided here but by the limits of those who are called.
 */
export async function runInOrder(
  dependencies: readonly (readonly number[])[],
  priorities: readonly number[],
  start: (index: number) => Promise<boolean> | true,
  stopped: () => boolean,
): Promise<void> {
  const dependents = invert(dependencies);
  const missing = dependencies.map((list) => list.length);
  const ready = createHeap<number>((a, b) => priorities[b]! - priorities[a]! || a - b);
  missing.forEach((count, index) => {
    if (count === 0) ready.push(index);
  });
  let running = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const release = (index: number): void => {
    for (const dependent of dependents[index]!) {
      missing[dependent]! -= 1;
      if (missing[dependent] === 0) ready.push(dependent);
    }
  };
  const startReady = (): void => {
    for (let index = ready.pop(); index !== undefined && !stopped(); index = ready.pop()) {
      const task = start(index);
      if (task === true) {
        release(index);
        continue;
      }
      const started = index;
      running += 1;
      void task.then((done) => {
        running -= 1;
        if (done) release(started);
        startReady();
      });
    }
    if (running === 0) finish();
  };
  startReady();
  await finished;
}
