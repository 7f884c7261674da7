import type { DeployEvent, Operation } from "./events.js";

/** Makes an {@link Operation}: it starts when it is first iterated or awaited, and runs once. */
export function createOperation<T>(
  _run: (emit: (event: DeployEvent) => void, signal: AbortSignal) => Promise<T>,
  _signal?: AbortSignal,
): Operation<T> {
  throw new Error("not there yet");
}
