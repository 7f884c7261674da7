import { spawn } from "node:child_process";
import { freePort, listens } from "./process.js";

/** A real Redis server which belongs to one add-on. */
export interface RedisServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts `redis-server` on a free port, without anything on disk. */
export async function createRedisServer(password: string): Promise<RedisServer> {
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--requirepass", password];
  const child = spawn("redis-server", [...options, "--save", "", "--appendonly", "no"], {
    stdio: "ignore",
    cwd: "/",
  });
  let failed = false;
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => {
      failed = true;
      resolve();
    });
    child.once("close", () => resolve());
  });
  const until = Date.now() + 10_000;
  while (!(await listens(port)))
    if (failed || Date.now() > until)
      throw new Error("The double needs redis-server: install it, or set databases: false.");
    else await new Promise((resolve) => setTimeout(resolve, 25));
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
