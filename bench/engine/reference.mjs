/**
 * The plainest scheduler which does the same reads: every node of a graph once, dependencies first in the answer, so
 * many at a time. It compares nothing, remembers nothing and limits nobody: what the engine costs beyond it is the price
 * of planning.
 */
export async function readAll(nodes, concurrency) {
  const results = new Map();
  const missing = new Map();
  const dependents = new Map();
  const ready = [];
  for (const node of nodes) {
    missing.set(node, node.after.length);
    if (node.after.length === 0) ready.push(node);
    for (const dependency of node.after) {
      const list = dependents.get(dependency);
      if (list === undefined) dependents.set(dependency, [node]);
      else list.push(node);
    }
  }
  const queue = [...nodes];
  let at = 0;
  const worker = async () => {
    while (at < queue.length) {
      const node = queue[at++];
      results.set(node, await node.read());
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const order = [];
  while (ready.length > 0) {
    const node = ready.pop();
    order.push(node);
    for (const dependent of dependents.get(node) ?? []) {
      const left = missing.get(dependent) - 1;
      missing.set(dependent, left);
      if (left === 0) ready.push(dependent);
    }
  }
  return order.filter((node) => JSON.stringify(node.desired) !== JSON.stringify(results.get(node)));
}
