import { exists, removeTree, renameDurably } from "./files.js";
import type { Layout } from "./layout.js";

/**
 * Brings the data directory to one of two states: the whole old data, or the whole new data.
 *
 * A restore renames `data` to `data.previous`, and then the new data to `data`. Killed between the two, it has failed
 * and is taken back; killed after the second, it has succeeded, and only the old data is left to delete.
 */
export async function finishSwap(layout: Layout): Promise<void> {
  if (!(await exists(layout.previous))) return;
  if (await exists(layout.data)) await removeTree(layout.previous);
  else await renameDurably(layout.previous, layout.data);
}

/** How a service is started and stopped around a swap. */
export interface SwapServer {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Puts a loaded data directory in the place of the live one, with the server stopped for that moment.
 *
 * When the server does not come up on the new data, the old data is put back and started, and the failure thrown.
 */
export async function swapData(layout: Layout, staged: string, server: SwapServer): Promise<void> {
  await server.stop();
  await renameDurably(layout.data, layout.previous);
  try {
    await renameDurably(staged, layout.data);
    await server.start();
  } catch (thrown) {
    await server.stop();
    await removeTree(layout.data);
    await renameDurably(layout.previous, layout.data);
    await server.start();
    throw thrown;
  }
  await removeTree(layout.previous);
}
