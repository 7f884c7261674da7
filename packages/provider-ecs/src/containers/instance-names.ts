/** As much of a task as its name is made from. */
export interface NamedTask {
  readonly id: string;
  /** Tasks of one generation are numbered together: those of one deployment. */
  readonly generation: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Absent: it still runs. */
  readonly until?: number;
}

/**
 * Numbers tasks as `web.1`, `web.2`: each takes the lowest number that is free in its generation when it starts, so that
 * the replacement of a crashed task has its number, and a new release begins at 1 again. ECS has no such numbers, and
 * nothing is stored: whoever sees the same tasks finds the same numbers.
 */
export function numberTasks(tasks: readonly NamedTask[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const generations = new Map<string, NamedTask[]>();
  for (const task of tasks) {
    const own = generations.get(task.generation);
    if (own === undefined) generations.set(task.generation, [task]);
    else own.push(task);
  }
  for (const own of generations.values()) {
    const busy: NamedTask[] = [];
    const byAge = [...own].sort((one, other) => one.from - other.from || (one.id < other.id ? -1 : 1));
    for (const task of byAge) {
      const free = busy.findIndex(({ until }) => until !== undefined && until <= task.from);
      const at = free === -1 ? busy.length : free;
      busy[at] = task;
      numbers.set(task.id, at + 1);
    }
  }
  return numbers;
}
