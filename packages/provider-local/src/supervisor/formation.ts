import type { ProcessStatus, ResolvedProcess } from "@deploy/core";
import type { ReleaseRecord } from "../protocol.js";
import type { EnvironmentState, InstanceRecord, StateWriter } from "./environment-state.js";
import { describeEnding } from "./instance.js";
import type { Instance, Instances } from "./instances.js";
import type { Machinery } from "./machinery.js";

/** The place of one instance, `web.1`: it stays when what fills it crashes or is replaced. */
export interface Slot {
  readonly name: string;
  readonly number: number;
  readonly definition: ResolvedProcess;
  readonly release: ReleaseRecord;
  instance?: Instance | undefined;
  restarts: number;
  /** When it crashed lately, milliseconds since 1970. */
  crashes: number[];
  problem?: string | undefined;
  since: string;
}

/** Pause before the first restart, in milliseconds; each further crash doubles it, up to the longest. */
const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** So many crashes within so many milliseconds are a crash loop. */
const crashLoop = { count: 5, withinMs: 60_000 };

/** What is in service in one environment: slots kept filled, and the proxy kept true. */
export interface Formation {
  readonly slots: ReadonlyMap<string, Slot>;
  /** Puts other slots into service at once: the switch of a rollout. Answers with the instances left over. */
  swap(next: readonly Slot[]): Instance[];
  /** Takes slots out; answers with their instances. */
  take(names: readonly string[]): Instance[];
  /** Fills an empty slot, again and again until it stays. */
  fill(slot: Slot, pauseMs: number): void;
  /** Takes no new request, ends open ones within the drain limit, stops. Goes on in the background. */
  retire(instance: Instance, options?: { readonly drainMs?: number }): Promise<void>;
  /** Resolves once everything that was retired is gone. */
  settled(): Promise<void>;
  view(desired: Readonly<Record<string, number>>): ProcessStatus[];
  /** Tells the proxy who serves. */
  syncServices(): void;
}

/** Id of a process as a service of the proxy. */
export function serviceId(app: string, environment: string, process: string): string {
  return `${app}/${environment}/${process}`;
}

