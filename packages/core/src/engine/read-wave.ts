import { setMaxListeners } from "node:events";
import type { Context } from "../context.js";
import type { Provider } from "../elements/provider.js";
import type { Scope } from "../elements/scope.js";
import { toDeployError } from "../errors.js";
import type { DeployEvent } from "./events.js";
import type { BaseContext } from "./prepared.js";
import type { Limiters, Place } from "./rate-limit.js";
import type { AnyResource, Owned } from "./resource.js";
import { retry } from "./retry.js";

/** Everything that was read, in the order of what was asked for. */
export interface ReadWave {
  readonly observed: readonly unknown[];
  readonly owned: readonly Owned[];
}

/**
 * Reads all resources, and asks all providers what they hold, in one parallel wave under the providers' limits.
 * The first failure ends the wave: reads in flight are aborted.
 */
export async function readWave(input: {
  readonly scope: Scope;
  readonly resources: readonly AnyResource[];
  /** Those who are asked what they hold. */
  readonly owners: readonly Provider[];
  readonly context: BaseContext;
  readonly limiters: Limiters;
  readonly emit: ((event: DeployEvent) => void) | undefined;
}): Promise<ReadWave> {
  const { context, limiters } = input;
  context.signal.throwIfAborted();
  const wave = new AbortController();
  setMaxListeners(0, wave.signal);
  const onAbort = (): void => wave.abort(context.signal.reason);
  context.signal.addEventListener("abort", onAbort, { once: true });
  const memo = createMemo();
  const base: BaseContext = { ...context, signal: wave.signal };

  const ask = <T>(who: Who, read: (context: Context) => Promise<T>): Promise<T> => {
    const limiter = limiters.for(who.provider);
    return retry(
      base,
      () =>
        limiter.run((place) => read(readContext(base, who, memo, place, input.emit)), {
          signal: wave.signal,
        }),
      { onRetry: (_error, attempt, delayMs) => input.emit?.(retryEvent(base, who, attempt, delayMs)) },
    ).catch((error: unknown) => {
      wave.abort(error);
      throw error;
    });
  };

  try {
    const [observed, owned] = await Promise.all([
      readByProvider(input.resources, (resource) => ask(resource, (own) => resource.read(own))),
      Promise.all(
        input.owners.map((provider) =>
          ask(
            { id: `${provider.name}/owned`, label: `what ${provider.name} holds`, provider: provider.name },
            (own) => provider.owned!(own, input.scope),
          ),
        ),
      ),
    ]);
    return { observed, owned: owned.flat() };
  } catch (error) {
    throw toDeployError(error);
  } finally {
    context.signal.removeEventListener("abort", onAbort);
  }
}

/** Reads that one provider has before it at a time: far more than it takes, far less than there may be. */
const lanes = 128;

/** Ten thousand reads are handed out bit by bit, because each one that waits costs memory; providers do not wait for each other. */
async function readByProvider(
  resources: readonly AnyResource[],
  read: (resource: AnyResource) => Promise<unknown>,
): Promise<readonly unknown[]> {
  const observed: unknown[] = new Array(resources.length);
  const queues = new Map<string, number[]>();
  resources.forEach((resource, index) => {
    const queue = queues.get(resource.provider);
    if (queue === undefined) queues.set(resource.provider, [index]);
    else queue.push(index);
  });
  const lane = async (queue: Iterator<number>): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      observed[next.value] = await read(resources[next.value]!);
    }
  };
  await Promise.all(
    [...queues.values()].flatMap((queue) => {
      const shared = queue.values();
      return Array.from({ length: Math.min(lanes, queue.length) }, () => lane(shared));
    }),
  );
  return observed;
}

interface Who {
  readonly id: string;
  readonly label: string;
  readonly provider: string;
}

type Memo = (
  key: string,
  load: () => Promise<unknown>,
) => { readonly value: Promise<unknown>; readonly hit: boolean };

/** Shares each answer; a failed one is forgotten, so that a repeated read asks again. */
function createMemo(): Memo {
  const answers = new Map<string, Promise<unknown>>();
  return (key, load) => {
    const known = answers.get(key);
    if (known !== undefined) return { value: known, hit: true };
    const value = Promise.resolve().then(load);
    answers.set(key, value);
    value.catch(() => answers.delete(key));
    return { value, hit: false };
  };
}

function readContext(
  base: BaseContext,
  who: Who,
  memo: Memo,
  place: Place,
  emit: ((event: DeployEvent) => void) | undefined,
): Context {
  return {
    signal: base.signal,
    env: base.env,
    fetch: base.fetch,
    clock: base.clock,
    directory: base.directory,
    log: (message) => emit?.({ type: "progress", time: timeOf(base), message, id: who.id, label: who.label }),
    output: () => undefined,
    shared: <T>(key: string, load: () => Promise<T>) => {
      const { value, hit } = memo(`${who.provider}\n${key}`, load);
      return (hit ? place.idle(value) : value) as Promise<T>;
    },
  };
}

/** The time of an event: ISO 8601, UTC, by the clock of the run. */
export function timeOf(context: Pick<Context, "clock">): string {
  return new Date(context.clock.now()).toISOString();
}

/** Says that a call is about to be repeated. */
export function retryEvent(
  context: Pick<Context, "clock">,
  who: { readonly id: string; readonly label: string },
  attempt: number,
  delayMs: number,
): DeployEvent {
  return {
    type: "retry",
    time: timeOf(context),
    id: who.id,
    label: who.label,
    message: `${who.label}: trying again (attempt ${attempt + 1})`,
    attempt,
    delayMs,
  };
}
