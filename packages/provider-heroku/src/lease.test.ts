import { type Clock, type LeaseHolder, systemClock } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, createBench } from "../test/bench.js";
import { leaseNameOf } from "./lease.js";
import { isGone, processIdentity } from "./lease-process.js";

let bench: Bench;

beforeEach(async () => {
  bench = await createBench({
    accounts: [
      { email: "owner@example.com", tokens: ["token-of-owner"] },
      { email: "b@example.com", tokens: ["b"] },
    ],
  });
});
afterEach(async () => {
  expect(bench.double.violations).toEqual([]);
  await bench.double.close();
});

const holder = (name: string): LeaseHolder => ({ name, since: "2026-01-01T00:00:00.000Z", operation: "up" });
const lock = () => bench.provider().lease;
const take = async (name: string, clock: Clock = systemClock) => {
  const answer = await lock().acquire(bench.context({ clock }), bench.scope, holder(name));
  if (!("granted" in answer)) throw new Error(`held by ${answer.holder.name}`);
  return answer.granted;
};
/** The real time, so many milliseconds ahead; its pauses take no time. */
const ahead = (milliseconds: number): Clock => {
  let offset = milliseconds;
  return {
    now: () => Date.now() + offset,
    sleep: async (pause) => {
      offset += pause;
    },
  };
};
const lockApp = () =>
  bench.double.state.apps.find(({ name }) => name === leaseNameOf(bench.own(), bench.scope));
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("the deploy lock", () => {
  it("is an app without dynos, of a name that everybody computes alike, and leaves nothing behind", async () => {
    const granted = await take("maria");
    expect(lockApp()?.formation).toEqual([]);
    await granted.check();
    await granted.release();
    expect(bench.double.state.apps).toEqual([]);
  });

  it("costs two calls to take and one to give back, and touches no app", async () => {
    const before = bench.double.ledger.calls.length;
    const granted = await take("maria");
    expect(bench.double.ledger.calls.length - before).toBe(2);
    await granted.release();
    expect(bench.double.ledger.calls.length - before).toBe(3);
  });

  it("of a run that was killed on this machine is taken over at once", async () => {
    await take("killed");
    const app = lockApp();
    const record = JSON.parse(app?.config.DEPLOY_LEASE ?? "{}") as { process: string };
    const [boot, namespace] = record.process.split("/");
    app!.config.DEPLOY_LEASE = JSON.stringify({ ...record, process: `${boot}/${namespace}/4194303/1` });
    expect(await lock().holder(bench.context(), bench.scope)).toBeUndefined();
    const granted = await take("next");
    await granted.check();
    expect(lockApp()?.id).not.toBe(app?.id);
  });

  it("of a run elsewhere is kept, and lapses when that was silent for longer than any release command", async () => {
    await take("elsewhere");
    const app = lockApp();
    const record = JSON.parse(app?.config.DEPLOY_LEASE ?? "{}") as object;
    app!.config.DEPLOY_LEASE = JSON.stringify({ ...record, host: "another-machine" });
    expect(await failureOf(take("next", ahead(60 * 60_000)))).toMatchObject({ message: "held by elsewhere" });
    await (await take("next", ahead(80 * 60_000))).check();
  });

  it("is renewed by whoever still works", async () => {
    const clock = ahead(0);
    const granted = await take("maria", clock);
    await clock.sleep(70 * 60_000);
    await granted.check();
    await clock.sleep(20 * 60_000);
    expect((await lock().holder(bench.context({ clock }), bench.scope))?.name).toBe("maria");
    await granted.check();
  });

  it("whose taker died before it wrote its name is taken over after a while", async () => {
    const name = leaseNameOf(bench.own(), bench.scope);
    await bench.own().api.post(bench.context(), "/apps", { name });
    expect((await lock().holder(bench.context(), bench.scope))?.name).toBe("somebody who began just now");
    await (await take("next", ahead(0))).check();
  });

  it("whose taker was too slow to write its name is not granted to it", async () => {
    bench.double.faults.set({
      method: "PATCH",
      path: "/apps/{app}/config-vars",
      does: { kind: "answer", status: 404, id: "not_found" },
      times: 99,
    });
    expect(await failureOf(take("slow", ahead(0)))).toMatchObject({ code: "lease.lost" });
    expect(bench.double.state.apps).toEqual([]);
  });

  it("of another account is said to be held, although nothing of it can be read", async () => {
    const other = bench.provider().lease;
    await other.acquire(bench.context({ env: { HEROKU_API_KEY: "b" } }), bench.scope, holder("b"));
    expect(await failureOf(take("maria"))).toMatchObject({ code: "lease.hidden" });
    expect(await failureOf(lock().break(bench.context(), bench.scope))).toMatchObject({
      code: "lease.hidden",
    });
  });

  it("is not given twice when the answer to taking it was lost", async () => {
    bench.double.faults.set({ method: "POST", path: "/apps", does: { kind: "lost" } });
    expect(await failureOf(take("first", ahead(0)))).toMatchObject({ code: "heroku.cut" });
    await (await take("second", ahead(0))).check();
    expect(bench.double.state.apps).toHaveLength(1);
  });
});

describe("the identity of a process", () => {
  it("tells this one from any other, and from one of another boot nothing", () => {
    const own = processIdentity();
    expect(isGone(own)).toBe(false);
    const parts = own.split("/");
    if (parts.length === 1) return;
    expect(isGone([...parts.slice(0, 3), "1"].join("/"))).toBe(true);
    expect(isGone(["other-boot", ...parts.slice(1)].join("/"))).toBe(false);
  });
});