/** Makes the formation of one environment; nothing runs until it is told to. */
export function createFormation(
  machinery: Machinery,
  state: EnvironmentState,
  writer: StateWriter,
  instances: Instances,
  hostOf: (process: string) => string,
): Formation {
  const slots = new Map<string, Slot>();
  const retiring = new Set<Promise<void>>();

  const say = (record: InstanceRecord, text: string): void => {
    const { app, environment } = state;
    void machinery.logs
      .append({
        app,
        environment,
        process: record.process,
        instance: record.name,
        release: record.release,
        text,
      })
      .catch(() => {});
  };

  const current = (slot: Slot): boolean => slots.get(slot.name) === slot && !machinery.leaving.aborted;

  const watch = (slot: Slot, instance: Instance): void => {
    void instance.running.ended.then(async (ending) => {
      if (!current(slot) || slot.instance !== instance) return;
      slot.instance = undefined;
      slot.restarts += 1;
      const now = Date.now();
      slot.crashes = [...slot.crashes.filter((at) => now - at < crashLoop.withinMs), now];
      slot.problem = describeEnding(ending);
      slot.since = new Date(now).toISOString();
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (slot.crashes.length - 1));
      syncServices();
      const looping = slot.crashes.length === crashLoop.count ? "; it is in a crash loop" : "";
      say(
        instance.record,
        `${slot.name} ${slot.problem}${looping}; starting it again in ${pauseMs / 1000} s`,
      );
      // What its children left behind may still hold the port or the database.
      await instance.running.stop(slot.definition.stopWithinMs);
      await instances
        .discard(instance.record)
        .catch((error) => machinery.log(`clean-up of ${slot.name}: ${error}`));
      fill(slot, pauseMs);
    });
  };

  const put = (slot: Slot, instance: Instance): void => {
    slot.instance = instance;
    slot.since = instance.record.startedAt;
    slots.set(slot.name, slot);
    watch(slot, instance);
  };

  const fill = (slot: Slot, pauseMs: number): void => {
    slots.set(slot.name, slot);
    const attempt = async (): Promise<void> => {
      if (!current(slot)) return;
      const instance = await instances.start(slot.definition, slot.release, slot.number, "serving");
      if (!current(slot)) return instances.stop(instance);
      slot.instance = instance;
      slot.since = instance.record.startedAt;
      instance.state = "starting";
      watch(slot, instance);
      const problem = await instances.healthy(instance, hostOf(slot.definition.name));
      if (slot.instance !== instance) return;
      if (problem === undefined) {
        syncServices();
        return;
      }
      slot.problem = problem;
      say(instance.record, `${slot.name} is not healthy: ${problem}; it is stopped and started again`);
      await instance.running.stop(slot.definition.stopWithinMs);
    };
    const timer = setTimeout(() => {
      attempt().catch((error: unknown) => {
        slot.problem = error instanceof Error ? error.message : String(error);
        machinery.log(`${state.app}/${state.environment} ${slot.name}: ${slot.problem}`);
        if (current(slot) && slot.instance === undefined) fill(slot, longestPauseMs);
      });
    }, pauseMs);
    // A supervisor that leaves does not wait for it, and finds it not wanted any more.
    timer.unref();
  };

  const syncServices = (): void => {
    const byProcess = new Map<string, Slot[]>();
    for (const slot of slots.values()) {
      byProcess.set(slot.definition.name, [...(byProcess.get(slot.definition.name) ?? []), slot]);
    }
    for (const [process, members] of byProcess) {
      if (members[0]?.definition.listens !== true) continue;
      const upstreams = members.flatMap((slot) =>
        slot.instance?.state === "running" && slot.instance.record.port !== undefined
          ? [{ id: slot.instance.record.run, host: "127.0.0.1", port: slot.instance.record.port }]
          : [],
      );
      const problem = members.find((slot) => slot.problem !== undefined)?.problem;
      machinery.proxy.setService(serviceId(state.app, state.environment, process), {
        app: state.app,
        environment: state.environment,
        process,
        upstreams,
        unavailable: problem === undefined ? `${process} is starting.` : `${process} ${problem}.`,
      });
    }
  };

  const retire = (instance: Instance, options: { readonly drainMs?: number } = {}): Promise<void> => {
    const work = (async (): Promise<void> => {
      if (instance.record.port !== undefined) {
        const limitMs = options.drainMs ?? instance.definition.drainMs;
        await machinery.proxy
          .drain(instance.record.run, { limitMs, signal: machinery.leaving })
          .catch(() => {});
      }
      if (machinery.leaving.aborted) return;
      await instances.stop(instance);
    })().catch((error) => machinery.log(`stopping ${instance.record.name}: ${error}`));
    retiring.add(work);
    void work.finally(() => retiring.delete(work));
    return work;
  };

  return {
    slots,
    syncServices,
    fill,
    retire,
    swap(next) {
      const old = [...slots.values()].flatMap((slot) => slot.instance ?? []);
      const kept = new Set(next.flatMap((slot) => slot.instance ?? []));
      const gone = new Set([...slots.values()].map((slot) => slot.definition.name));
      slots.clear();
      for (const slot of next) {
        gone.delete(slot.definition.name);
        if (slot.instance !== undefined) put(slot, slot.instance);
        else slots.set(slot.name, slot);
      }
      for (const process of gone)
        void machinery.proxy.removeService(serviceId(state.app, state.environment, process));
      syncServices();
      return old.filter((instance) => !kept.has(instance));
    },
    take(names) {
      const taken = names.flatMap((name) => slots.get(name)?.instance ?? []);
      for (const name of names) slots.delete(name);
      syncServices();
      return taken;
    },
    async settled() {
      while (retiring.size > 0) await Promise.all(retiring);
      await writer.save();
    },
    view(desired) {
      const names = new Set([
        ...Object.keys(desired),
        ...[...slots.values()].map((slot) => slot.definition.name),
      ]);
      return [...names].map((name) => {
        const port = state.ports[name];
        return {
          name,
          desired: desired[name] ?? 0,
          instances: [...slots.values()]
            .filter((slot) => slot.definition.name === name)
            .sort((a, b) => a.number - b.number)
            .map((slot) => ({
              name: slot.name,
              state:
                slot.instance?.state ?? (slot.crashes.length >= crashLoop.count ? "crash-loop" : "crashed"),
              release: slot.release.number,
              since: slot.since,
              restarts: slot.restarts,
              ...(slot.problem === undefined ? {} : { problem: slot.problem }),
            })),
          ...(port === undefined ? {} : { address: `http://127.0.0.1:${port}` }),
        };
      });
    },
  };
}
