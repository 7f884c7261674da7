import {
  type CloudflareDouble,
  createCloudflareDouble,
  type DoubleOptions,
  findPowerDns,
  powerDnsMissing,
} from "@deploy/cloudflare-double";
import { type Clock, type Context, DeployError, systemClock } from "@deploy/core";

/** Whether the double can serve its zones; the suites skip without. */
export const served: boolean = findPowerDns() !== undefined;
if (!served) console.warn(`skipped: ${powerDnsMissing}`);

/** The token that the double begins with. */
export const token = "token-of-owner";

/** A clock whose pauses take no time, and are remembered. */
export function quickClock(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    now: () => Date.UTC(2026, 0, 1, 12, 0, 0),
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      pauses.push(milliseconds);
    },
  };
}

/** What a call gets; `shared` keeps what it has read, as in a plan. */
export function contextWith(more: Partial<Context> = {}): Context {
  const kept = new Map<string, Promise<unknown>>();
  return {
    signal: new AbortController().signal,
    env: { CLOUDFLARE_API_TOKEN: token },
    fetch: (...call) => fetch(...call),
    clock: systemClock,
    log: () => undefined,
    output: () => undefined,
    directory: "/",
    shared: <T>(key: string, load: () => Promise<T>): Promise<T> => {
      const known = kept.get(key) ?? load();
      kept.set(key, known);
      return known as Promise<T>;
    },
    ...more,
  };
}

/** A double with one zone, without limits of calls. */
export function createDouble(options: DoubleOptions = {}): Promise<CloudflareDouble> {
  return createCloudflareDouble({
    zones: [{ name: "example.org", plan: "pro", quota: null }],
    callsPerFiveMinutes: Number.POSITIVE_INFINITY,
    ...options,
  });
}

/** The error that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<DeployError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!DeployError.is(error)) throw new Error(`no DeployError, but ${String(error)}`);
  return error;
}
