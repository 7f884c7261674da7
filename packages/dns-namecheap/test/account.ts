import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, type Context, systemClock } from "@deploy/core";
import {
  createNamecheapDouble,
  type DoubleOptions,
  findPowerDns,
  type NamecheapDouble,
  powerDnsMissing,
} from "@deploy/namecheap-double";

/** Whether there is a PowerDNS; if not, one line says so. */
export const found: boolean = findPowerDns() !== undefined;
if (!found) console.warn(`skipped: ${powerDnsMissing}`);

/** An account at the double, and a directory for copies. */
export interface Account {
  readonly double: NamecheapDouble;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  context(own?: Partial<Context>): Context;
  close(): Promise<void>;
}

/** Time that passes as soon as somebody waits; time limits take as long as they do. */
function quickClock(): Clock {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    sleep: async (milliseconds, signal) => {
      if (milliseconds >= 30_000) return systemClock.sleep(milliseconds, signal);
      await systemClock.sleep(1, signal);
      ahead += milliseconds;
    },
  };
}

/** Time that runs so many times as fast, so that pauses and time limits keep their proportions. */
export function fastClock(times: number): Clock {
  const began = systemClock.now();
  return {
    now: () => began + (systemClock.now() - began) * times,
    sleep: (milliseconds, signal) => systemClock.sleep(Math.ceil(milliseconds / times), signal),
  };
}

/** Opens one. */
export async function openAccount(options: DoubleOptions): Promise<Account> {
  const double = await createNamecheapDouble({ perMinute: Number.POSITIVE_INFINITY, ...options });
  const home = await mkdtemp(join(tmpdir(), "deploy-namecheap-"));
  const env = { ...double.env, DEPLOY_HOME: home };
  return {
    double,
    home,
    env,
    context: (own = {}) => ({
      signal: new AbortController().signal,
      env,
      fetch: globalThis.fetch,
      clock: quickClock(),
      log: () => undefined,
      output: () => undefined,
      directory: process.cwd(),
      shared: (_key, load) => load(),
      ...own,
    }),
    async close() {
      await double.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
