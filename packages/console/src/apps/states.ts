import { DeployError, isThrottled } from "@deploy/core";
import type { RunBook } from "../runs/types.js";
import { createPace, type Pace } from "./pace.js";
import { type EnvironmentReads, environmentReads, type ReadName } from "./reads.js";
import type { AppRegistry, ConsoleEnvironment } from "./types.js";

/** What is known of every environment, asked for again and again in the background. */
export interface AppStates {
  /** The reads of an environment of the registry. */
  of(environment: ConsoleEnvironment): EnvironmentReads;
  /** Somebody looks at it: for a minute it is asked for more often. */
  seen(environment: ConsoleEnvironment): void;
  /** Asks now for these reads, at once for all; those that were answered within the last seconds are left. Never rejects. */
  refresh(environment: ConsoleEnvironment, reads: readonly ReadName[]): Promise<void>;
  /** Something has changed there: what is known is asked for again soon. */
  touch(app: string, environment: string): void;
  close(): Promise<void>;
}

/** What the states are made with. */
export interface AppStatesOptions {
  readonly apps: AppRegistry;
  /** What a run begins or ends is looked at soon afterwards. */
  readonly runs?: Pick<RunBook, "subscribe">;
  now(): number;
  /** Default `Math.random`. */
  readonly random?: () => number;
  /** Milliseconds between two looks at what is due; 0 never looks by itself. Default 500. */
  readonly tickMs?: number;
  /** For tests: milliseconds after which any read counts as failed. */
  readonly timeoutMs?: number;
}

/** How often something is asked for, milliseconds, and how many calls of the vendor's it takes, about. */
interface Rhythm {
  readonly visibleMs: number;
  readonly idleMs: number;
  readonly calls: number;
}

const minute = 60_000;

/** What is asked for in the background; the other reads are made when a page wants them. */
const rhythms: Readonly<Partial<Record<ReadName, Rhythm>>> = {
  status: { visibleMs: 15_000, idleMs: 5 * minute, calls: 5 },
  releases: { visibleMs: minute, idleMs: 15 * minute, calls: 2 },
  domains: { visibleMs: 10 * minute, idleMs: 60 * minute, calls: 8 },
  cost: { visibleMs: 6 * 60 * minute, idleMs: 12 * 60 * minute, calls: 4 },
};

const background = Object.keys(rhythms) as readonly ReadName[];

/** What a run changes. */
const changeable = ["status", "releases"] as const;

/** How long somebody counts as looking after the last request, milliseconds. */
const seenForMs = minute;
/** Reads at a time, altogether and for one provider. */
const mostAtOnce = 8;
const mostOfProvider = 3;
/** A read that takes longer than this, milliseconds, gives up its place: it waits for nothing of ours. */
const placeMs = 5_000;
/** The first pause after a failure of what somebody looks at, milliseconds; it doubles with each further one. */
const firstRetryMs = 30_000;
/** The longest pause after failures, and after a vendor that has asked for less without saying for how long. */
const longestPauseMs = 10 * minute;
const throttledMs = minute;
/** Asked again within this time, a person gets the same answer, milliseconds: a button must not be a hammer. */
const freshMs: Readonly<Partial<Record<ReadName, number>>> = { domains: 15_000, cost: 60_000 };
const defaultFreshMs = 2_000;

/** After this age, milliseconds, a read is called old: it should have been read twice since. */
export function staleAfterMs(name: ReadName): number {
  return 2 * (rhythms[name]?.idleMs ?? 5 * minute) + minute;
}

interface Watched {
  readonly environment: ConsoleEnvironment;
  readonly reads: EnvironmentReads;
  readonly next: Map<ReadName, number>;
  /** Since when. */
  readonly running: Map<ReadName, number>;
  seenAt: number;
}

/**
 * Keeps what is known of all environments fresh without a thundering herd: each read has its own pace with jitter, those
 * that somebody looks at come first, a provider that hangs or has asked for less holds up nobody else.
 */
