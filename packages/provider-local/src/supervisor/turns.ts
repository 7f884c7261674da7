/**
 * A queue of one: work handed to it runs after all work before it has ended, well or not.
 *
 * What changes an environment takes turns, so that two clients cannot interleave.
 */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  };
}
