/** Bytes that wait for their reader, at most; then the writer waits. */
const mostWaiting = 1024 * 1024;

/** Bytes on their way from one who reads them early to one who may read them late, or never. */
export interface ByteQueue {
  /** Resolves when more may be put. */
  put(piece: Uint8Array): Promise<void>;
  end(): void;
  /** To be iterated once. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** A queue that bears a mebibyte. A reader who leaves lets the rest go. */
export function createByteQueue(): ByteQueue {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let ended = false;
  let left = false;
  let wakeReader = (): void => undefined;
  let wakeWriter = (): void => undefined;

  return {
    async put(piece) {
      if (left) return;
      waiting.push(piece);
      bytes += piece.length;
      wakeReader();
      while (bytes > mostWaiting && !left) {
        await new Promise<void>((resolve) => {
          wakeWriter = resolve;
        });
      }
    },
    end() {
      ended = true;
      wakeReader();
    },
    pieces: (async function* () {
      try {
        for (;;) {
          if (waiting.length === 0) {
            if (ended) return;
            await new Promise<void>((resolve) => {
              wakeReader = resolve;
            });
            continue;
          }
          const taken = waiting;
          waiting = [];
          for (const piece of taken) {
            yield piece;
            bytes -= piece.length;
            wakeWriter();
          }
        }
      } finally {
        left = true;
        wakeWriter();
      }
    })(),
  };
}
