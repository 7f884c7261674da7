/** Time, as far as the engine and the providers may know it; a test passes its own. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, milliseconds);
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};

/** What every call of a provider gets, instead of globals: nothing else may be reached for. */
export interface Context {
  /**
   * Aborted when a call has to end: its deadline has passed, or the user cancelled and it did not end within the
   * engine's drain time. Every call must honour it, and one that changes something must not begin under an aborted one.
   */
  readonly signal: AbortSignal;
  /** The environment variables of the caller: where credentials are read from, each by its name, never all at once. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What every HTTP call goes through: tests and limits stand in for it. */
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** Says what is going on, one line, no secret: it becomes a `progress` event of the running step. */
  readonly log: (line: string) => void;
  /** Passes on output of a command (build, release command) as it comes; it becomes `output` events. */
  readonly output: (text: string, stream: "stdout" | "stderr") => void;
  /** Absolute path of the directory which holds the app's configuration file: what `build` is relative to. */
  readonly directory: string;
  /**
   * Answers a read once per plan: the first caller's `load` runs, later callers with the same key share its promise.
   * Outside a plan nothing is kept. Use it for list calls which several resources need.
   */
  readonly shared: <T>(key: string, load: () => Promise<T>) => Promise<T>;
  /**
   * Waits for what another call is doing for this one too, a batch: meanwhile its place among the calls that the
   * provider takes at a time is free for others. Absent: nobody counts.
   */
  readonly idle?: <T>(wait: Promise<T>) => Promise<T>;
}
