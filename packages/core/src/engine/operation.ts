import { DeployError, toDeployError } from "../errors.js";
import type { DeployEvent, Operation } from "./events.js";

/** Events that wait for a slow reader, at most; then the oldest go, and a note says how many. */
const longestBacklog = 10_000;

/**
 * Makes an {@link Operation}: it starts when it is first iterated or awaited, and runs once.
 *
 * Events are kept for those who iterate, and for nobody else. Leaving an iteration aborts the signal that `run` gets,
 * and waits until `run` has ended.
 */
export function createOperation<T>(
  run: (emit: (event: DeployEvent) => void, signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Operation<T> {
  const readers = new Set<Reader>();
  const stop = new AbortController();
  let started: Promise<T> | undefined;

  const start = (): Promise<T> => {
    if (started !== undefined) return started;
    const onAbort = (): void => stop.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    const emit = (event: DeployEvent): void => {
      for (const reader of readers) reader.put(event);
    };
    started = (async () => {
      try {
        return await run(emit, stop.signal);
      } catch (error) {
        throw toDeployError(error);
      } finally {
        signal?.removeEventListener("abort", onAbort);
      }
    })();
    const end = (): void => {
      for (const reader of readers) reader.end();
    };
    started.then(end, end);
    return started;
  };

  return {
    get result() {
      return start();
    },
    // biome-ignore lint/suspicious/noThenProperty: an operation is awaited for its result, by contract.
    then: (onDone, onFailed) => start().then(onDone, onFailed),
    [Symbol.asyncIterator]: () => {
      const reader = createReader();
      readers.add(reader);
      const leave = (): void => {
        readers.delete(reader);
      };
      return {
        next: async () => {
          const result = start();
          const event = await reader.take();
          if (event !== undefined) return { done: false, value: event };
          leave();
          await result;
          return { done: true, value: undefined };
        },
        return: async () => {
          leave();
          if (started !== undefined) {
            stop.abort(leftEarly());
            // Whoever leaves does not ask how it ended; `result` still says so.
            await started.catch(() => undefined);
          }
          return { done: true, value: undefined };
        },
      };
    },
  };
}

interface Reader {
  put(event: DeployEvent): void;
  end(): void;
  /** The next event; undefined after the last. */
  take(): Promise<DeployEvent | undefined>;
}

function createReader(): Reader {
  let events: DeployEvent[] = [];
  let read = 0;
  let dropped = 0;
  let ended = false;
  let wake: () => void = () => undefined;

  const put = (event: DeployEvent): void => {
    if (events.length - read >= longestBacklog) {
      read += 1;
      dropped += 1;
    }
    // Cutting the read part off only now and then keeps every put and take short.
    if (read > longestBacklog) {
      events = events.slice(read);
      read = 0;
    }
    events.push(event);
    wake();
  };
  return {
    put,
    end: () => {
      ended = true;
      wake();
    },
    take: async () => {
      while (read >= events.length) {
        if (ended) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (dropped > 0) {
        const message = `${dropped} events were dropped, because they were not read in time.`;
        dropped = 0;
        return { type: "note", time: events[read]!.time, message };
      }
      const event = events[read]!;
      read += 1;
      if (read === events.length) {
        events = [];
        read = 0;
      }
      return event;
    },
  };
}

function leftEarly(): DeployError {
  return new DeployError({
    code: "run.cancelled",
    message: "Nobody reads the events any more.",
    hint: "Run the same again: it continues where this run stopped.",
  });
}
