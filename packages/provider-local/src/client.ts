import { request } from "node:http";
import { type Context, DeployError, errorFromData } from "@deploy/core";
import type { Home } from "./home.js";
import type { EnvironmentView, StreamLine, SupervisorFacts } from "./protocol.js";

/** Speaks to the supervisor; the only file that knows its socket. */
export interface Client {
  /** The supervisor as it is, or undefined when none runs. */
  facts(): Promise<
    (SupervisorFacts & { readonly environments: readonly (readonly [string, string])[] }) | undefined
  >;
  /** What it knows of an environment; undefined when it knows none, or does not run. */
  view(app: string, environment: string): Promise<EnvironmentView | undefined>;
  /**
   * One call; progress and output go to the context.
   *
   * @throws what the supervisor throws; `servers.not-running`, `servers.connection-lost` (retryable).
   */
  call<T>(method: string, path: readonly string[], body?: Readonly<Record<string, unknown>>): Promise<T>;
}

/** How long the supervisor may take to say the first thing, in milliseconds; it is on this machine. */
const firstAnswerMs = 30_000;

/** A client of the supervisor of `home`; nothing is sent before a call. */
export function createClient(home: Home, context: Pick<Context, "log" | "output" | "signal">): Client {
  const call = <T>(
    method: string,
    path: readonly string[],
    body?: Readonly<Record<string, unknown>>,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      let connected = false;
      let settled = false;
      const fail = (error: unknown): void => {
        if (settled) return;
        settled = true;
        reject(error);
      };
      const payload = body === undefined ? "" : JSON.stringify(body);
      const sent = request(
        {
          socketPath: home.socket,
          method,
          path: `/${path.map(encodeURIComponent).join("/")}`,
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(payload) },
          agent: false,
          signal: context.signal,
          timeout: firstAnswerMs,
        },
        (response) => {
          response.setEncoding("utf8");
          sent.setTimeout(0);
          let rest = "";
          response.on("data", (chunk: string) => {
            const lines = (rest + chunk).split("\n");
            rest = lines.pop() ?? "";
            for (const text of lines) {
              const line = parseLine(text);
              if (line === undefined) fail(lost());
              else take(line);
            }
          });
          response.on("error", () => fail(lost()));
          response.on("close", () => fail(lost()));
        },
      );
      const take = (line: StreamLine): void => {
        if (line.type === "progress") context.log(line.message);
        else if (line.type === "output") context.output(line.text, line.stream);
        else if (line.type === "error") fail(errorFromData(line.error));
        // A kind of line that we do not know is no result.
        else if (line.type === "result" && !settled) {
          settled = true;
          resolve(line.value as T);
        }
      };
      sent.once("socket", (socket) => socket.once("connect", () => (connected = true)));
      sent.once("timeout", () => sent.destroy(lost()));
      sent.once("error", (error: NodeJS.ErrnoException) => {
        if (DeployError.is(error) || error.name === "AbortError") fail(error);
        else fail(connected ? lost(error) : notRunning(error));
      });
      sent.end(payload);
    });

  const whenRunning = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      if (DeployError.is(thrown) && thrown.code === "servers.not-running") return undefined;
      throw thrown;
    }
  };

  return {
    call,
    facts: () => whenRunning(() => call("GET", ["supervisor"])),
    view: async (app, environment) =>
      (await whenRunning(() => call<EnvironmentView | null>("GET", ["environments", app, environment]))) ??
      undefined,
  };
}

function parseLine(text: string): StreamLine | undefined {
  try {
    return JSON.parse(text) as StreamLine;
  } catch {
    return undefined;
  }
}

function notRunning(cause: Error): DeployError {
  return new DeployError({
    code: "servers.not-running",
    message: "The supervisor of this machine does not run.",
    hint: "Run: deploy up",
    cause,
  });
}

function lost(cause?: Error): DeployError {
  return new DeployError({
    code: "servers.connection-lost",
    message: "The supervisor ended in the middle of a call.",
    hint: "Run the same again: it goes on where it stopped.",
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
