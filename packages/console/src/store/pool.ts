import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { DeployError } from "@deploy/core";
import { type Job, type JobResult, runJob } from "./job.js";

/** What a thread answers. */
export type WorkerAnswer = { readonly result: JobResult } | { readonly problem: string };

/** Threads that read blocks, so that the event loop does not wait for it. */
export interface ScanPool {
  /** How many jobs are worked on at once. */
  readonly size: number;
  /** How many blocks a job may have, so that nothing else waits for long. */
  readonly maxBlocks: number;
  /** Does a job when its turn comes. Throws `console.store-unreadable`, and the signal's reason once it is aborted. */
  run(job: Job, signal?: AbortSignal): Promise<JobResult>;
  close(): Promise<void>;
}

interface Waiting {
  readonly job: Job;
  readonly signal: AbortSignal | undefined;
  resolve(result: JobResult): void;
  reject(error: unknown): void;
}

/** More threads than this would wait for the disk, or for each other's memory. */
const MAX_THREADS = 4;

/** Beside this file once it is built; running from its sources there is none, and the jobs are done here. */
const builtWorkerFile: URL = new URL("./scan-worker.js", import.meta.url);

/** The pool; its threads are started when the first job comes, and do not keep the process alive. */
export function createScanPool(workerFile: URL = builtWorkerFile): ScanPool {
  return existsSync(fileURLToPath(workerFile)) ? createThreads(workerFile) : createTurns();
}

function createTurns(): ScanPool {
  let last: Promise<unknown> = Promise.resolve();
  return {
    size: 1,
    maxBlocks: 1,
    run(job, signal) {
      const turn = last.then(async () => {
        await nextTurn();
        signal?.throwIfAborted();
        return settle(() => runJob(job));
      });
      last = turn.catch(() => undefined);
      return turn;
    },
    async close() {
      await last;
    },
  };
}

function createThreads(workerFile: URL): ScanPool {
  const size = Math.max(1, Math.min(MAX_THREADS, availableParallelism()));
  const waiting: Waiting[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Waiting>();
  let closed = false;

  function start(): Worker {
    const worker = new Worker(workerFile, { name: "deploy-log-scan" });
    worker.unref();
    worker.on("message", (answer: WorkerAnswer) => {
      const served = busy.get(worker);
      busy.delete(worker);
      idle.push(worker);
      worker.unref();
      if ("result" in answer) served?.resolve(answer.result);
      else served?.reject(unreadable(answer.problem));
      work();
    });
    const gone = (problem: string): void => {
      const served = busy.get(worker);
      busy.delete(worker);
      const place = idle.indexOf(worker);
      if (place !== -1) idle.splice(place, 1);
      served?.reject(unreadable(problem));
      if (!closed) work();
    };
    worker.on("error", (error) => gone(error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => gone("The thread has ended."));
    return worker;
  }

  function work(): void {
    while (waiting.length > 0 && (idle.length > 0 || busy.size < size)) {
      const next = waiting.shift()!;
      if (next.signal?.aborted === true) {
        next.reject(next.signal.reason);
        continue;
      }
      const worker = idle.pop() ?? start();
      busy.set(worker, next);
      worker.ref();
      worker.postMessage(next.job);
    }
  }

  return {
    size,
    maxBlocks: 8,
    run: (job, signal) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(unreadable("The store is closed."));
        waiting.push({ job, signal, resolve, reject });
        work();
      }),
    async close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(unreadable("The store is closed."));
      await Promise.all([...idle, ...busy.keys()].map((worker) => worker.terminate()));
    },
  };
}

async function settle<T>(work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}

const unreadable = (problem: string): DeployError =>
  new DeployError({
    code: "console.store-unreadable",
    message: `Stored lines could not be read: ${problem}`,
    hint: "Check the disk that holds the console's directory, and its permissions.",
    retryable: true,
  });
