import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createLogStore } from "./store.js";
import { bundle, createWorkbench, eventually, scope } from "./testing/harness.js";

const bench = createWorkbench();
afterEach(() => bench.remove());

// Fails at the first call of removeRelease, as a fault in the worker would.
const faulty = `
import { existsSync, writeFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
const on = parentPort.on.bind(parentPort);
parentPort.on = (event, handle) => on(event, (message) => {
  if (message.method !== "removeRelease" || existsSync("MARK")) return handle(message);
  writeFileSync("MARK", "");
  throw new Error("a fault");
});
await import("WORKER");
`;

test("a worker that fails is started again and goes on where it was", async () => {
  const source = bench.source("run-1");
  const folder = dirname(source.stdout);
  const worker = await bundle("../worker.ts", folder);
  const workerFile = join(folder, "faulty.mjs");
  writeFileSync(workerFile, faulty.replaceAll("MARK", join(folder, "mark")).replace("WORKER", worker));
  const problems: string[] = [];
  const onProblem = ({ code }: { code: string }): number => problems.push(code);
  const store = createLogStore({ directory: bench.directory, workerFile, onProblem });
  await store.attach(source);
  bench.print(source, "one\n");
  await store.flush();
  const repeated = store.removeRelease({ ...scope, release: 1 });
  const line = { ...scope, process: "web", instance: "web.1", text: "maybe" };
  await expect(store.append(line)).rejects.toMatchObject({ code: "logs.worker-failed", retryable: true });
  bench.print(source, "two\n");
  await repeated;
  await eventually(async () => (await bench.texts()).includes("two"));
  await store.detach(source);
  await store.close();
  expect((await bench.texts()).filter((text) => text !== "maybe")).toEqual(["one", "two"]);
  expect(problems).toEqual(["logs.worker-failed"]);
});
