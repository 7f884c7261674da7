/** A binary heap: the least item, by `compare`, comes out first. */
export interface Heap<T> {
  push(item: T): void;
  pop(): T | undefined;
  peek(): T | undefined;
  size(): number;
  /** Takes out everything that matches. */
  remove(matches: (item: T) => boolean): readonly T[];
}

/** An empty heap. */
export function createHeap<T>(compare: (a: T, b: T) => number): Heap<T> {
  let items: T[] = [];
  const swap = (a: number, b: number): void => {
    const kept = items[a]!;
    items[a] = items[b]!;
    items[b] = kept;
  };
  const push = (item: T): void => {
    items.push(item);
    let at = items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (compare(items[at]!, items[parent]!) >= 0) return;
      swap(at, parent);
      at = parent;
    }
  };
  const sink = (): void => {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      let least = at;
      if (left < items.length && compare(items[left]!, items[least]!) < 0) least = left;
      if (left + 1 < items.length && compare(items[left + 1]!, items[least]!) < 0) least = left + 1;
      if (least === at) return;
      swap(at, least);
      at = least;
    }
  };
  return {
    push,
    pop: () => {
      const first = items[0];
      const last = items.pop();
      if (items.length > 0) {
        items[0] = last!;
        sink();
      }
      return first;
    },
    peek: () => items[0],
    size: () => items.length,
    remove: (matches) => {
      const out = items.filter(matches);
      const left = items.filter((item) => !matches(item));
      items = [];
      for (const item of left) push(item);
      return out;
    },
  };
}
