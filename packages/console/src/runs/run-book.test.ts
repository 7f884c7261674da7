import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeployEvent } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeLogs, createFakeRegistry } from "../feed/testing/fake-logs.js";
import type { Checkpoint, NewLine } from "../store/types.js";
import { createRunBook, type RunBookOptions } from "./run-book.js";
import type { Run, RunBook, RunEvent } from "./types.js";

let directory: string;
let clock = 1_000_000;
const books: RunBook[] = [];
const shop = { app: "shop", environment: "local" };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "deploy-runs-"));
  clock = 1_000_000;
});

afterEach(async () => {
  for (const book of books.splice(0)) await book.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Ingested {
  readonly lines: readonly Omit<NewLine, "level">[];
  readonly checkpoint: Checkpoint | undefined;
}

async function openBook(
  options: Partial<RunBookOptions> & { readonly releaseOutput?: boolean } = {},
): Promise<RunBook & { readonly ingested: Ingested[] }> {
  const ingested: Ingested[] = [];
  const { deployer } = createFakeLogs({ releaseOutput: options.releaseOutput ?? false });
  const book = await createRunBook({
    directory,
    apps: createFakeRegistry([deployer]),
    feed: {
      clean: (_key, _source, text) => text.replaceAll("hunter2", "<redacted>"),
      ingest: async (_key, lines, checkpoint) => {
        ingested.push({ lines, checkpoint });
      },
    },
    now: () => clock,
    ...options,
  });
  books.push(book);
  return { ...book, ingested };
}

function output(number: number, text: string, step = "image"): RunEvent {
  const time = new Date(clock + number).toISOString();
  const event: DeployEvent = {
    type: "output",
    time,
    message: text,
    id: step,
    label: step,
    stream: "stdout",
    text,
  };
  return { number, event };
}

const up = { ...shop, operation: "up", by: "maria on ci-7" };
const numbers = (events: readonly RunEvent[]): number[] => events.map(({ number }) => number);

describe("the book of runs", () => {
  it("keeps runs and their events over a restart, in files that only their owner reads", async () => {
    const book = await openBook();
    const run = await book.start(up);
    expect(run).toMatchObject({ ...up, state: "running", startedAt: clock });
    await book.append(run.id, [output(1, "a"), output(2, "b")]);
    clock += 5;
    await book.end(run.id, { state: "done", release: 7 });
    const again = await openBook();
    expect(await again.get(run.id)).toEqual({ ...run, state: "done", release: 7, endedAt: clock });
    expect(numbers(await again.events(run.id))).toEqual([1, 2]);
    expect(numbers(await again.events(run.id, 1))).toEqual([2]);
    const [file] = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    expect(statSync(join(file!.parentPath, file!.name)).mode & 0o777).toBe(0o600);
    expect(statSync(file!.parentPath).mode & 0o777).toBe(0o700);
  });

  it("drops numbers that are there already, and what comes behind the end", async () => {
    const book = await openBook();
    const { id } = await book.start(up);
    await Promise.all([
      book.append(id, [output(1, "a"), output(2, "b")]),
      book.append(id, [output(1, "a"), output(2, "b"), output(4, "d")]),
    ]);
    await book.end(id, { state: "failed" });
    await book.end(id, { state: "done" });
    await book.append(id, [output(5, "late")]);
    expect(numbers(await book.events(id))).toEqual([1, 2, 4]);
    expect((await book.get(id))?.state).toBe("failed");
  });

  it("goes on behind what a crash has torn", async () => {
    const book = await openBook();
    const { id } = await book.start(up);
    await book.append(id, [output(1, "a")]);
    const [file] = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    appendFileSync(join(file!.parentPath, file!.name), '{"number":2,"eve');
    const again = await openBook();
    await again.append(id, [output(2, "b")]);
    expect(numbers(await (await openBook()).events(id))).toEqual([1, 2]);
  });

  it("a run that is silent for a minute is lost, and a late event brings it back", async () => {
    const book = await openBook({ lostAfterMs: 40 });
    const told: Run["state"][] = [];
    book.subscribe((run) => told.push(run.state));
    const { id } = await book.start(up);
    clock += 40;
    expect((await book.get(id))?.state).toBe("lost");
    await expect.poll(() => told).toEqual(["running", "lost"]);
    await book.append(id, [output(1, "still here")]);
    expect((await book.get(id))?.state).toBe("running");
    expect(told).toEqual(["running", "lost", "running"]);
  });

  it("one that was under way when the console was stopped is told to be lost, too, once it is", async () => {
    const { id } = await (await openBook()).start(up);
    clock = Date.now();
    const again = await openBook({ lostAfterMs: 300 });
    const told: Run["state"][] = [];
    again.subscribe((run) => told.push(run.state));
    expect((await again.get(id))?.state).toBe("running");
    clock += 300;
    await expect.poll(() => told).toEqual(["lost"]);
    await again.append(id, [output(1, "still here")]);
    expect((await again.get(id))?.state).toBe("running");
  });

  it("tells listeners of what is stored, without secrets", async () => {
    const book = await openBook();
    const heard: string[] = [];
    book.subscribe((_run, events) => {
      for (const { event } of events) heard.push(JSON.stringify(event));
    });
    const run = await book.start({ ...up, by: "hunter2" });
    await book.append(run.id, [output(1, "password hunter2", "step hunter2")]);
    expect(heard).toHaveLength(1);
    expect(JSON.stringify([run, heard, await book.events(run.id)])).not.toContain("hunter2");
  });

  it("keeps the newest runs of each environment only", async () => {
    const book = await openBook({ mostRuns: 3 });
    const other = await book.start({ ...up, environment: "review/1" });
    for (let count = 0; count < 5; count++) {
      clock += 1;
      const { id } = await book.start(up);
      await book.end(id, { state: "done" });
    }
    expect((await book.list("shop", "local", 10)).map(({ startedAt }) => startedAt - 1_000_000)).toEqual([
      5, 4, 3,
    ]);
    expect((await book.list("shop", "review/1", 10)).map(({ id }) => id)).toEqual([other.id]);
    expect(await (await openBook()).list("shop", "local", 10)).toHaveLength(3);
  });
});

describe("output of build and release command", () => {
  const events = [output(1, "Step 1/3"), output(2, "migrating", "release-command")];

  it("becomes lines of its release where the provider keeps none, once", async () => {
    const book = await openBook();
    const { id } = await book.start(up);
    await book.append(id, events);
    await book.end(id, { state: "done", release: 3 });
    await book.end(id, { state: "done", release: 3 });
    expect(book.ingested).toEqual([
      {
        checkpoint: { source: `run ${id}`, cursor: "2" },
        lines: [
          {
            time: clock + 1,
            process: "build",
            instance: "build.1",
            stream: "stdout",
            text: "Step 1/3",
            release: 3,
          },
          {
            time: clock + 2,
            process: "release",
            instance: "release.1",
            stream: "stdout",
            text: "migrating",
            release: 3,
          },
        ],
      },
    ]);
  });

  it("comes from the provider where that keeps it, never from both", async () => {
    const book = await openBook({ releaseOutput: true });
    const { id } = await book.start(up);
    await book.append(id, events);
    await book.end(id, { state: "done", release: 3 });
    expect(book.ingested).toEqual([]);
  });
});
