import type { Clock, Limiter, ProviderLimits } from "@deploy/core";
import { createLimiter } from "@deploy/core";
import type { ServiceName } from "./modules.js";

/** So many calls a second, with bursts of so many. */
export type Rate = NonNullable<ProviderLimits["rate"]>;

/**
 * The request rates that AWS publishes per account and region, by bucket.
 *
 * ECS: "Request throttling for the Amazon ECS API"; FilterLogEvents: "CloudWatch Logs quotas", the lowest of all
 * regions. Services without an entry have no rate of their own here: what they throttle is slowed down as it happens.
 */
export const buckets: Readonly<Record<string, Rate>> = {
  "ecs cluster modify": { burst: 20, perSecond: 1 },
  "ecs task definition modify": { burst: 20, perSecond: 1 },
  "ecs task definition delete": { burst: 5, perSecond: 1 },
  "ecs capacity provider modify": { burst: 10, perSecond: 1 },
  "ecs service modify": { burst: 50, perSecond: 5 },
  "ecs service read": { burst: 100, perSecond: 20 },
  "ecs service deployment read": { burst: 50, perSecond: 20 },
  "ecs cluster resource read": { burst: 100, perSecond: 20 },
  "ecs run": { burst: 100, perSecond: 40 },
  "ecs tag modify": { burst: 20, perSecond: 10 },
  "ecs read": { burst: 50, perSecond: 20 },
  "logs filter": { burst: 5, perSecond: 5 },
};

/**
 * As much of a burst as is used: a call that was held up on its way arrives nearer to the next one than it was sent, and
 * somebody's `deploy status` takes from the same bucket.
 */
const ownShare = 0.9;

const ecsBuckets: readonly (readonly [RegExp, string])[] = [
  [/^(?:Create|Delete|Update|Put)Cluster/, "ecs cluster modify"],
  [/^DeleteTaskDefinitions$/, "ecs task definition delete"],
  [/^(?:Register|Deregister)TaskDefinition$/, "ecs task definition modify"],
  [/^(?:Create|Delete|Update)CapacityProvider$/, "ecs capacity provider modify"],
  [/^(?:Describe|List)Service(?:Deployments|Revisions)$/, "ecs service deployment read"],
  [/^(?:Describe|List)Services/, "ecs service read"],
  [/^(?:Create|Delete|Update|Stop)Service/, "ecs service modify"],
  [/^(?:RunTask|StartTask|StopTask|ExecuteCommand)$/, "ecs run"],
  [/^(?:Tag|Untag)Resource$/, "ecs tag modify"],
  [
    /^(?:DescribeTasks|ListTasks|DescribeContainerInstances|ListContainerInstances)$/,
    "ecs cluster resource read",
  ],
  [/^(?:Describe|List)/, "ecs read"],
  [/./, "ecs cluster modify"],
];

/** The bucket that a call takes its token from; undefined where AWS publishes none that is used here. */
export function bucketOf(service: ServiceName, action: string): string | undefined {
  if (service === "ecs") return ecsBuckets.find(([pattern]) => pattern.test(action))?.[1];
  if (service === "logs" && action === "FilterLogEvents") return "logs filter";
  return undefined;
}

/** Takes turns for calls, within the rates, and slower for a while after AWS has throttled one. */
export interface Turns {
  /** Waits until the call may be made. */
  take(service: ServiceName, action: string, signal: AbortSignal): Promise<void>;
  /** AWS has refused a call for its rate: its bucket rests. */
  throttled(service: ServiceName, action: string, restMs: number): void;
}

/** One set of buckets, filled by `clock`. */
export function createTurns(clock: Clock): Turns {
  const limiters = new Map<string, Limiter>();
  const restUntil = new Map<string, number>();
  const limiterOf = (bucket: string): Limiter | undefined => {
    const known = limiters.get(bucket);
    const rate = buckets[bucket];
    if (known !== undefined || rate === undefined) return known;
    const burst = Math.max(1, Math.floor(rate.burst * ownShare));
    const made = createLimiter({ concurrency: Number.MAX_SAFE_INTEGER, rate: { ...rate, burst } }, clock);
    limiters.set(bucket, made);
    return made;
  };
  const nameOf = (service: ServiceName, action: string): string =>
    bucketOf(service, action) ?? `${service} ${action}`;
  return {
    take: async (service, action, signal) => {
      const bucket = nameOf(service, action);
      for (let rest = restOf(restUntil, bucket, clock); rest > 0; rest = restOf(restUntil, bucket, clock)) {
        await clock.sleep(rest, signal);
      }
      await limiterOf(bucket)?.run(async () => undefined, { signal });
    },
    throttled: (service, action, restMs) => {
      const bucket = nameOf(service, action);
      restUntil.set(bucket, Math.max(restUntil.get(bucket) ?? 0, clock.now() + restMs));
    },
  };
}

function restOf(restUntil: ReadonlyMap<string, number>, bucket: string, clock: Clock): number {
  return (restUntil.get(bucket) ?? 0) - clock.now();
}
