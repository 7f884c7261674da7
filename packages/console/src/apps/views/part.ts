import type { DeployError } from "@deploy/core";
import type { Part, Trouble } from "../../shared/app-types.js";
import type { Snapshot } from "../cached-read.js";

/** A failure as it is sent: code, sentence, what to do; nothing else of it. */
export function troubleOf(error: DeployError): Trouble {
  const { code, message, hint } = error;
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

/** What is known of a read, as it is sent. */
export function partOf<T, V>(
  snapshot: Snapshot<T>,
  show: (value: T) => V,
  options: { readonly now: number; readonly staleAfterMs: number },
): Part<V> {
  const { at, trouble, failedAt, refreshing } = snapshot;
  return {
    ...(at === undefined ? {} : { value: show(snapshot.value as T), at }),
    ...(trouble === undefined ? {} : { trouble: troubleOf(trouble) }),
    ...(failedAt === undefined ? {} : { failedAt }),
    refreshing,
    stale: at !== undefined && (trouble !== undefined || options.now - at > options.staleAfterMs),
  };
}
