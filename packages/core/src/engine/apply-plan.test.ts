import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { applyPlan } from "./apply-plan.js";
import type { DeployEvent } from "./events.js";
import { output } from "./out.js";
import { createVendor, lostAnswer } from "./testing/fake-vendor.js";
import { actions, planOf, up } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const clock = createVirtualClock();

function gateOf(vendor: ReturnType<typeof createVendor>, name: string, more = {}) {
  const { create: _create, update: _update, ...gate } = vendor.resource(name, {}, more);
  return gate;
}

describe("applying", () => {
  it("gives outputs on, and says what everything turned out to be", async () => {
    const vendor = createVendor({ clock });
    const role = vendor.resource("role", {});
    const arn = output(role, (it) => it.arn);
    const service = vendor.resource("service", { role: arn });
    const result = await up({ clock, providers: [vendor.provider], resources: [service] });
    const made = vendor.things.get(role.id)!.arn;
    expect(vendor.things.get(service.id)!.data.role).toBe(made);
    expect(result.resolve(arn)).toBe(made);
    expect(result.observed(service as never)).toMatchObject({ role: made });
    expect(result.prepared.resolve(arn)).toBeTypeOf("symbol");
  });

  it("orders only by true dependencies", async () => {
    const vendor = createVendor({ clock });
    const slow = vendor.resource("slow", {}, { readyAfter: 100_000 });
    const user = vendor.resource("user", {}, { after: [slow] });
    const free = vendor.resource("free", {});
    const started = clock.now();
    const { events } = await up({ clock, providers: [vendor.provider], resources: [user, free] });
    const create = (name: string) =>
      vendor.calls.find((call) => call.verb === "create" && call.id.endsWith(name))!.at;
    expect(create("/free") - started).toBe(50);
    expect(create("/user") - started).toBeGreaterThan(100_000);
    expect(create("/user") - started).toBeLessThan(104_000);
    const said = events
      .filter((event) => "id" in event && event.id === slow.id)
      .map((event) => Date.parse(event.time));
    for (let n = 1; n < said.length; n += 1) expect(said[n]! - said[n - 1]!).toBeLessThanOrEqual(2_000);
    expect(said.length).toBeGreaterThan(50);
  });

  it("says within two seconds what a long call does", async () => {
    const vendor = createVendor({ clock, latency: 30_000 });
    const { events } = await up({
      clock,
      providers: [vendor.provider],
      resources: [vendor.resource("image", {}, { verb: "build" })],
    });
    expect(events.filter((event) => event.type === "waiting").length).toBeGreaterThan(14);
    expect(events.find((event) => event.type === "started")!.message).toBe("build thing image");
  });

  it("starts the longest way first", async () => {
    const vendor = createVendor({ clock, limits: { concurrency: 1 } });
    const a = vendor.resource("a", {});
    const b = vendor.resource("b", {}, { after: [a] });
    const long = vendor.resource("c", {}, { after: [b] });
    const short = ["x", "y"].map((name) => vendor.resource(name, {}));
    await up({ clock, providers: [vendor.provider], resources: [...short, long] });
    expect(
      vendor
        .mutations()
        .map((call) => call.slice(-1))
        .join(""),
    ).toBe("abxyc");
  });

  it("tells a resource once that it will never be usable, and fails with the reason whatever that does", async () => {
    const vendor = createVendor({ clock });
    const seen: unknown[] = [];
    const pending = (): never => {
      throw new DeployError({ code: "containers.rollout-failed", message: "It crashed." });
    };
    const failed = async (_context: unknown, observed: unknown): Promise<void> => {
      seen.push(observed);
      throw new Error("stopping it failed as well");
    };
    const rollout = vendor.resource("rollout", {}, { pending, failed });
    const run = up({ clock, providers: [vendor.provider], resources: [rollout] });
    await expect(run).rejects.toMatchObject({ code: "containers.rollout-failed" });
    expect(seen).toEqual([expect.objectContaining({ arn: expect.any(String) })]);
  });

  it("compares again what was unknown, and calls nobody when nothing differs", async () => {
    const vendor = createVendor({ clock });
    const build = (version: number) => {
      const parent = vendor.resource("parent", { version }, { renews: true });
      return vendor.resource("child", { name: output(parent, (it) => String(it.arn).split(":")[1]!) });
    };
    const base = { clock, providers: [vendor.provider] };
    await up({ ...base, resources: [build(1)] });
    vendor.calls.length = 0;
    const { prepared, done } = await up({ ...base, resources: [build(2)] });
    expect(actions(prepared)).toEqual(["update parent", "update child"]);
    expect(done).toHaveLength(2);
    expect(vendor.mutations()).toEqual(["update acme/containers/parent"]);
  });

  it("reads what is born with its parent before making it", async () => {
    const vendor = createVendor({ clock });
    const config = { color: "red" };
    const parent = vendor.resource(
      "parent",
      {},
      {
        create: async () => {
          vendor.put("parent", {});
          vendor.put("child", config);
          return { arn: "arn:parent", readyAt: 0 };
        },
      },
    );
    const child = vendor.resource("child", config, { implicit: true, after: [parent] });
    const other = vendor.resource("child", { color: "blue" }, { implicit: true, after: [parent] });
    await up({ clock, providers: [vendor.provider], resources: [child] });
    expect(vendor.mutations()).toEqual([]);
    vendor.things.clear();
    await up({ clock, providers: [vendor.provider], resources: [other] });
    expect(vendor.mutations()).toEqual(["update acme/containers/child"]);
  });

  it("waits at gates, and looks again at an open one when what it depends on is made anew", async () => {
    const vendor = createVendor({ clock });
    const record = vendor.resource("record", {}, { readyAfter: 5_000 });
    const issued = gateOf(vendor, "issued", {
      after: [record],
      read: async () => (vendor.things.has(record.id) ? { arn: "cert", readyAt: 0 } : undefined),
    });
    const listener = vendor.resource("listener", { certificate: output(issued, (it) => it.arn) });
    const input = { clock, providers: [vendor.provider], resources: [listener] };
    expect((await up(input)).done).toEqual([record.id, issued.id, listener.id]);
    expect(vendor.things.get(listener.id)!.data.certificate).toBe("cert");
    expect((await planOf(input)).plan.changes).toEqual([]);
    vendor.things.delete(record.id);
    const again = { ...issued, read: async () => ({ arn: "cert", readyAt: 0 }) };
    const prepared = await planOf({ ...input, resources: [again, record], prune: false });
    expect(actions(prepared)).toEqual(["create record", "wait issued"]);
  });

  it("gives up after the deadline of a step, even where a provider does not listen", async () => {
    const vendor = createVendor({ clock });
    const never = gateOf(vendor, "never", { read: async () => undefined });
    await expect(up({ clock, providers: [vendor.provider], resources: [never] })).rejects.toMatchObject({
      code: "run.timeout",
    });
    const deaf = vendor.resource("deaf", {}, { create: () => new Promise(() => undefined) });
    const error = await up(
      { clock, providers: [vendor.provider], resources: [deaf] },
      { stepTimeoutMs: 5_000 },
    ).catch((it) => it);
    expect(error).toMatchObject({ code: "run.timeout" });
  });

  it("lets a step take as long as its vendor allows, where that is more", async () => {
    const vendor = createVendor({ clock });
    const slow = vendor.resource(
      "slow",
      {},
      { create: () => clock.sleep(60_000).then(() => ({ arn: "x", readyAt: 0 })) },
    );
    const run = (mayTake: number): Promise<unknown> =>
      up(
        { clock, providers: [vendor.provider], resources: [{ ...slow, mayTake }], prune: false },
        { stepTimeoutMs: 5_000 },
      );
    await expect(run(50_000)).rejects.toMatchObject({ code: "run.timeout" });
    await expect(run(70_000)).resolves.toMatchObject({ done: [slow.id] });
  });

  it("polls more slowly while the vendor is overloaded, up to 15 s", async () => {
    const vendor = createVendor({ clock });
    const reads: number[] = [];
    const gate = gateOf(vendor, "gate", {
      read: async () => {
        reads.push(clock.now());
        if (reads.length === 1 || reads.length > 8)
          return reads.length > 12 ? { arn: "x", readyAt: 0 } : undefined;
        throw new DeployError({ code: "acme.throttled", message: "Slow down.", retryable: true });
      },
    });
    await up({ clock, providers: [vendor.provider], resources: [gate] });
    const pauses = reads.slice(1).map((at, n) => Math.round((at - reads[n]!) / 1000));
    expect(pauses.slice(1)).toEqual(
      [4, 8, 15, 15, 15, 15, 15, 2, 2, 2, 2].map((it) => expect.closeTo(it, -0.6)),
    );
    expect(Math.max(...pauses)).toBeGreaterThanOrEqual(14);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(16);
    expect(pauses.at(-1)).toBe(2);
  });

  it("passes log and output on as events of the step", async () => {
    const vendor = createVendor({ clock });
    const job = vendor.resource(
      "job",
      {},
      {
        create: async (context) => {
          context.log("halfway");
          context.output("migrated", "stdout");
          return { arn: "x", readyAt: 0 };
        },
      },
    );
    const { events } = await up({ clock, providers: [vendor.provider], resources: [job] });
    expect(events.map((event) => event.type)).toEqual(["started", "progress", "output", "done"]);
    expect(events[2]).toMatchObject({ id: job.id, label: job.label, stream: "stdout", text: "migrated" });
  });
});

