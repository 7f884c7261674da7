import type { Command, Route } from "@deploy/core";
import { readAllProcesses } from "../operating-system/process-table.js";
import type { EnvironmentView, ReleaseRecord, ReleaseRequest } from "../protocol.js";
import type { EnvironmentParts } from "./environment-parts.js";
import { recoverEnvironment } from "./environment-recovery.js";
import { createStateWriter, type EnvironmentState } from "./environment-state.js";
import { createViewer } from "./environment-view.js";
import { createFormation, serviceId } from "./formation.js";
import { createInstances } from "./instances.js";
import { createJobs } from "./jobs.js";
import type { Machinery, Reporter } from "./machinery.js";
import { createOneOffs, type OneOffs } from "./one-offs.js";
import { createReleaseBook } from "./release-book.js";
import { runReleaseCommand } from "./release-command.js";
import { pruneReleases } from "./release-pruning.js";
import { rollOut } from "./rollout.js";
import { killRun } from "./run-identity.js";
import { scaleTo } from "./scale.js";
import { createTurns } from "./turns.js";

/** How many instances of each process. */
export type Counts = Readonly<Record<string, number>>;

/** One environment of one app, as the supervisor runs it; what changes it takes turns. */
export interface Environment {
  readonly state: EnvironmentState;
  readonly oneOffs: OneOffs;
  view(): Promise<EnvironmentView>;
  /** Picks up what an earlier supervisor left. */
  recover(): Promise<void>;
  /** Stores a release under the next number; the same again as the newest one answers with that. */
  createRelease(request: ReleaseRequest): Promise<ReleaseRecord>;
  runReleaseCommand(
    release: number,
    request: { readonly command: Command; readonly timeoutMs: number; readonly again: boolean },
    reporter: Reporter,
  ): Promise<void>;
  /** Puts a release into service; of the one that serves only the numbers are changed. */
  rollOut(release: number, counts: Counts, reporter: Reporter): Promise<void>;
  scale(counts: Counts, reporter: Reporter): Promise<void>;
  restart(process: string | undefined, reporter: Reporter): Promise<void>;
  setRoutes(routes: readonly Route[]): Promise<void>;
  reservePort(process: string): Promise<number>;
  save(): Promise<void>;
  /** Stops every process; data, logs and records stay. */
  stopProcesses(): Promise<void>;
  /** Stops everything and removes the environment's directory. */
  remove(): Promise<void>;
}

/** Opens one environment; nothing is started before `recover` or a rollout. */
export function openEnvironment(machinery: Machinery, state: EnvironmentState): Environment {
  const { app, environment } = state;
  const writer = createStateWriter(machinery.home, state);
  const instances = createInstances(machinery, state, writer);
  // Frameworks answer only to host names they know: a health check asks under the first one that leads there.
  const hostOf = (process: string): string =>
    state.routes.flatMap((route) => ("process" in route && route.process === process ? route.host : []))[0] ??
    "localhost";
  const formation = createFormation(machinery, state, writer, instances, hostOf);
  const jobs = createJobs(machinery, state, writer);
  const releases = createReleaseBook(machinery, state, writer);
  const parts: EnvironmentParts = { machinery, state, writer, instances, formation, jobs, releases, hostOf };
  const inTurn = createTurns();

  const putIntoService = async (
    release: ReleaseRecord,
    counts: Counts,
    reporter: Reporter,
  ): Promise<void> => {
    state.rollout = { release: release.number };
    await writer.save();
    await releases.prepare(release);
    await rollOut(parts, { release, counts }, reporter).catch(async (thrown: unknown) => {
      const failure = thrown instanceof Error ? thrown.message : String(thrown);
      state.releases = state.releases.map((one) =>
        one.number === release.number && one.state === "pending" ? { ...one, state: "failed", failure } : one,
      );
      await writer.save().catch(() => {});
      throw thrown;
    });
    jobs.schedule(release);
    machinery.routesChanged();
    void pruneReleases(machinery, state, writer).catch((error) => machinery.log(`pruning ${app}: ${error}`));
  };

  const stopProcesses = async (): Promise<void> => {
    jobs.stop();
    const processes = await readAllProcesses();
    await Promise.all(state.commands.map((command) => killRun(command, processes)));
    for (const instance of formation.take([...formation.slots.keys()])) {
      void formation.retire(instance, { drainMs: 0 });
    }
    await formation.settled();
    for (const name of Object.keys(state.ports)) {
      await machinery.proxy.removeService(serviceId(app, environment, name));
    }
    Object.assign(state, { serving: undefined, ports: {}, commands: [] });
    await writer.save();
  };

  return {
    state,
    oneOffs: createOneOffs(parts),
    view: createViewer(parts),
    recover: () => inTurn(() => recoverEnvironment(parts)),
    createRelease: (request) => inTurn(() => releases.create(request)),
    reservePort: (process) => inTurn(() => releases.reservePort(process)),
    runReleaseCommand: (number, command, reporter) =>
      inTurn(async () => {
        const release = releases.find(number);
        await releases.prepare(release);
        await runReleaseCommand(machinery, state, writer, { release, ...command }, reporter);
      }),
    rollOut: (number, counts, reporter) =>
      inTurn(async () => {
        const release = releases.find(number);
        if (state.serving?.release === number) await scaleTo(parts, release, counts, reporter);
        else await putIntoService(release, counts, reporter);
      }),
    scale: (counts, reporter) => inTurn(async () => scaleTo(parts, releases.serving(), counts, reporter)),
    restart: (process, reporter) =>
      inTurn(async () => {
        const release = releases.serving();
        const counts = state.serving?.instances ?? {};
        const only = process === undefined ? {} : { only: new Set([process]) };
        await rollOut(parts, { release, counts, ...only }, reporter);
      }),
    async setRoutes(routes) {
      state.routes = routes;
      await writer.save();
      machinery.routesChanged();
    },
    save: () => writer.save(),
    stopProcesses: () => inTurn(stopProcesses),
    remove: () =>
      inTurn(async () => {
        await stopProcesses();
        for (const record of [...state.instances]) await instances.discard(record).catch(() => {});
        state.routes = [];
        machinery.routesChanged();
        await machinery.logs.flush().catch(() => {});
        await writer.remove();
      }),
  };
}
