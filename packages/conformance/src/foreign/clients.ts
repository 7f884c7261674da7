import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Order, Outcome } from "./messages.js";

/** Clients of which one obeys and one stands ready: one that was killed is replaced without waiting for its start. */
export interface Clients {
  /** What came of an order; undefined when the client was killed over it. */
  obey(order: Order): Promise<Outcome | undefined>;
  /** Kills the client that obeys, at once and without a word (SIGKILL). */
  kill(): void;
  close(): void;
}

/** Starts clients by one command line, with one environment. */
export function startClients(
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string | undefined>>,
): Clients {
  const [program, ...args] = argv;
  const start = (): ChildProcess => {
    const child = spawn(program, args, { env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
    // What is written to one that has just been killed is lost with it.
    child.stdin!.on("error", () => undefined);
    child.once("exit", () => {
      if (current !== child || closed) return;
      current = spare;
      spare = start();
    });
    return child;
  };
  let closed = false;
  let current = start();
  let spare = start();
  return {
    obey(order) {
      const child = current;
      return new Promise((resolve, reject) => {
        const lines = createInterface({ input: child.stdout! });
        let words = "";
        const keep = (text: Buffer): void => {
          words = (words + text.toString()).slice(-4096);
        };
        child.stderr!.on("data", keep);
        const done = (): void => {
          lines.close();
          child.stderr!.off("data", keep);
          child.off("exit", ended);
          child.off("error", reject);
        };
        const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
          done();
          if (signal === "SIGKILL") resolve(undefined);
          else reject(new Error(`the client has ended by itself (${code ?? signal}): ${words}`));
        };
        child.once("exit", ended);
        child.once("error", reject);
        lines.once("line", (line) => {
          done();
          resolve(JSON.parse(line) as Outcome);
        });
        child.stdin!.write(`${JSON.stringify(order)}\n`);
      });
    },
    kill: () => void current.kill("SIGKILL"),
    close() {
      closed = true;
      for (const child of [current, spare]) child.kill("SIGKILL");
    },
  };
}