describe("failures", () => {
  it("starts nothing new, lets calls in flight finish, and says what was and was not done", async () => {
    const vendor = createVendor({
      clock,
      disturb: ({ verb, id, phase }) => {
        if (verb === "create" && phase === "before" && /bad\d/.test(id)) {
          throw new DeployError({ code: "acme.quota", message: `Too many: ${id}.`, hint: "Ask for more." });
        }
      },
    });
    const bad = [vendor.resource("bad1", {}), vendor.resource("bad2", {})];
    const slow = vendor.resource("slow", {});
    const next = vendor.resource("next", {}, { after: [slow] });
    const events: DeployEvent[] = [];
    const prepared = await planOf({ clock, providers: [vendor.provider], resources: [slow, ...bad, next] });
    const error: unknown = await applyPlan(prepared, { emit: (event) => events.push(event) }).catch(
      (it) => it,
    );
    expect(error).toMatchObject({
      code: "acme.quota",
      message: "Too many: acme/containers/bad1.",
      hint: expect.stringMatching(/^Ask for more\. .*continues/),
      details: {
        id: bad[0]!.id,
        done: [slow.id],
        notDone: [...bad.map(({ id }) => id), next.id],
        alsoFailed: [{ code: "acme.quota", id: bad[1]!.id }],
      },
    });
    expect(
      events.filter(({ type }) => type === "failed" || type === "skipped" || type === "done"),
    ).toMatchObject([
      { type: "failed", id: bad[0]!.id },
      { type: "failed", id: bad[1]!.id },
      { type: "done", id: slow.id },
      { type: "skipped", id: next.id, reason: "thing bad1 failed" },
    ]);
    expect(vendor.things.has(next.id)).toBe(false);
  });

  it("asks before changing anything whether it still may", async () => {
    const vendor = createVendor({ clock });
    let asked = 0;
    let last = vendor.resource("t0", {});
    const all = [last];
    for (let n = 1; n < 60; n += 1) {
      last = vendor.resource(`t${n}`, {}, { after: [last] });
      all.push(last);
    }
    const check = async (): Promise<void> => {
      asked += 1;
      if (asked > 1) throw new DeployError({ code: "lease.lost", message: "Somebody broke the lock." });
    };
    await expect(
      up({ clock, providers: [vendor.provider], resources: [last] }, { check }),
    ).rejects.toMatchObject({
      code: "lease.lost",
    });
    expect(asked).toBe(2);
    expect(vendor.mutations().length).toBe(20);
  });

  it("drains on cancellation: waiting ends, calls in flight finish, nothing starts", async () => {
    const vendor = createVendor({ clock, latency: 3_000 });
    const inFlight = vendor.resource("call", {});
    const waiting = vendor.resource("pending", {}, { readyAfter: 600_000 });
    const next = vendor.resource("next", {}, { after: [inFlight] });
    vendor.put("pending", {}, { readyAt: clock.now() + 600_000 });
    const stop = new AbortController();
    const events: DeployEvent[] = [];
    const prepared = await planOf({ clock, providers: [vendor.provider], resources: [next, waiting] });
    const started = clock.now();
    const run = applyPlan(prepared, { signal: stop.signal, emit: (event) => events.push(event) }).catch(
      (it) => it,
    );
    void clock.sleep(1_000).then(() => stop.abort());
    expect(await run).toMatchObject({
      code: "run.cancelled",
      details: { done: [inFlight.id], notDone: [waiting.id, next.id] },
    });
    expect(clock.now() - started).toBeLessThan(3_100);
    expect(vendor.things.has(inFlight.id)).toBe(true);
    expect(events.filter(({ type }) => type === "skipped")).toHaveLength(2);
    const resumed = await planOf({ clock, providers: [vendor.provider], resources: [next] });
    expect(actions(resumed)).toContain("create next");
  });

  it("aborts calls which do not end within the drain", async () => {
    const vendor = createVendor({ clock, latency: 300_000 });
    const stop = new AbortController();
    const prepared = await planOf({
      clock,
      providers: [vendor.provider],
      resources: [vendor.resource("build", {})],
    });
    const started = clock.now();
    const run = applyPlan(prepared, { signal: stop.signal, drainMs: 4_000 }).catch((it) => it);
    void clock.sleep(1_000).then(() => stop.abort());
    expect(await run).toMatchObject({ code: "run.cancelled" });
    expect(clock.now() - started).toBe(5_000);
  });

  it("refuses to change anything when it was cancelled before", async () => {
    const vendor = createVendor({ clock });
    const prepared = await planOf({
      clock,
      providers: [vendor.provider],
      resources: [vendor.resource("a", {})],
    });
    await expect(applyPlan(prepared, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "run.cancelled",
    });
    expect(vendor.mutations()).toEqual([]);
  });
});

