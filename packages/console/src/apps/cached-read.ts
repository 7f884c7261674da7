import { DeployError, toDeployError } from "@deploy/core";
import { providerFailure } from "./provider-failure.js";

/** What is known of something that has to be asked for. */
export interface Snapshot<T> {
  readonly value?: T;
  /** When `value` was seen, milliseconds since 1970. */
  readonly at?: number;
  /** Why it could not be had at the last try. */
  readonly trouble?: DeployError;
  readonly failedAt?: number;
  /** How many tries in a row were in vain. */
  readonly failures: number;
  readonly refreshing: boolean;
  /** It has changed since, for all that is known: the next who wants it has it asked for. */
  readonly outdated: boolean;
}

/** Something that a vendor is asked for, with what it answered last. */
export interface CachedRead<T> {
  snapshot(): Snapshot<T>;
  /** Asks now; who comes while it is asked for waits for the same answer. Never rejects: see the snapshot. */
  refresh(): Promise<void>;
  /** An answer of at most this age in milliseconds. Throws what the vendor threw. */
  get(maxAgeMs: number): Promise<T>;
  /** It has changed: the next who wants it must not get what is known. */
  expire(): void;
}

/** How something is asked for. */
export interface CachedReadOptions<T> {
  load(signal: AbortSignal): Promise<T>;
  /** What is read, for the error: `the state of shop in production`. */
  readonly subject: string;
  /** Milliseconds until it counts as failed. */
  readonly timeoutMs: number;
  now(): number;
  /** What was known before, of an environment that was declared anew. */
  readonly before?: Snapshot<T>;
  readonly onFailure?: (error: DeployError) => void;
  /** Why the vendor is to be left alone at present: then what is known has to do. */
  readonly rest?: () => DeployError | undefined;
}

/** A call that hangs is not asked again beside itself for so long, milliseconds; the vendor's client ends it by then. */
const hangMs = 120_000;

/**
 * Keeps the last answer beside the last failure. An answer that comes after its time is taken all the same, and a call
 * that hangs is not repeated while it does.
 */
export function cachedRead<T>(options: CachedReadOptions<T>): CachedRead<T> {
  const { now, timeoutMs, subject } = options;
  // Counted: what began before a change tells nothing of it, and until what began behind it is there nothing is known.
  let changes = options.before?.outdated === true ? 1 : 0;
  let asking = 0;
  let answered = 0;
  let known: Known<T> = { failures: 0, ...withoutProgress(options.before) };
  let waiting: Promise<void> | undefined;
  let hanging: { readonly since: number } | undefined;

  const isOutdated = (): boolean => answered < changes;

  const failed = (thrown: unknown, upTo: number): void => {
    answered = Math.max(answered, upTo);
    const trouble = toDeployError(thrown, "console.read-failed");
    known = { ...known, trouble, failedAt: now(), failures: known.failures + 1 };
    options.onFailure?.(trouble);
  };

  const ask = async (): Promise<void> => {
    const call = { since: now() };
    const upTo = changes;
    asking = upTo;
    const giveUp = new AbortController();
    hanging = call;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        failed(tooLate(subject, timeoutMs), upTo);
        giveUp.abort(known.trouble);
        resolve();
      }, timeoutMs);
      timer.unref();
    });
    const answer = start(options.load, giveUp.signal)
      .then((value) => {
        known = { value, at: now(), failures: 0 };
        answered = Math.max(answered, upTo);
      })
      .catch((thrown: unknown) => {
        if (!giveUp.signal.aborted) failed(thrown, upTo);
      })
      .finally(() => {
        clearTimeout(timer);
        if (hanging === call) hanging = undefined;
      });
    await Promise.race([answer, late]);
  };

  const refresh = (): Promise<void> => {
    // What is asked for began before the change: it is waited for, and asked again.
    if (waiting !== undefined) return asking < changes ? waiting.then(refresh) : waiting;
    if (hanging !== undefined && now() - hanging.since < hangMs) return Promise.resolve();
    const reason = options.rest?.();
    if (reason !== undefined) {
      if (known.at === undefined && known.trouble === undefined) known = { ...known, trouble: reason };
      return Promise.resolve();
    }
    waiting = ask().finally(() => {
      waiting = undefined;
    });
    return waiting;
  };

  return {
    snapshot: () => ({ ...known, outdated: isOutdated(), refreshing: waiting !== undefined }),
    refresh,
    expire: () => {
      changes += 1;
    },
    get: async (maxAgeMs) => {
      // A failure is as good an answer as any while it is fresh: a vendor in trouble is not asked by every viewer.
      const answeredAt = Math.max(known.at ?? 0, known.failedAt ?? 0);
      if (isOutdated() || now() - answeredAt > maxAgeMs) await refresh();
      if (known.trouble !== undefined) throw providerFailure(known.trouble);
      return known.value as T;
    },
  };
}

type Known<T> = Omit<Snapshot<T>, "refreshing" | "outdated">;

function withoutProgress<T>(before: Snapshot<T> | undefined): Known<T> | undefined {
  if (before === undefined) return undefined;
  const { refreshing: _refreshing, outdated: _outdated, ...rest } = before;
  return rest;
}

/** A loader that throws before it answers fails as one that rejects. */
async function start<T>(load: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  return load(signal);
}

function tooLate(subject: string, timeoutMs: number): DeployError {
  return new DeployError({
    code: "console.read-timeout",
    message: `No answer about ${subject} within ${Math.round(timeoutMs / 1000)} s.`,
    hint: "It is asked again by itself; other environments are not held up. See the vendor's status page if it stays.",
    retryable: true,
  });
}
