import assert from "node:assert/strict";
import type { LogLine, LogQuery } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { composed, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";

const element = "logs" as const;
const fixtures = ["app", "print"] as const;
/** Prints need processes, and somebody who reads them. */
const requires = ["logs", "containers"];

async function read(bench: Bench, query: LogQuery = {}): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of bench.part("logs").read(bench.context(), bench.scope, query)) lines.push(line);
  return lines;
}

/** The app is up and has printed `texts`; answers once all of them can be read. */
async function printed(bench: Bench, texts: readonly string[], deploy = true): Promise<readonly LogLine[]> {
  if (deploy) await up(bench, composed(bench));
  await bench.fixture("print")(bench.scope, texts, bench.context());
  const patience = Date.now() + (bench.subject.timeouts?.logs ?? 10_000);
  for (;;) {
    const lines = await read(bench);
    if (texts.every((text) => lines.some((line) => line.text === text))) return lines;
    assert.ok(Date.now() < patience, `not to be read in time: ${texts.join(", ")}`);
    await bench.context().clock.sleep(20);
  }
}

const numbered = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${String(index).padStart(3, "0")}`);

const textsOf = (lines: readonly LogLine[], name: string): readonly string[] =>
  lines.filter(({ text }) => text.startsWith(`${name} `)).map(({ text }) => text);

/** Logs: what the processes print, in one shape. */
export const logs: readonly Scenario[] = [
  defineScenario({
    name: "logs: every line says when, which process and instance, and has a cursor of its own; oldest first",
    element,
    requires,
    fixtures,
    async try(bench) {
      const texts = numbered("line", 20);
      const lines = await printed(bench, texts);
      assert.deepEqual(textsOf(lines, "line"), texts, "lines are lost, doubled or out of order");
      for (const line of lines) {
        assert.match(
          line.time,
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/,
          "time is not ISO 8601 UTC with milliseconds",
        );
        assert.ok(!line.text.endsWith("\n"), "the text still has its newline");
      }
      const ours = lines.filter(({ text }) => texts.includes(text));
      for (const line of ours)
        assert.deepEqual([line.process, line.instance, line.stream], ["web", "web.1", "stdout"]);
      const cursors = new Set(lines.map(({ cursor }) => cursor));
      assert.equal(cursors.size, lines.length, "two lines have one cursor");
    },
  }),
  defineScenario({
    name: "logs: each part of a query narrows: process, text, last, since and until",
    element,
    requires,
    fixtures,
    async try(bench) {
      const texts = ["needle ONE", ...numbered("hay", 8), "needle two"];
      const lines = await printed(bench, texts);
      const narrowed = async (query: LogQuery): Promise<readonly string[]> =>
        (await read(bench, query)).map(({ text }) => text).filter((text) => texts.includes(text));
      assert.deepEqual(await narrowed({ contains: "NEEDLE" }), ["needle ONE", "needle two"]);
      assert.deepEqual(await narrowed({ last: 3 }), texts.slice(-3));
      assert.deepEqual(await narrowed({ last: 0 }), []);
      assert.deepEqual(await narrowed({ processes: ["no-such-process"] }), []);
      assert.deepEqual(await narrowed({ processes: ["web"] }), texts);
      assert.deepEqual(await narrowed({ instance: "web.1", last: 1 }), texts.slice(-1));
      const first = new Date(lines.find(({ text }) => text === texts[0])?.time ?? 0);
      assert.deepEqual(await narrowed({ until: first }), []);
      assert.deepEqual(await narrowed({ since: first }), texts);
      assert.deepEqual(await narrowed({ since: new Date(Date.now() + 3_600_000) }), []);
    },
  }),
  defineScenario({
    name: "logs: behind each cursor it goes on with the next line",
    element,
    requires: [...requires, "logs.resume"],
    fixtures,
    async try(bench) {
      const texts = numbered("step", 12);
      const lines = await printed(bench, texts);
      const start = lines.findIndex(({ text }) => text === texts[0]);
      for (const at of [0, 4, 5, 11]) {
        const rest = await read(bench, { after: lines[start + at]!.cursor });
        assert.deepEqual(
          textsOf(rest, "step"),
          texts.slice(at + 1),
          `behind line ${at} there is a gap or a double`,
        );
      }
    },
  }),
  defineScenario({
    name: "logs: a cursor of somebody else is refused with logs.bad-cursor",
    element,
    requires: ["logs", "logs.resume"],
    async try(bench) {
      const error = await bench.failure("a cursor of somebody else", () =>
        read(bench, { after: "not a cursor" }),
      );
      assert.equal(error.code, "logs.bad-cursor");
    },
  }),
  defineScenario({
    name: "logs: followed over a reconnect, no line is lost and none comes twice",
    element,
    requires: [...requires, "logs.follow", "logs.resume"],
    fixtures,
    async try(bench) {
      await up(bench, composed(bench));
      const texts = numbered("tick", 60);
      const seen: string[] = [];
      const printing = (async () => {
        for (let at = 0; at < texts.length; at += 6) {
          await bench.fixture("print")(bench.scope, texts.slice(at, at + 6), bench.context());
          await bench.context().clock.sleep(5);
        }
      })();
      let cursor: string | undefined;
      const patience = bench.subject.timeouts?.logs ?? 10_000;
      for (let breaks = 0; seen.length < texts.length && breaks < 100; breaks += 1) {
        const connection = new AbortController();
        const query = { follow: true, ...(cursor === undefined ? {} : { after: cursor }) };
        const source = bench
          .part("logs")
          .read(bench.context({ signal: connection.signal }), bench.scope, query);
        const until = seen.length + 7;
        const reading = (async () => {
          for await (const line of source) {
            cursor = line.cursor;
            if (line.text.startsWith("tick ")) seen.push(line.text);
            if (seen.length >= until || seen.length >= texts.length) break;
          }
        })();
        await bench.within(patience, `following, ${seen.length} lines seen`, reading);
        connection.abort();
      }
      await printing;
      assert.deepEqual(seen, texts);
    },
  }),
  defineScenario({
    name: "logs: a follower sees what comes, and ends soon after it is aborted",
    element,
    requires: [...requires, "logs.follow"],
    fixtures,
    async try(bench) {
      await printed(bench, ["old one"]);
      const stop = new AbortController();
      const seen: string[] = [];
      const reading = (async () => {
        const context = bench.context({ signal: stop.signal });
        for await (const line of bench.part("logs").read(context, bench.scope, { follow: true, last: 0 }))
          seen.push(line.text);
      })().catch(() => undefined);
      await bench.context().clock.sleep(100);
      await printed(bench, ["new one"], false);
      const patience = Date.now() + (bench.subject.timeouts?.logs ?? 10_000);
      while (!seen.includes("new one") && Date.now() < patience) await bench.context().clock.sleep(10);
      assert.deepEqual(
        seen.filter((text) => text.endsWith(" one")),
        ["new one"],
      );
      stop.abort();
      await bench.within(bench.subject.timeouts?.abort ?? 3_000, "following, after it was aborted", reading);
    },
  }),
  defineScenario({
    name: "logs: lines of an earlier release can still be read, and say which it was",
    element,
    requires: [...requires, "logs.history"],
    fixtures,
    async try(bench) {
      await printed(bench, ["from the first"]);
      await up(bench, composed(bench, { config: { GREETING: "second" } }));
      const lines = await printed(bench, ["from the second"], false);
      const releases = lines
        .filter(({ text }) => text.startsWith("from the"))
        .map(({ release }) => release ?? 0);
      if (releases.every((release) => release > 0)) assert.deepEqual(releases, [1, 2]);
      assert.equal(releases.length, 2, "lines of the earlier release are gone");
    },
  }),
  defineScenario({
    name: "logs: where nothing has been printed there is nothing, and nothing fails",
    element,
    requires: ["logs"],
    async try(bench) {
      assert.deepEqual(await read(bench), []);
    },
  }),
];