describe("writes are never replayed blindly", () => {
  const failing = (verb: string, phase: string, times: number, effect: () => void = () => undefined) => {
    let left = times;
    return createVendor({
      clock,
      disturb: (call) => {
        if (call.verb !== verb || call.phase !== phase || left === 0) return;
        left -= 1;
        effect();
        throw lostAnswer();
      },
    });
  };

  it("takes a lost answer for done when the thing is there", async () => {
    const vendor = failing("create", "after", 1);
    const { events } = await up({
      clock,
      providers: [vendor.provider],
      resources: [vendor.resource("a", { n: 1 })],
    });
    expect(vendor.mutations()).toEqual(["create acme/containers/a"]);
    expect(events.map(({ type }) => type)).toEqual(["started", "retry", "done"]);
  });

  it("repeats when nothing has changed, at most five times", async () => {
    const vendor = failing("create", "before", 2);
    await up({ clock, providers: [vendor.provider], resources: [vendor.resource("a", {})] });
    expect(vendor.mutations()).toHaveLength(3);
    const dead = failing("create", "before", 99);
    await expect(
      up({ clock, providers: [dead.provider], resources: [dead.resource("a", {})] }),
    ).rejects.toMatchObject({
      code: "acme.unreachable",
    });
    expect(dead.mutations()).toHaveLength(5);
  });

  it("does the same for updates", async () => {
    for (const phase of ["before", "after"]) {
      const vendor = failing("update", phase, 1);
      vendor.put("a", { n: 1 });
      await up({ clock, providers: [vendor.provider], resources: [vendor.resource("a", { n: 2 })] });
      expect(vendor.mutations()).toHaveLength(phase === "before" ? 2 : 1);
    }
  });

  it("fails when the thing is neither as before nor as desired", async () => {
    const vendor = failing("update", "before", 1, () => vendor.put("a", { n: 3 }));
    vendor.put("a", { n: 1 });
    await expect(
      up({ clock, providers: [vendor.provider], resources: [vendor.resource("a", { n: 2 })] }),
    ).rejects.toMatchObject({ code: "run.uncertain" });
    expect(vendor.mutations()).toHaveLength(1);
  });

  it("does not repeat what was refused for good", async () => {
    const vendor = createVendor({
      clock,
      disturb: ({ verb }) => {
        if (verb === "create") throw new DeployError({ code: "acme.refused", message: "No." });
      },
    });
    await expect(
      up({ clock, providers: [vendor.provider], resources: [vendor.resource("a", {})] }),
    ).rejects.toMatchObject({
      code: "acme.refused",
    });
    expect(vendor.mutations()).toHaveLength(1);
  });
});
