import { request } from "node:http";
import { connect } from "node:net";
import type { ResolvedHealth } from "@deploy/core";

/** What an instance is asked while it starts. */
export interface HealthCheck {
  readonly health: ResolvedHealth;
  /** Absent: it does not listen, and is healthy once it has stayed up. */
  readonly port?: number;
  /** The host name it is asked under, as frameworks refuse names that they do not know. */
  readonly host: string;
}

/** How long a process that does not listen has to stay up, in milliseconds. */
const stayUpMs = 1000;
/** Pause between two looks at a starting instance, in milliseconds: traffic is to move the moment it is ready. */
const lookEveryMs = 50;

/**
 * Waits until an instance is healthy.
 *
 * @returns undefined when it is, else what it answered last, as a clause for a message.
 */
export async function waitUntilHealthy(check: HealthCheck, signal: AbortSignal): Promise<string | undefined> {
  const started = performance.now();
  if (check.port === undefined) {
    await pause(stayUpMs, signal);
    return signal.aborted ? "it ended" : undefined;
  }
  let last = "it does not listen";
  while (!signal.aborted) {
    const problem = await tryOnce(check, check.port, signal);
    if (problem === undefined) return undefined;
    if (problem !== "") last = problem;
    if (performance.now() - started > check.health.startWithinMs) return last;
    await pause(Math.min(lookEveryMs, check.health.everyMs), signal);
  }
  return last;
}

function tryOnce(check: HealthCheck, port: number, signal: AbortSignal): Promise<string | undefined> {
  return check.health.path === undefined
    ? tryConnect(port)
    : tryRequest(check, port, check.health.path, signal);
}

function tryConnect(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(1000, () => end(`port ${port} does not accept connections`));
    socket.once("connect", () => end(undefined));
    socket.once("error", () => end(`it does not listen on PORT=${port}`));
  });
}

function tryRequest(
  check: HealthCheck,
  port: number,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path,
        signal,
        agent: false,
        headers: { host: check.host, "user-agent": "deploy-health", "x-forwarded-proto": "http" },
        timeout: check.health.timeoutMs,
      },
      (answer) => {
        answer.resume();
        const status = answer.statusCode ?? 0;
        resolve(status >= 200 && status < 400 ? undefined : `GET ${path} answered ${status}`);
      },
    );
    sent.once("timeout", () => {
      sent.destroy();
      resolve(`GET ${path} gave no answer within ${check.health.timeoutMs} ms`);
    });
    sent.once("error", (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === "ECONNREFUSED"
          ? `it does not listen on PORT=${port}`
          : `GET ${path}: ${error.message}`,
      ),
    );
    sent.end();
  });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}
