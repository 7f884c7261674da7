import type { LogLine, LogQuery } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogs } from "../src/logs/read-logs.js";
import { type Bench, createBench } from "./bench.js";

let bench: Bench;
beforeEach(async () => {
  bench = await createBench({ delays: { logSessionOpen: 250 } });
  await bench.apply(bench.provider().servers.resources(bench.scope, { memory: 0, instances: 1 }).resources);
  bench.double.state.apps[0]!.logs.length = 0;
});
afterEach(async () => {
  const { failures, violations } = bench.double;
  await bench.double.close();
  expect(failures).toEqual([]);
  expect(violations).toEqual([]);
});

let microseconds = 0;
function line(process: string, message: string, source = "app"): void {
  // Every third line shares its microsecond with the one before: nothing but its text and place tells it apart.
  if (microseconds % 3 !== 0) microseconds += 1;
  else microseconds += 2;
  const at = new Date(Date.now() - 60_000)
    .toISOString()
    .replace("Z", `${String(microseconds % 1000).padStart(3, "0")}+00:00`);
  bench.double.state.apps[0]!.logs.push({ at, source, process, message });
}

async function read(query: LogQuery = {}, changes = {}): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const one of createLogs(bench.own()).read(bench.context(changes), bench.scope, query))
    lines.push(one);
  return lines;
}
const texts = (lines: readonly LogLine[]): string[] => lines.map(({ text }) => text);

describe("logs", () => {
  it("are read oldest first, and narrowed by process, instance, text, number and time", async () => {
    line("web.1", "one");
    line("web.2", "two NEEDLE");
    line("worker.1", "three");
    line("web.1", "State changed from starting to up", "heroku");
    line("router", "at=info dyno=web.1 status=200", "heroku");
    expect(texts(await read())).toHaveLength(5);
    expect(texts(await read({ processes: ["worker"] }))).toEqual(["three"]);
    expect((await read({ instance: "web.1" })).map(({ stream }) => stream)).toEqual(["stdout", "system"]);
    expect(texts(await read({ contains: "needle" }))).toEqual(["two NEEDLE"]);
    expect(texts(await read({ processes: ["web"], last: 2 }))).toEqual([
      "State changed from starting to up",
      "at=info dyno=web.1 status=200",
    ]);
    expect(await read({ last: 0 })).toEqual([]);
    expect(await read({ since: new Date(Date.now() + 60_000) })).toEqual([]);
  });

  it("go on behind every cursor, without gap or double", async () => {
    for (let index = 0; index < 30; index += 1) line("web.1", `same ${index % 2}`);
    const all = await read();
    for (const [index, one] of all.entries()) {
      const rest = await read({ after: one.cursor });
      expect(rest.map(({ cursor }) => cursor)).toEqual(all.slice(index + 1).map(({ cursor }) => cursor));
    }
    await expect(read({ after: "nobody's" })).rejects.toMatchObject({ code: "logs.bad-cursor" });
  });

  it("are followed over sessions that end and sessions that are cut: no line is lost, none comes twice", async () => {
    const stop = new AbortController();
    line("web.1", "old");
    const seen: string[] = [];
    const following = (async () => {
      const context = bench.context({ signal: stop.signal });
      for await (const one of createLogs(bench.own()).read(context, bench.scope, { follow: true, last: 0 })) {
        seen.push(one.text);
        if (seen.length >= 120) break;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const wanted: string[] = [];
    for (let index = 0; index < 120; index += 1) {
      wanted.push(`line ${index}`);
      line(`web.${1 + (index % 2)}`, `line ${index}`);
      await new Promise((resolve) => setTimeout(resolve, 12));
    }
    await Promise.race([following, new Promise((resolve) => setTimeout(resolve, 15_000))]);
    stop.abort();
    await following;
    expect(seen).toEqual(wanted);
    const sessions = bench.double.ledger.calls.filter(
      ({ path, method }) => method === "POST" && path.endsWith("/log-sessions"),
    );
    expect(sessions.length).toBeGreaterThan(2);
  });

  it("end soon after they are aborted, and never tell the address of their session", async () => {
    const stop = new AbortController();
    const following = read({ follow: true }, { signal: stop.signal });
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop.abort();
    await following.catch(() => undefined);
    bench.double.faults.set({
      host: "streams",
      path: /^\/logs\//,
      times: 99,
      does: { kind: "answer", status: 500, id: "x" },
    });
    const failure = await read().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "logs.unavailable" });
    bench.double.faults.clear();
    bench.double.faults.set({ host: "streams", path: /^\/logs\//, times: 99, does: { kind: "reset" } });
    const cut = await read().catch((error: unknown) => error);
    for (const error of [failure, cut]) {
      const { message, stack, cause } = error as Error;
      expect(JSON.stringify([error, message, stack, cause])).not.toMatch(/\/logs\/[0-9a-f-]{36}/);
    }
  });

  it("are nobody's but those of an app of ours", async () => {
    line("web.1", "secret of somebody else");
    bench.double.state.apps[0]!.config = {};
    expect(await read()).toEqual([]);
  });
});
