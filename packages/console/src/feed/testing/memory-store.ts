import { DeployError } from "@deploy/core";
import type { LogEntry } from "../../shared/log-types.js";
import type { LogStore, StoredStream, StoreState, StreamKey } from "../../store/types.js";

/** A store in memory, for tests of what writes to one. */
export interface MemoryStore extends LogStore {
  lines(key: StreamKey): readonly LogEntry[];
  setState(state: StoreState): void;
  /** Every write waits for this first. */
  gate: Promise<void>;
}

/** Makes one; nothing that it does not need to know of a query is looked at. */
export function createMemoryStore(): MemoryStore {
  const streams = new Map<
    string,
    { entries: LogEntry[]; cursors: Map<string, string>; stream: StoredStream }
  >();
  const listeners = new Set<(state: StoreState) => void>();
  let state: StoreState = { state: "writable" };

  const partOf = ({ app, environment }: StreamKey) => {
    const name = `${app} ${environment}`;
    const present = streams.get(name);
    if (present !== undefined) return present;
    const entries: LogEntry[] = [];
    const cursors = new Map<string, string>();
    const stream: StoredStream = {
      append: async (lines, checkpoint) => {
        await store.gate;
        await new Promise((resolve) => setImmediate(resolve));
        if (state.state === "read-only") {
          throw new DeployError({ code: "console.store-read-only", message: state.reason, hint: state.hint });
        }
        const first = entries.length + 1;
        for (const [index, line] of lines.entries()) entries.push({ seq: first + index, ...line });
        if (checkpoint !== undefined) cursors.set(checkpoint.source, checkpoint.cursor);
        return first;
      },
      checkpoint: (source) => cursors.get(source),
      bounds: () => ({ lines: entries.length, bytes: 0 }),
      read: async ({ limit, after, at }) => {
        const from =
          after !== undefined
            ? after
            : at !== undefined
              ? entries.findIndex(({ time }) => time >= at)
              : Math.max(0, entries.length - limit);
        const lines = from === -1 ? [] : entries.slice(from, from + limit);
        return { lines, hasOlder: from > 0, hasNewer: from !== -1 && from + limit < entries.length };
      },
      search: () => none(),
      all: () => none(),
      histogram: async () => [],
      releases: () => [],
      names: () => ({ processes: [], instances: [] }),
    };
    const made = { entries, cursors, stream };
    streams.set(name, made);
    return made;
  };

  const store: MemoryStore = {
    gate: Promise.resolve(),
    stream: async (key) => partOf(key).stream,
    streams: async () => [],
    state: () => state,
    onState: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    prune: async () => {},
    close: async () => {},
    lines: (key) => partOf(key).entries,
    setState: (next) => {
      state = next;
      for (const listener of listeners) listener(next);
    },
  };
  return store;
}

async function* none(): AsyncGenerator<never> {}
