import { parentPort, workerData } from "node:worker_threads";
import { toDeployError } from "@deploy/core";
import { createIngester } from "./ingester.js";
import type { WorkerCall, WorkerData, WorkerMessage } from "./protocol.js";

/**
 * Runs the ingester when the current thread was started as a log store's worker, and says whether it was.
 *
 * A program in one file can be its own `workerFile`: it calls this first, and does nothing else when it says true.
 */
export function runLogWorker(): boolean {
  const data = workerData as Partial<WorkerData> | null;
  const port = parentPort;
  if (port === null || data?.worker !== "deploy-log-store" || data.directory === undefined) return false;
  const send = (message: WorkerMessage): void => port.postMessage(message);
  const ingester = createIngester({
    directory: data.directory,
    ...(data.limits === undefined ? {} : { limits: data.limits }),
    onProblem: (problem) => send({ kind: "problem", problem }),
  });
  port.on("message", async ({ id, method, argument }: WorkerCall) => {
    try {
      await (ingester[method] as (argument: unknown) => Promise<void>)(argument);
      send({ kind: "done", id });
    } catch (error) {
      send({ kind: "done", id, error: toDeployError(error, "logs.failed").toJSON() });
    }
  });
  return true;
}
