import { request } from "node:http";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type WebSocket from "ws";
import type { LiveMessage, LogHistogram, LogPage } from "../shared/log-types.js";
import { openTestConsole, type SignedIn, type TestConsole } from "./testing/console.js";

let it: TestConsole;
let viewer: SignedIn;
const base = "/api/apps/shop/environments/production/logs";

beforeAll(async () => {
  it = await openTestConsole();
  viewer = await it.person("viewer@example.org", { shop: "viewer" });
  await it.ingest(1_000, (index) => ({
    text: index % 10 === 0 ? `ERROR \u001b[31mnumber ${index}` : `line ${index}`,
  }));
});
afterAll(() => it.end());

/** The messages of a socket, as they come. */
function listen(socket: WebSocket): {
  readonly messages: LiveMessage[];
  seqs(): number[];
  until(what: () => boolean): Promise<void>;
  readonly closed: Promise<number>;
} {
  const messages: LiveMessage[] = [];
  socket.on("message", (data) => messages.push(JSON.parse(data.toString())));
  const closed = new Promise<number>((resolve) => {
    socket.on("close", resolve);
    socket.on("unexpected-response", (_, answer) => resolve(answer.statusCode ?? 0));
  });
  return {
    messages,
    closed,
    seqs: () => messages.flatMap((one) => (one.type === "lines" ? one.lines.map(({ seq }) => seq) : [])),
    until: async (what) => {
      for (let tries = 0; !what(); tries += 1) {
        if (tries > 1_000)
          throw new Error(`never came; last: ${JSON.stringify(messages.at(-1))?.slice(0, 200)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}

const caughtUp = ({ messages }: { messages: LiveMessage[] }): boolean =>
  messages.some(({ type }) => type === "caught-up");

/** The numbers of the lines that a viewer was told it has not been sent. */
function missedBy({ messages }: { messages: readonly LiveMessage[] }): readonly number[] {
  return messages.flatMap((one) =>
    one.type === "skipped"
      ? Array.from({ length: one.to - one.from + 1 }, (_, index) => one.from + index)
      : [],
  );
}

describe("the history", () => {
  test("in pages", async () => {
    const newest = await it.ask<LogPage>(`${base}?limit=3`, { as: viewer });
    const { lines, newestSeq: last = 0 } = newest.body;
    expect(lines.map(({ seq }) => seq)).toEqual([last - 2, last - 1, last]);
    expect(newest.body).toMatchObject({ hasOlder: true, hasNewer: false, oldestSeq: 1 });
    const around = await it.ask<LogPage>(`${base}?around=500&limit=11&text=number`, { as: viewer });
    expect(around.body.lines.length).toBeGreaterThan(5);
  });

  test("searched, as lines of JSON", async () => {
    const answer = await it.ask(`${base}/search?text=number&limit=20`, { as: viewer });
    expect(answer.headers["content-type"]).toBe("application/x-ndjson");
    const steps = answer.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const hits = steps.flatMap((step) => (step.type === "hits" ? step.lines : []));
    expect(hits.length).toBe(20);
    expect(steps.at(-1)).toMatchObject({ type: "end", complete: false });
  });

  test("counted, and described", async () => {
    const now = Date.now();
    const histogram = await it.ask<LogHistogram>(
      `${base}/histogram?since=${now - 600_000}&until=${now + 1000}&buckets=10`,
      { as: viewer },
    );
    expect(histogram.body.buckets.length).toBeGreaterThan(0);
    const facts = await it.ask(`${base}/facts`, { as: viewer });
    expect(facts.body).toMatchObject({
      bounds: { oldestSeq: 1, newestSeq: (await it.stream()).bounds().newestSeq },
      processes: ["web"],
      instances: ["web.1"],
      retention: { days: 14, bytes: 268_435_456 },
      store: { state: "writable" },
    });
  });

  test("downloaded as text, as it is stored", async () => {
    const { text, headers } = await it.ask(`${base}/download?text=number`, { as: viewer });
    const lines = text.trimEnd().split("\n");
    expect(lines.length).toBe(100);
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\dT\S+Z web\.1 ERROR .\[31mnumber 10$/);
    expect(lines[1]).toContain("\u001b[31m");
    expect(headers["content-disposition"]).toMatch(/^attachment; filename="shop-production-[\dT-]+\.log"$/);
  });

  test("downloaded as lines of JSON, compressed", async () => {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = [];
      request(
        {
          port: it.port,
          host: "127.0.0.1",
          path: `${base}/download?format=ndjson&gzip=1`,
          headers: { cookie: `deploy=${viewer.session}` },
        },
        (answer) =>
          answer
            .on("data", (chunk: Buffer) => chunks.push(chunk))
            .on("end", () => resolve(Buffer.concat(chunks))),
      )
        .on("error", reject)
        .end();
    });
    const entries = gunzipSync(bytes)
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries.map(({ seq }) => seq)).toEqual(
      Array.from({ length: entries.length }, (_, index) => index + 1),
    );
    expect(entries.length).toBe((await it.stream()).bounds().lines);
  });
});

describe("live", () => {
  test("a line is there within a second", async () => {
    const live = listen(it.socket(`${base}/live`, { as: viewer }));
    await live.until(() => caughtUp(live));
    await it.ingest(1, () => ({ text: "just now" }));
    await live.until(() => live.seqs().length === 1);
    expect(live.messages.find(({ type }) => type === "feed")).toBeDefined();
  });

  test("resumes under a flood, without gap or double", async () => {
    const flood = (async () => {
      for (let round = 0; round < 30; round += 1) await it.ingest(200);
    })();
    const live = listen(it.socket(`${base}/live?after=500`, { as: viewer }));
    await flood;
    const newest = (await it.stream()).bounds().newestSeq ?? 0;
    await live.until(() => live.seqs().at(-1) === newest);
    expect(live.seqs()).toEqual(Array.from({ length: newest - 500 }, (_, index) => 501 + index));
  });

  test("a filter that is none gets an answer with a reason, not a socket", async () => {
    for (const query of ["level=loud", "after=x", "text=(&regex=1", "limit=3"]) {
      expect(await listen(it.socket(`${base}/live?${query}`, { as: viewer })).closed).toBe(400);
    }
  });

  test("a viewer that reads nothing costs no memory, and hears what it has missed", async () => {
    const socket = it.socket(`${base}/live`, { as: viewer });
    const live = listen(socket);
    await live.until(() => caughtUp(live));
    const from = (await it.stream()).bounds().newestSeq ?? 0;
    socket.pause();
    for (let round = 0; round < 30; round += 1) await it.ingest(500, () => ({ text: "x".repeat(1_000) }));
    const to = (await it.stream()).bounds().newestSeq ?? 0;
    socket.resume();
    // It may be told of more than one gap, with lines between them.
    const known = (): readonly number[] =>
      [...live.seqs(), ...missedBy(live)].sort((one, other) => one - other);
    await live.until(() => known().length >= to - from);
    const all = known();
    expect(live.messages.some(({ type }) => type === "skipped")).toBe(true);
    expect(all).toEqual(Array.from({ length: to - from }, (_, index) => from + 1 + index));
  });
});

describe("rule 6: revoking closes what is open, within a second", () => {
  const timed = async (
    act: (
      person: SignedIn,
      by: Parameters<TestConsole["services"]["access"]["people"]["revoke"]>[0],
    ) => Promise<unknown>,
  ) => {
    const person = await it.person(`p${Math.random().toString(36).slice(2)}@example.org`, { shop: "viewer" });
    const live = listen(it.socket(`${base}/live`, { as: person }));
    await live.until(() => caughtUp(live));
    const caller = await it.services.access.callerOf({ session: it.owner.session });
    const started = Date.now();
    await act(person, { caller });
    const code = await live.closed;
    return { took: Date.now() - started, code, last: live.messages.at(-1) };
  };

  test("a person who is revoked everywhere", async () => {
    const { took, code, last } = await timed(({ personId }, by) =>
      it.services.access.people.revoke(by, personId),
    );
    expect(code).toBe(4401);
    expect(last).toEqual({ type: "ended", reason: "signed-out" });
    expect(took).toBeLessThan(1_000);
  });

  test("a grant that is taken", async () => {
    const { took, code, last } = await timed(async ({ personId }, by) => {
      const [grant] = await it.services.access.grants.ofPerson(personId);
      await it.services.access.grants.remove(by, grant?.id ?? "", "shop");
    });
    expect(code).toBe(4403);
    expect(last).toEqual({ type: "ended", reason: "revoked" });
    expect(took).toBeLessThan(1_000);
  });

  test("a session that is ended", async () => {
    const { took, code } = await timed(({ personId, sessionId }, by) =>
      it.services.access.sessions.end(by, personId, sessionId),
    );
    expect(code).toBe(4401);
    expect(took).toBeLessThan(1_000);
  });

  test("a download that nobody takes", async () => {
    const person = await it.person("slow@example.org", { shop: "viewer" });
    await it.ingest(20_000, () => ({ text: "y".repeat(1_000) }));
    const socket = connect(it.port, "127.0.0.1");
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => undefined);
    socket.write(
      `GET ${base}/download HTTP/1.1\r\nhost: 127.0.0.1:${it.port}\r\ncookie: deploy=${person.session}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once("readable", resolve));
    const caller = await it.services.access.callerOf({ session: it.owner.session });
    await it.services.access.people.revoke({ caller }, person.personId);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    let bytes = 0;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    await closed;
    expect(bytes).toBeLessThan(20_000_000);
  });

  test("when the console closes, each viewer is told", async () => {
    const other = await openTestConsole();
    const live = listen(other.socket(`${base}/live`, { as: other.owner }));
    await live.until(() => caughtUp(live));
    await other.end();
    expect(await live.closed).toBe(1001);
    expect(live.messages.at(-1)).toEqual({ type: "ended", reason: "shutdown" });
  });
});
