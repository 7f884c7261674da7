import { Worker } from "node:worker_threads";
import { DeployError, errorFromData } from "@deploy/core";
import type { Ingester } from "./ingester.js";
import type { LogLimits } from "./limits.js";
import type { LogProblem } from "./problems.js";
import type { WorkerCall, WorkerData, WorkerMessage } from "./protocol.js";
import type { LogSource } from "./source.js";

/** How to start the worker. */
export interface WorkerClientOptions {
  readonly directory: string;
  readonly workerFile: URL | string;
  readonly limits: Partial<LogLimits>;
  readonly onProblem: (problem: LogProblem) => void;
}

interface Call {
  readonly message: WorkerCall;
  readonly resolve: () => void;
  readonly reject: (error: DeployError) => void;
}

const restartPause = 1000;

function closedError(): DeployError {
  return new DeployError({ code: "logs.closed", message: "The log store is closed." });
}

/**
 * An ingester in a worker thread.
 *
 * Should the worker fail it is started again, as after a crash of the whole process: sources are attached anew, and
 * go on where the segments say. Calls that were under way are repeated where that is harmless, and else fail.
 */
export function createWorkerClient(options: WorkerClientOptions): Ingester {
  const sources = new Map<string, LogSource>();
  const calls = new Map<number, Call>();
  let worker: Worker | undefined;
  let restart: NodeJS.Timeout | undefined;
  let lastId = 0;
  let closed = false;

  function start(): void {
    const workerData: WorkerData = {
      worker: "deploy-log-store",
      directory: options.directory,
      limits: options.limits,
    };
    const started = new Worker(options.workerFile, { workerData, name: "deploy-log-store" });
    worker = started;
    started.on("message", receive);
    started.on("error", (error) => fail(started, error.message));
    started.on("exit", () => fail(started, "it ended"));
    for (const source of sources.values()) post({ id: 0, method: "attach", argument: source });
    for (const call of calls.values()) post(call.message);
  }

  function post(message: WorkerCall): void {
    worker?.postMessage(message);
  }

  function receive(message: WorkerMessage): void {
    if (message.kind === "problem") {
      options.onProblem(message.problem);
      return;
    }
    const call = calls.get(message.id);
    calls.delete(message.id);
    if (message.error === undefined) call?.resolve();
    else call?.reject(errorFromData(message.error));
  }

  function fail(failed: Worker, reason: string): void {
    if (worker !== failed) return;
    worker = undefined;
    if (closed) return;
    const message = `The log worker failed: ${reason}. It is started again; nothing that was printed is lost.`;
    options.onProblem({ code: "logs.worker-failed", message });
    for (const [id, call] of calls) {
      // Whether these were written is not known, and writing them again would double them.
      if (call.message.method !== "append" && call.message.method !== "appendReleaseOutput") continue;
      calls.delete(id);
      call.reject(new DeployError({ code: "logs.worker-failed", message, retryable: true }));
    }
    restart = setTimeout(start, restartPause);
  }

  function call(method: keyof Ingester, argument?: unknown): Promise<void> {
    if (closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      lastId++;
      const message: WorkerCall = { id: lastId, method, argument };
      calls.set(lastId, { message, resolve, reject });
      post(message);
    });
  }

  const keyOf = (source: LogSource): string => `${source.app}\0${source.environment}\0${source.id}`;
  start();
  return {
    attach: (source) => {
      sources.set(keyOf(source), source);
      return call("attach", source);
    },
    detach: async (source) => {
      await call("detach", source);
      sources.delete(keyOf(source));
    },
    append: (line) => call("append", line),
    appendReleaseOutput: (output) => call("appendReleaseOutput", output),
    flush: () => call("flush"),
    removeLogs: async (scope) => {
      for (const [key, source] of sources) {
        if (source.app === scope.app && source.environment === scope.environment) sources.delete(key);
      }
      await call("removeLogs", scope);
    },
    removeRelease: (scope) => call("removeRelease", scope),
    close: async () => {
      if (closed) return;
      const done = worker === undefined ? Promise.resolve() : call("close");
      closed = true;
      clearTimeout(restart);
      await done;
      await worker?.terminate();
      for (const call of calls.values()) call.reject(closedError());
      calls.clear();
    },
  };
}
