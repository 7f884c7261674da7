import type { JobStatus, ResolvedJob } from "@deploy/core";
import { Cron } from "croner";
import type { ReleaseRecord } from "../protocol.js";
import { runCommand } from "./command-run.js";
import type { EnvironmentState, StateWriter } from "./environment-state.js";
import type { Machinery } from "./machinery.js";

/** The scheduled tasks of one environment. */
export interface Jobs {
  /** Replaces all schedules by those of the release in service; a run under way goes on. */
  schedule(release: ReleaseRecord | undefined): void;
  view(): JobStatus[];
  /** Stops all schedules and ends runs under way. */
  stop(): void;
}

/** Makes the jobs of one environment; a run that is due while the one before still runs is left out and said so. */
export function createJobs(machinery: Machinery, state: EnvironmentState, writer: StateWriter): Jobs {
  let scheduled: { readonly job: ResolvedJob; readonly cron: Cron }[] = [];
  // By name, not by schedule: a run of the release before is a run, too.
  const running = new Set<string>();
  let ending = new AbortController();
  machinery.leaving.addEventListener("abort", () => ending.abort(), { once: true });

  const say = (
    job: ResolvedJob,
    release: number,
    text: string,
    stream?: "stdout" | "stderr",
  ): Promise<void> =>
    machinery.logs.append({
      app: state.app,
      environment: state.environment,
      process: `job:${job.name}`,
      instance: `job:${job.name}.1`,
      release,
      text,
      ...(stream === undefined ? {} : { stream }),
    });

  const runOnce = async (job: ResolvedJob, release: ReleaseRecord): Promise<void> => {
    const at = new Date();
    const result = await runCommand(machinery, state, writer, {
      command: job.command,
      release,
      process: `job:${job.name}`,
      timeoutMs: job.timeoutMs,
      signal: ending.signal,
      onLine: (text, stream) => say(job, release.number, text, stream),
    });
    const seconds = Math.round((Date.now() - at.getTime()) / 100) / 10;
    const { exitCode, timedOut } = result;
    state.jobs[job.name] = { at: at.toISOString(), exitCode, seconds };
    await writer.save();
    if (exitCode !== 0) {
      await say(
        job,
        release.number,
        timedOut ? `stopped after ${seconds} s: out of time` : `exited with code ${exitCode}`,
      );
    }
  };

  const runProtected = async (job: ResolvedJob, release: ReleaseRecord): Promise<void> => {
    if (running.has(job.name)) return say(job, release.number, "still running: this run is left out");
    running.add(job.name);
    try {
      await runOnce(job, release);
    } finally {
      running.delete(job.name);
    }
  };

  return {
    schedule(release) {
      for (const { cron } of scheduled) cron.stop();
      scheduled = (release?.jobs ?? []).map((job) => ({
        job,
        cron: new Cron(
          job.schedule,
          {
            timezone: job.timeZone,
            mode: "5-part",
            catch: (error) => machinery.log(`job ${job.name} of ${state.app}/${state.environment}: ${error}`),
          },
          () => (release === undefined ? undefined : runProtected(job, release)),
        ),
      }));
    },
    view: () =>
      scheduled.map(({ job, cron }) => {
        const next = cron.nextRun();
        const last = state.jobs[job.name];
        return {
          name: job.name,
          schedule: job.timeZone === "UTC" ? job.schedule : `${job.schedule} ${job.timeZone}`,
          ...(next === null ? {} : { nextRun: next.toISOString() }),
          ...(last === undefined ? {} : { lastRun: last }),
        };
      }),
    stop() {
      for (const { cron } of scheduled) cron.stop();
      scheduled = [];
      ending.abort();
      // What is put into service after a `down` runs its jobs again.
      ending = new AbortController();
    },
  };
}
