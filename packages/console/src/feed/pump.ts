/** How lines are gathered into batches. */
export interface PumpOptions<T> {
  /** Stores a batch; the source waits when it falls behind. */
  take(batch: readonly T[]): Promise<void>;
  /** How much of a batch's room one takes. */
  sizeOf(item: T): number;
  /** Makes the source end; it may take a while. */
  stop(): void;
  readonly signal: AbortSignal;
}

/** Gathered at most so long before it is stored, in milliseconds: a line is seen well within a second. */
const gatherMs = 20;
const mostItems = 2_000;
const mostSize = 1_048_576;
/** A source that does not end when it is told to is left to itself, in milliseconds. */
const patienceMs = 2_000;

/**
 * Reads a source to its end in batches, with one batch being stored and one being gathered at any time.
 *
 * What was gathered is stored before it returns, also when it was aborted. Rejects with the failure of the source, or of
 * `take`: then nothing more is taken.
 */
export async function pump<T>(source: AsyncIterable<T>, options: PumpOptions<T>): Promise<void> {
  const { take, sizeOf, stop, signal } = options;
  let batch: T[] = [];
  let size = 0;
  let taking: Promise<void> | undefined;
  let failure: { readonly thrown: unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let left = false;
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<void>((resolve) => {
    interrupt = resolve;
  });

  const isFull = (): boolean => batch.length >= mostItems || size >= mostSize;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (taking !== undefined || batch.length === 0 || failure !== undefined) return;
    const taken = batch;
    batch = [];
    size = 0;
    taking = take(taken)
      .catch((thrown: unknown) => {
        failure = { thrown };
        stop();
        interrupt();
      })
      .finally(() => {
        taking = undefined;
        if (isFull()) flush();
        else if (batch.length > 0) timer ??= setTimeout(flush, gatherMs);
      });
  };

  const read = async (): Promise<void> => {
    for await (const item of source) {
      if (left || failure !== undefined) return;
      batch.push(item);
      size += sizeOf(item);
      if (!isFull()) {
        timer ??= setTimeout(flush, gatherMs);
        continue;
      }
      flush();
      // Full again while the one before is being stored: the source waits.
      while (isFull() && taking !== undefined) await taking;
      if (signal.aborted) return;
    }
  };

  const onAbort = (): void => interrupt();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) interrupt();
  let patience: NodeJS.Timeout | undefined;
  const abandoned = interrupted.then(
    () =>
      new Promise<void>((resolve) => {
        patience = setTimeout(resolve, patienceMs);
      }),
  );
  const reading = read();
  // Left to itself, it may still fail.
  reading.catch(() => undefined);
  try {
    await Promise.race([reading, abandoned]);
  } finally {
    left = true;
    clearTimeout(patience);
    signal.removeEventListener("abort", onAbort);
    while ((taking !== undefined || batch.length > 0) && failure === undefined) {
      flush();
      await taking;
    }
    clearTimeout(timer);
  }
  if (failure !== undefined) throw failure.thrown;
}
