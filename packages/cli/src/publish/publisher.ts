import { hostname, userInfo } from "node:os";
import type { DeployEvent } from "@deploy/core";
import type { KnownConsole } from "./find-console.js";

/** Tells a console of a run while it goes on. */
export interface Publisher {
  /** Takes an event; sends it later, and never waits. */
  event(event: DeployEvent): void;
  /** Sends what is left and how it ended; waits three seconds at most. */
  end(state: "done" | "failed" | "cancelled", release?: number): Promise<void>;
}

/** What a run is about. */
export interface PublishedRun {
  readonly app: string;
  readonly environment: string;
  /** `up`, `rollback`, `down` … */
  readonly operation: string;
}

/** What a publisher works with. */
export interface PublisherOptions {
  readonly console: KnownConsole;
  readonly run: PublishedRun;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Says once why nothing is told. */
  note(text: string): void;
  readonly fetch?: typeof fetch;
}

/** Milliseconds between two requests; what has come meanwhile goes together. */
const batchMs = 250;
const mostInBatch = 200;
/** Events that wait to be sent; beyond, the oldest go: what is told must not fill the memory. */
const mostWaiting = 5_000;
const longestText = 8_000;
const requestMs = 5_000;
const mostTries = 4;
const endMs = 3_000;

/** Begins to tell. Whatever goes wrong is said once, and the run knows nothing of it. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { console: place, run, env, note } = options;
  const call = options.fetch ?? fetch;
  const base = `${place.url}/api/apps/${encodeURIComponent(run.app)}/environments/${encodeURIComponent(run.environment)}/runs`;
  const waiting: { readonly number: number; readonly event: DeployEvent }[] = [];
  const stopped = new AbortController();
  let number = 0;
  let ending = false;
  let wake: () => void = () => undefined;

  const giveUp = (why: string | undefined): void => {
    if (stopped.signal.aborted) return;
    stopped.abort();
    waiting.length = 0;
    if (why !== undefined) note(`the console at ${place.url} is not told of this run: ${why}`);
  };

  /** Undefined: it was given up. */
  const post = async (path: string, body: unknown, tries: number): Promise<unknown> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await send(call, base + path, place.token, body, stopped.signal);
      if (stopped.signal.aborted) return undefined;
      if (answer.body !== undefined) return answer.body;
      if (answer.status === 404 && place.found) giveUp(undefined);
      else if (!answer.again || attempt >= tries) giveUp(answer.why);
      if (stopped.signal.aborted) return undefined;
      await pause(500 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), stopped.signal);
    }
  };

  const work = async (): Promise<string | undefined> => {
    // Sent once: told twice, there would be two runs.
    const id = idOf(await post("", { operation: run.operation, by: whoRuns(env) }, 1));
    if (id === undefined) {
      giveUp("its answer is not understood");
      return undefined;
    }
    const path = `/${encodeURIComponent(id)}`;
    while (!stopped.signal.aborted) {
      if (waiting.length === 0) {
        if (ending) return path;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (!ending) await pause(batchMs, stopped.signal);
      const events = waiting.splice(0, mostInBatch);
      await post(`${path}/events`, { events }, mostTries);
    }
    return undefined;
  };
  /** Begun by the first event: what is refused before anything happens is no run. */
  let working: Promise<string | undefined> | undefined;

  return {
    event: (event) => {
      if (stopped.signal.aborted) return;
      number += 1;
      if (waiting.length >= mostWaiting) waiting.shift();
      waiting.push({ number, event: cut(event) });
      working ??= work().catch(() => {
        giveUp("it cannot be reached");
        return undefined;
      });
      wake();
    },
    end: async (state, release) => {
      if (working === undefined) return;
      ending = true;
      wake();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          giveUp("it answers too slowly");
          resolve();
        }, endMs);
      });
      const told = (async () => {
        const path = await working;
        if (path === undefined) return;
        await post(`${path}/end`, { state, ...(release === undefined ? {} : { release }) }, mostTries);
      })();
      await Promise.race([told.catch(() => undefined), late]);
      clearTimeout(timer);
      stopped.abort();
    },
  };
}

interface Sent {
  readonly body?: unknown;
  readonly status?: number;
  /** It may go better the next time. */
  readonly again: boolean;
  /** No word of the answer is in it, and none of the request. */
  readonly why: string;
}

async function send(
  call: typeof fetch,
  url: string,
  token: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Sent> {
  try {
    const response = await call(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      // The token is for this address, and for none that it points to.
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
    });
    const { status } = response;
    if (response.ok) return { body: (await response.json()) ?? null, again: false, why: "" };
    await response.body?.cancel();
    return { status, again: status === 429 || status >= 500, why: reasonOf(status) };
  } catch {
    return { again: true, why: "it cannot be reached" };
  }
}

function reasonOf(status: number): string {
  if (status === 401) return "it does not know the token";
  if (status === 403) return "the token may not publish runs of this app";
  if (status === 404) return "it does not know this app and environment, or the token may not see it";
  return `it answers with ${status}`;
}

function idOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("run" in answer)) return undefined;
  const { run } = answer;
  if (typeof run !== "object" || run === null || !("id" in run)) return undefined;
  return typeof run.id === "string" ? run.id : undefined;
}

/** Who runs it, and where: the names that CI systems give, else those of this machine. */
function whoRuns(env: Readonly<Record<string, string | undefined>>): string {
  const person = env.GITHUB_ACTOR ?? env.GITLAB_USER_LOGIN ?? userName();
  const place =
    env.GITHUB_ACTIONS === "true" ? "GitHub Actions" : env.GITLAB_CI === "true" ? "GitLab CI" : hostname();
  return `${person} on ${place}`.slice(0, 200);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user without a name.
    return "somebody";
  }
}

function cut(event: DeployEvent): DeployEvent {
  const message = event.message.slice(0, longestText);
  return event.type === "output"
    ? { ...event, message, text: event.text.slice(0, longestText) }
    : { ...event, message };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
