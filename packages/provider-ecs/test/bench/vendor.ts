/**
 * AWS for the bench, in a process of its own, so that none of its work is counted as ours: moto, behind it what judges
 * requests, and in front the latency. The first line says where it is; then each line read is an order, answered by one.
 */
import { createInterface } from "node:readline";
import { bucketOf, buckets } from "../../src/clients/buckets.js";
import { createAwsProxy } from "../support/aws-proxy.js";
import { openDefaultNetwork } from "../support/default-network.js";
import { startMoto } from "../support/emulators.js";
import { motoStandIns } from "../support/moto-stand-ins.js";
import { has } from "../support/needs.js";
import type { Script } from "../support/scripts.js";
import { changesByHand } from "./by-hand.js";
import { createSlowProxy, type TimedCall } from "./slow-proxy.js";

if (!(await has("python"))) {
  say({ missing: "no Python, or no emulators of AWS" });
  process.exit(0);
}
const moto = await startMoto({ servicesRunning: 1, certificateWait: 0 });
await openDefaultNetwork(moto.url);
let rolloutMs = 0;
let completesAt: number | undefined;
const judge = await createAwsProxy({ target: moto.url, standIns });
const slow = await createSlowProxy(judge.url);

const orders: Record<string, (value: unknown) => unknown> = {
  latency: (value) => {
    slow.latencyMs = value as number;
  },
  replay: (value) => {
    slow.forget();
    slow.isReplaying = value as boolean;
  },
  calls: () => slow.take(),
  /** By how many calls the given ones went beyond AWS's published rates, at worst, bucket by bucket. */
  beyondRates: (value) => beyondRates(value as readonly TimedCall[]),
  violations: () => [...new Set(judge.violations)],
  reset: async () => {
    await moto.reset();
    await openDefaultNetwork(moto.url);
    judge.emptied();
    rolloutMs = 0;
    completesAt = undefined;
    judge.reset();
    slow.forget();
    slow.take();
  },
  /** Changes one attribute of each kind of thing past us. */
  byHand: async (value) => {
    const told = [];
    for (const { kind, shownBy, change } of changesByHand(judge.url.href)) {
      // Another version of a secret is another release: every process would change for that alone.
      if ((shownBy === "release") !== (value === "release")) continue;
      const failure = await change().then(
        () => undefined,
        (error: unknown) => String(error),
      );
      told.push({ kind, shownBy, failure });
    }
    return told;
  },
  /** The next deployment is in progress for so many milliseconds from its UpdateService. */
  rollout: (value) => {
    rolloutMs = value as number;
    completesAt = undefined;
  },
  completedAt: () => completesAt,
};

say({ env: { ...judge.env, AWS_ENDPOINT_URL: slow.url.href.replace(/\/$/, "") }, emulator: moto.url.href });
for await (const line of createInterface({ input: process.stdin })) {
  const { order, value } = JSON.parse(line) as { order: string; value: unknown };
  say((await orders[order]?.(value)) ?? null);
}
await slow.close();
await judge.close();
await moto.stop();
process.exit(0);

function beyondRates(calls: readonly TimedCall[]): object {
  const tokens = new Map<string, { left: number; at: number; least: number; count: number }>();
  for (const { service, operation, startedAt } of calls) {
    const bucket = service === "ecs" || service === "logs" ? bucketOf(service, operation) : undefined;
    const rate = bucket === undefined ? undefined : buckets[bucket];
    if (bucket === undefined || rate === undefined) continue;
    const burst = rate.burst ?? 1;
    const { left, at, least, count } = tokens.get(bucket) ?? {
      left: burst,
      at: startedAt,
      least: burst,
      count: 0,
    };
    const now = Math.min(burst, left + ((startedAt - at) / 1000) * rate.perSecond) - 1;
    tokens.set(bucket, { left: now, at: startedAt, least: Math.min(least, now), count: count + 1 });
  }
  return Object.fromEntries(
    [...tokens].map(([bucket, { least, count }]) => [bucket, { count, beyond: Math.max(0, -least) }]),
  );
}

/** What moto leaves out, with rollouts that take a while. */
function standIns(): readonly Script[] {
  return motoStandIns().map(({ tell, ...script }) => {
    if (!("rewrite" in tell)) return { ...script, tell };
    const rewrite: typeof tell.rewrite = async (output, call) => {
      const told = (await tell.rewrite(output, call)) as Record<string, unknown>;
      if (call.operation === "UpdateService" && rolloutMs > 0) {
        completesAt = Date.now() + rolloutMs;
        const { services } = underWay({ services: [told.service] });
        return { ...told, service: services[0] };
      }
      return completesAt !== undefined && Date.now() < completesAt ? underWay(told) : told;
    };
    return { ...script, tell: { rewrite } };
  });
}

function underWay(output: Record<string, unknown>): Record<string, unknown> & { services: object[] } {
  const services = (output.services ?? []) as { deployments?: Record<string, unknown>[] }[];
  return {
    ...output,
    services: services.map((service) => ({
      ...service,
      deployments: (service.deployments ?? []).map((deployment) => ({
        ...deployment,
        rolloutState: "IN_PROGRESS",
        runningCount: 0,
        pendingCount: deployment.desiredCount,
      })),
    })),
  };
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
