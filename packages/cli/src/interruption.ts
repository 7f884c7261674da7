import { EXIT } from "./exit-codes.js";

/** Ctrl-C and its relatives, for one command. */
export interface Interruption {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** What happens on the first Ctrl-C, before the signal is aborted. The answer takes it back. */
  onFirst(callback: () => void): () => void;
  /** What has to happen before the process goes, however it goes: the cursor comes back. */
  onExit(callback: () => void): () => void;
  /** Leaves Ctrl-C to the program that has the terminal; the answer takes it back. */
  handOver(): () => void;
}

/**
 * Listens for SIGINT, SIGTERM and SIGHUP.
 *
 * The first one aborts the signal, and whoever works finishes its calls in flight; the second ends the process at once.
 */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const first = new Set<() => void>();
  const last = new Set<() => void>();
  let handedOver = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    if (handedOver > 0 && name === "SIGINT") return;
    if (controller.signal.aborted) {
      for (const callback of last) callback();
      process.exit(EXIT.cancelled);
    }
    for (const callback of first) callback();
    controller.abort(new DOMException("Cancelled.", "AbortError"));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  process.on("exit", () => {
    for (const callback of last) callback();
  });
  const member = (set: Set<() => void>, callback: () => void): (() => void) => {
    set.add(callback);
    return () => set.delete(callback);
  };
  return {
    signal: controller.signal,
    onFirst: (callback) => member(first, callback),
    onExit: (callback) => member(last, callback),
    handOver: () => {
      handedOver += 1;
      return () => {
        handedOver -= 1;
      };
    },
  };
}
