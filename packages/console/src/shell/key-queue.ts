/** Keys on their way into a shell. */
export interface KeyQueue extends AsyncIterable<Uint8Array> {
  /** Answers whether there is room for more. */
  put(keys: Uint8Array): boolean;
  end(): void;
}

/** More than this unread, in bytes, and whoever types has to wait: a paste is no reason to run out of memory. */
const mostUnread = 262_144;

/** Makes a queue; `onRoom` is called when there is room again. */
export function createKeyQueue(onRoom: () => void): KeyQueue {
  const queue: Uint8Array[] = [];
  let size = 0;
  let over = false;
  let wake: () => void = () => undefined;
  return {
    put: (keys) => {
      if (over) return true;
      queue.push(keys);
      size += keys.byteLength;
      wake();
      return size < mostUnread;
    },
    end: () => {
      over = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = queue.shift();
        if (next !== undefined) {
          size -= next.byteLength;
          if (size < mostUnread) onRoom();
          yield next;
        } else if (over) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