export function createAppStates(options: AppStatesOptions): AppStates {
  const { apps, now, random = Math.random, tickMs = 500 } = options;
  const watched = new Map<string, Watched>();
  const paces = new Map<string, Pace>();
  let closed = false;

  const paceOf = ({ deployer }: ConsoleEnvironment): Pace => {
    const { name, limits } = deployer.environment.providers.target;
    const known = paces.get(name);
    if (known !== undefined) return known;
    const made = createPace(limits, now());
    paces.set(name, made);
    return made;
  };

  const watch = (environment: ConsoleEnvironment): Watched => {
    const key = `${environment.app} ${environment.environment}`;
    const before = watched.get(key);
    if (before?.environment.deployer === environment.deployer) return before;
    const reads = environmentReads(environment, {
      now,
      onFailure: (error) => {
        if (!isThrottled(error)) return;
        const asked = error.details.retryAfterMs;
        paceOf(environment).pause(typeof asked === "number" ? asked : throttledMs, now());
      },
      rest: () => {
        const ms = paceOf(environment).restMs(now());
        return ms === 0 ? undefined : askedForRest(environment, ms);
      },
      ...(before === undefined ? {} : { before: before.reads }),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
    const made: Watched = {
      environment,
      reads,
      // The first round is spread over a second, so that a hundred environments do not all begin at once.
      next: new Map(background.map((name) => [name, now() + random() * 1_000])),
      running: new Map(),
      seenAt: before?.seenAt ?? 0,
    };
    watched.set(key, made);
    return made;
  };

  const isVisible = (one: Watched): boolean => now() - one.seenAt < seenForMs;

  /** How long to wait before it is asked for again: after failures longer and longer. */
  const pauseFor = (rhythm: Rhythm, visible: boolean, failures: number): number => {
    const usual = visible ? rhythm.visibleMs : rhythm.idleMs;
    if (failures === 0) return usual;
    const first = visible ? firstRetryMs : 2 * usual;
    return Math.min(first * 2 ** Math.min(failures - 1, 6), Math.max(usual, longestPauseMs));
  };

  /** A release that is not yet in service will be soon, or has failed. */
  const underWay = (one: Watched, name: ReadName): boolean =>
    name === "releases" &&
    (one.reads.releases.snapshot().value ?? []).some(({ state }) => state === "pending");

  const plan = (one: Watched, name: ReadName): void => {
    const rhythm = underWay(one, name) ? rhythms.status : rhythms[name];
    if (rhythm === undefined) return;
    const { failures } = one.reads[name].snapshot();
    const pause = pauseFor(rhythm, isVisible(one), failures);
    one.next.set(name, now() + pause * (0.85 + random() * 0.3));
  };

  const ask = async (one: Watched, name: ReadName): Promise<void> => {
    paceOf(one.environment).take(rhythms[name]?.calls ?? 1, now());
    one.running.set(name, now());
    const release = one.reads.status.snapshot().value?.release;
    try {
      await one.reads[name].refresh();
    } finally {
      one.running.delete(name);
      plan(one, name);
      // Another release serves: the list of them has grown.
      const changed = one.reads.status.snapshot().value?.release !== release;
      if (name === "status" && changed) one.next.set("releases", now());
    }
  };

  const tick = (): void => {
    if (closed) return;
    const listed = apps.list();
    const present = new Set(listed.map((one) => `${one.app} ${one.environment}`));
    for (const key of watched.keys()) if (!present.has(key)) watched.delete(key);
    const all = listed.map(watch);
    const busy = new Map<string, number>();
    let running = 0;
    for (const one of all) {
      const provider = one.environment.deployer.environment.providers.target.name;
      const places = [...one.running.values()].filter((since) => now() - since < placeMs).length;
      busy.set(provider, (busy.get(provider) ?? 0) + places);
      running += places;
    }
    const due = all
      .flatMap((one) =>
        background
          .filter((name) => !one.running.has(name) && (one.next.get(name) ?? 0) <= now())
          .map((name) => ({ one, name, visible: isVisible(one), since: one.next.get(name) ?? 0 })),
      )
      .sort((a, b) => Number(b.visible) - Number(a.visible) || a.since - b.since);
    for (const { one, name, visible } of due) {
      if (running >= mostAtOnce) return;
      const provider = one.environment.deployer.environment.providers.target.name;
      if ((busy.get(provider) ?? 0) >= mostOfProvider) continue;
      if (!paceOf(one.environment).allows(rhythms[name]?.calls ?? 1, visible, now())) continue;
      busy.set(provider, (busy.get(provider) ?? 0) + 1);
      running += 1;
      void ask(one, name);
    }
  };
  const timer = tickMs === 0 ? undefined : setInterval(tick, tickMs);
  timer?.unref();

  const touch = (app: string, environment: string): void => {
    const one = watched.get(`${app} ${environment}`);
    for (const name of changeable) {
      one?.reads[name].expire();
      one?.next.set(name, now());
    }
  };
  const told = new Map<string, string>();
  const unsubscribe = options.runs?.subscribe((run) => {
    if (told.get(run.id) === run.state) return;
    if (run.state === "running") told.set(run.id, run.state);
    else told.delete(run.id);
    touch(run.app, run.environment);
  });

  return {
    of: (environment) => watch(environment).reads,
    seen: (environment) => {
      const one = watch(environment);
      const wasVisible = isVisible(one);
      one.seenAt = now();
      if (wasVisible) return;
      // What was planned for an environment that nobody saw is too late for one that somebody sees.
      for (const name of background) {
        const { at = 0, failedAt = 0, failures } = one.reads[name].snapshot();
        const rhythm = rhythms[name];
        if (rhythm === undefined) continue;
        const soonest = Math.max(at, failedAt) + pauseFor(rhythm, true, failures);
        one.next.set(name, Math.min(one.next.get(name) ?? 0, soonest));
      }
    },
    refresh: async (environment, names) => {
      const one = watch(environment);
      await Promise.all(
        names.map(async (name) => {
          const { at = 0, failedAt = 0, outdated } = one.reads[name].snapshot();
          if (!outdated && now() - Math.max(at, failedAt) < (freshMs[name] ?? defaultFreshMs)) return;
          await ask(one, name);
        }),
      );
    },
    touch,
    close: async () => {
      closed = true;
      unsubscribe?.();
      clearInterval(timer);
      watched.clear();
    },
  };
}

function askedForRest({ deployer }: ConsoleEnvironment, ms: number): DeployError {
  const { name } = deployer.environment.providers.target;
  return new DeployError({
    code: "console.provider-rests",
    message: `${name} has asked for fewer calls: it is left alone for ${Math.ceil(ms / 1_000)} s.`,
    hint: "It is asked again by itself.",
    retryable: true,
  });
}
