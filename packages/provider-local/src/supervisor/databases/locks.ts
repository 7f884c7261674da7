const tails = new Map<string, Promise<unknown>>();

/** Runs `work` after everything asked for earlier under the same key; what fails does not hold up the next. */
export async function exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = tails.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.then(
    () => {},
    () => {},
  );
  tails.set(key, settled);
  try {
    return await mine;
  } finally {
    if (tails.get(key) === settled) tails.delete(key);
  }
}
