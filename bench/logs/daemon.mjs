// Stands in for the supervisor: an HTTP server on the main thread, and the log store in its worker.
import { createServer } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";

const [storeFile, workerFile, directory, sourceJson, limitsJson] = process.argv.slice(2);
const { createLogStore } = await import(storeFile);
const source = JSON.parse(sourceJson);
const store = createLogStore({
  directory,
  workerFile,
  limits: JSON.parse(limitsJson),
  onProblem: (problem) => console.error(problem),
});
await store.attach(source);

const body = "x".repeat(121);
const server = createServer((_, response) => response.end(body));
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

process.on("message", async (message) => {
  if (message === "usage") {
    const { user, system } = process.cpuUsage();
    const figures = {
      rss: process.memoryUsage.rss(),
      cpu: (user + system) / 1e6,
      delay: delay.percentile(99) / 1e6,
    };
    delay.reset();
    process.send(figures);
  }
  if (message === "detach") {
    await store.detach(source);
    await store.close();
    process.send("detached", () => process.exit(0));
  }
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
