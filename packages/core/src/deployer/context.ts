import { type Clock, type Context, systemClock } from "../context.js";
import type { BaseContext } from "../engine/prepared.js";
import { DeployError } from "../errors.js";
import type { DeployerOptions } from "./types.js";

/** A vendor that has not even begun to answer after this long will not; engine and providers set shorter limits. */
const headersTimeoutMs = 60_000;

/** What a deployer's calls have in common, before each gets its own signal. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** Absolute path. */
  readonly directory: string;
  /** Cancels everything that the deployer does. */
  readonly signal: AbortSignal | undefined;
}

/** Fills in what the caller left out. */
export function makeSurroundings(options: DeployerOptions): Surroundings {
  const clock = options.clock ?? systemClock;
  return {
    env: options.env ?? process.env,
    fetch: options.fetch ?? withTimeout((input, init) => fetch(input, init)),
    clock,
    directory: options.directory ?? process.cwd(),
    signal: options.signal,
  };
}

/** The signal which is aborted when any of `signals` is; one that never is when there are none. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length === 1 ? given[0]! : AbortSignal.any(given);
}

/** The context of a run: the engine adds `log`, `output` and `shared` for each of its steps. */
export function baseContext(surroundings: Surroundings, signal?: AbortSignal): BaseContext {
  const { env, fetch, clock, directory } = surroundings;
  return { env, fetch, clock, directory, signal: anySignal(surroundings.signal, signal) };
}

/** The context of a call outside a run: nobody listens to what it says, and nothing is kept between reads. */
export function callContext(surroundings: Surroundings, signal?: AbortSignal): Context {
  return {
    ...baseContext(surroundings, signal),
    log: () => undefined,
    output: () => undefined,
    shared: (_key, load) => load(),
  };
}

/** A context that answers each shared read once: for the reads that make one picture, such as a status. */
export function sharedContext(context: Context): Context {
  const answers = new Map<string, Promise<unknown>>();
  return {
    ...context,
    shared: <T>(key: string, load: () => Promise<T>): Promise<T> => {
      const present = answers.get(key) as Promise<T> | undefined;
      if (present !== undefined) return present;
      const answer = load();
      answers.set(key, answer);
      return answer;
    },
  };
}

/** Gives up when the headers do not come; a body may stream for as long as it likes. */
function withTimeout(call: typeof fetch): typeof fetch {
  return async (input, init) => {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(
        new DeployError({
          code: "http.timeout",
          message: `No answer within ${headersTimeoutMs / 1000} s.`,
          hint: "Check the network and the vendor's status page, then run it again.",
          retryable: true,
        }),
      );
    }, headersTimeoutMs);
    try {
      return await call(input, { ...init, signal: anySignal(late.signal, init?.signal ?? undefined) });
    } finally {
      clearTimeout(timer);
    }
  };
}
