import { type FSWatcher, watch } from "node:fs";

/** Waits for a folder to change. */
export interface ChangeWatcher {
  /** Resolves at the next change, or after the poll interval, or when the signal aborts; at once if one was missed. */
  wait(): Promise<void>;
  close(): void;
}

/** Longest wait between two looks at a folder where changes are not announced, in milliseconds. */
const pollInterval = 200;

/** Watches a folder, which need not exist yet. */
export function watchFolder(folder: string, signal: AbortSignal | undefined): ChangeWatcher {
  let watcher: FSWatcher | undefined;
  let changed = false;
  let wake: (() => void) | undefined;

  function notice(): void {
    changed = true;
    wake?.();
  }

  function stop(): void {
    watcher?.close();
    watcher = undefined;
  }

  function start(): void {
    try {
      watcher = watch(folder, { persistent: false }, notice);
      watcher.on("error", stop);
    } catch {
      watcher = undefined;
    }
  }

  signal?.addEventListener("abort", notice);
  start();
  return {
    wait: async () => {
      if (watcher === undefined) start();
      if (!changed && signal?.aborted !== true) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pollInterval);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      changed = false;
    },
    close: () => {
      signal?.removeEventListener("abort", notice);
      stop();
    },
  };
}
