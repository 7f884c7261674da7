import type { ResolvedJob } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ReleaseRecord } from "../src/protocol.js";
import type { CommandRequest, CommandResult } from "../src/supervisor/command-run.js";
import { runCommand } from "../src/supervisor/command-run.js";
import { emptyState } from "../src/supervisor/environment-state.js";
import { createJobs, type Jobs } from "../src/supervisor/jobs.js";
import type { Machinery } from "../src/supervisor/machinery.js";

vi.mock("../src/supervisor/command-run.js", () => ({ runCommand: vi.fn() }));

const job: ResolvedJob = {
  name: "nightly",
  command: "true",
  schedule: "30 3 * * *",
  timeZone: "Europe/Berlin",
  timeoutMs: 60_000,
};

const release = { number: 4, jobs: [job] } as unknown as ReleaseRecord;
const startedAt: string[] = [];
let said: string[];
let end: (result: Partial<CommandResult>) => void;
let signal: AbortSignal;
let jobs: Jobs;
let state: ReturnType<typeof emptyState>;
const leaving = new AbortController();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  vi.setSystemTime("2026-03-27T12:00:00Z");
  said = [];
  startedAt.length = 0;
  vi.mocked(runCommand).mockImplementation((_machinery, _state, _writer, request: CommandRequest) => {
    startedAt.push(new Date().toISOString());
    signal = request.signal;
    return new Promise((resolve) => {
      end = (result) => resolve({ exitCode: 0, timedOut: false, lastLines: [], ...result });
    });
  });
  state = emptyState("shop", "local");
  const machinery = {
    logs: { append: async (line: { text: string }) => void said.push(line.text) },
    log: (line: string) => said.push(line),
    leaving: leaving.signal,
  } as unknown as Machinery;
  jobs = createJobs(machinery, state, { save: async () => {}, remove: async () => {} });
});

afterEach(() => {
  jobs.stop();
  vi.useRealTimers();
});

const hours = (number: number): Promise<unknown> => vi.advanceTimersByTimeAsync(number * 3_600_000);

describe("jobs", () => {
  it("run by the clock of their time zone, through the change to summer time", async () => {
    jobs.schedule(release);
    expect(jobs.view()).toEqual([
      { name: "nightly", schedule: "30 3 * * * Europe/Berlin", nextRun: "2026-03-28T02:30:00.000Z" },
    ]);
    await hours(24);
    end({});
    // On the 29th clocks go from 02:00 to 03:00: half past three is an hour earlier in UTC.
    await hours(24);
    end({});
    await hours(24);
    expect(startedAt).toEqual([
      "2026-03-28T02:30:00.000Z",
      "2026-03-29T01:30:00.000Z",
      "2026-03-30T01:30:00.000Z",
    ]);
  });

  it("leave out a run while the one before is under way, and say so", async () => {
    jobs.schedule(release);
    await hours(72);
    expect(startedAt).toHaveLength(1);
    expect(said).toEqual(["still running: this run is left out", "still running: this run is left out"]);
    end({});
    await hours(24);
    expect(startedAt).toHaveLength(2);
  });

  it("remember how the last run ended, and say when it failed", async () => {
    jobs.schedule(release);
    await hours(15);
    end({ exitCode: 3 });
    await vi.advanceTimersByTimeAsync(0);
    expect(jobs.view()[0]?.lastRun).toMatchObject({ at: "2026-03-28T02:30:00.000Z", exitCode: 3 });
    expect(said).toEqual(["exited with code 3"]);
    expect(state.jobs.nightly?.exitCode).toBe(3);
  });

  it("are replaced by those of the next release; a run under way goes on and keeps its place", async () => {
    jobs.schedule(release);
    await hours(15);
    expect(startedAt).toHaveLength(1);
    jobs.schedule({ ...release, number: 5 } as ReleaseRecord);
    expect(signal.aborted).toBe(false);
    await hours(24);
    // The same job of the older release still runs: two at once are what the protection is against.
    expect(startedAt).toHaveLength(1);
    end({});
    await hours(24);
    expect(startedAt).toHaveLength(2);
  });

  it("end with their environment, and begin again with it", async () => {
    jobs.schedule(release);
    await hours(15);
    jobs.stop();
    expect(signal.aborted).toBe(true);
    await hours(48);
    expect(startedAt).toHaveLength(1);
    expect(jobs.view()).toEqual([]);
    end({ exitCode: 143 });

    jobs.schedule(release);
    await hours(24);
    expect(startedAt).toHaveLength(2);
    expect(signal.aborted).toBe(false);
  });
});
