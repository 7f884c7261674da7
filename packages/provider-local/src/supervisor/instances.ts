import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { InstanceStatus, ResolvedProcess } from "@deploy/core";
import { findFreePort } from "../operating-system/free-port.js";
import { isAlive } from "../operating-system/process-identity.js";
import { readAllProcesses } from "../operating-system/process-table.js";
import type { ReleaseRecord } from "../protocol.js";
import {
  type EnvironmentState,
  environmentDirectory,
  type InstanceRecord,
  type InstanceRole,
  type StateWriter,
} from "./environment-state.js";
import { waitUntilHealthy } from "./health.js";
import { adoptProcess, describeEnding, type Ending, type RunningProcess, startProcess } from "./instance.js";
import type { LogSource } from "./log-store/index.js";
import type { Machinery } from "./machinery.js";
import { processEnvironment } from "./process-environment.js";
import { killRun } from "./run-identity.js";
import { cannotStart } from "./spawn-failure.js";

/** Ports for instances: below the range that outgoing connections are given ports of. */
const portRange = { from: 21_000, to: 31_000 };

/** How long the rest of an ended run's output may take to be stored, in milliseconds. */
const detachLimitMs = 10_000;

/** A run of an instance, with what is known of it only while the supervisor lives. */
export interface Instance {
  record: InstanceRecord;
  readonly definition: ResolvedProcess;
  readonly running: RunningProcess;
  state: InstanceStatus["state"];
  /** Aborted when it ends. */
  readonly life: AbortSignal;
  ending?: Ending;
}

/** Starts, adopts and stops single instances of one environment, and keeps the records true. */
export interface Instances {
  /** Starts one and returns at once; `host` is the name it is asked under. Throws `containers.cannot-start`. */
  start(
    definition: ResolvedProcess,
    release: ReleaseRecord,
    number: number,
    role: InstanceRole,
  ): Promise<Instance>;
  /** Waits for its health; returns what is wrong, or undefined. */
  healthy(instance: Instance, host: string): Promise<string | undefined>;
  /** Takes over what an earlier supervisor started; undefined when it no longer lives. */
  adopt(record: InstanceRecord, definition: ResolvedProcess): Promise<Instance | undefined>;
  /** Changes what it is for; in memory until the state is saved. */
  setRole(instance: Instance, role: InstanceRole): void;
  /** TERM, wait, KILL, its output stored, its record gone. */
  stop(instance: Instance): Promise<void>;
  /** Cleans up behind a record whose process is not wanted or no longer lives. */
  discard(record: InstanceRecord): Promise<void>;
}

/** The instances of one environment. */
export function createInstances(
  machinery: Machinery,
  state: EnvironmentState,
  writer: StateWriter,
): Instances {
  const { home, logs } = machinery;
  const directory = environmentDirectory(home, state.app, state.environment);

  const sourceOf = (record: InstanceRecord): LogSource => ({
    id: record.run,
    app: state.app,
    environment: state.environment,
    process: record.process,
    instance: record.name,
    release: record.release,
    stdout: join(directory, "output", `${record.run}.stdout`),
    stderr: join(directory, "output", `${record.run}.stderr`),
  });

  const replace = (record: InstanceRecord): void => {
    const index = state.instances.findIndex((other) => other.run === record.run);
    if (index < 0) state.instances.push(record);
    else state.instances[index] = record;
  };

  const forget = async (record: InstanceRecord): Promise<void> => {
    // While the disk is full its output stays where it is; the record too, and the next supervisor stores the rest.
    const stored = await withinMs(detachLimitMs, logs.detach(sourceOf(record)));
    if (!stored) return;
    state.instances = state.instances.filter((other) => other.run !== record.run);
    if (record.port !== undefined) machinery.portsInUse.delete(record.port);
    await writer.save();
  };

  const track = (record: InstanceRecord, definition: ResolvedProcess, running: RunningProcess): Instance => {
    const life = new AbortController();
    const instance: Instance = {
      record,
      definition,
      running,
      state: record.role === "starting" ? "starting" : "running",
      life: life.signal,
    };
    void running.ended.then((ending) => {
      instance.ending = ending;
      life.abort();
    });
    return instance;
  };

  return {
    async start(definition, release, number, role) {
      const name = `${definition.name}.${number}`;
      const run = `${name}-${release.number}-${randomBytes(5).toString("hex")}`;
      const port = definition.listens ? await takePort(machinery.portsInUse) : undefined;
      let record: InstanceRecord = {
        run,
        name,
        process: definition.name,
        release: release.number,
        role,
        startedAt: new Date().toISOString(),
        ...(port === undefined ? {} : { port }),
      };
      // Written down before it is started: if we die in between, the next supervisor looks for it by its run id.
      replace(record);
      await writer.save();
      const cwd = join(directory, "releases", String(release.number));
      let environment: Record<string, string> = {};
      try {
        const source = sourceOf(record);
        environment = await processEnvironment({
          app: state.app,
          environment: state.environment,
          release,
          directory: cwd,
          secrets: machinery.secrets,
          config: definition.config,
          process: definition.name,
          instance: name,
          run,
          ...(port === undefined ? {} : { port }),
        });
        const { stdout, stderr } = source;
        const { command } = definition;
        const running = await startProcess({ command, directory: cwd, environment, stdout, stderr });
        record = { ...record, pid: running.pid, startTime: running.startTime };
        replace(record);
        await Promise.all([writer.save(), logs.attach(source)]);
        return track(record, definition, running);
      } catch (thrown) {
        await this.discard(record).catch(() => {});
        throw cannotStart({ what: name, command: definition.command, directory: cwd, environment }, thrown);
      }
    },

    async healthy(instance, host) {
      const { port } = instance.record;
      const problem = await waitUntilHealthy(
        { health: instance.definition.health, host, ...(port === undefined ? {} : { port }) },
        instance.life,
      );
      if (instance.ending !== undefined) return `it ${describeEnding(instance.ending)}`;
      if (problem === undefined) instance.state = "running";
      return problem;
    },

    async adopt(record, definition) {
      if (record.pid === undefined || record.startTime === undefined) return undefined;
      const identity = { pid: record.pid, startTime: record.startTime };
      if (!(await isAlive(identity))) return undefined;
      if (record.port !== undefined) machinery.portsInUse.add(record.port);
      await logs.attach(sourceOf(record));
      return track(record, definition, adoptProcess(identity));
    },

    setRole(instance, role) {
      instance.record = { ...instance.record, role };
      if (role === "draining") instance.state = "draining";
      replace(instance.record);
    },

    async stop(instance) {
      instance.state = "stopping";
      await instance.running.stop(instance.definition.stopWithinMs);
      // A child that has left the group, as daemons do, still carries the run's id.
      await killRun({ run: instance.record.run }, await readAllProcesses());
      await forget(instance.record);
    },

    async discard(record) {
      await killRun(record, await readAllProcesses());
      await logs.attach(sourceOf(record)).catch(() => {});
      await forget(record);
    },
  };
}

async function takePort(inUse: Set<number>): Promise<number> {
  // A random start spreads the ports, so that one which was just given back is not taken again at once.
  const from = portRange.from + Math.floor(Math.random() * (portRange.to - portRange.from - 1000));
  const port = await findFreePort({ host: "127.0.0.1", from, to: portRange.to, avoid: inUse });
  inUse.add(port);
  return port;
}

async function withinMs(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
