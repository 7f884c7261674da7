import { parentPort } from "node:worker_threads";
import { type Job, runJob } from "./job.js";
import type { WorkerAnswer } from "./pool.js";

// A thread of the pool: takes a job, answers, takes the next.
parentPort?.on("message", (job: Job) => {
  parentPort?.postMessage(answer(job));
});

function answer(job: Job): WorkerAnswer {
  try {
    return { result: runJob(job) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
