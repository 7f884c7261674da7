import { setTimeout as pause } from "node:timers/promises";
import { DeployError, type Deployer, type EnvironmentStatus, type Release } from "@deploy/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AppStates, type AppStatesOptions, createAppStates } from "./states.js";
import { testEnvironment, testRegistry } from "./testing/environments.js";
import type { ConsoleEnvironment } from "./types.js";

const status = (release = 1): EnvironmentStatus => ({
  app: "shop",
  environment: "production",
  release,
  processes: [],
  jobs: [],
  urls: [],
  servers: [],
  addons: [],
});

/** Everything else answers at once and is not looked at. */
const quiet: Partial<Deployer> = {
  releases: async () => [],
  cost: async () => ({ estimates: [], unknown: [] }),
};

interface Rig {
  readonly states: AppStates;
  /** Moves the clock, and gives the states time to look at it. */
  pass(ms: number): Promise<void>;
  readonly registry: ReturnType<typeof testRegistry>;
}

function rig(environments: readonly ConsoleEnvironment[], options: Partial<AppStatesOptions> = {}): Rig {
  let now = 1_000_000;
  const registry = testRegistry(environments);
  const states = createAppStates({
    apps: registry,
    now: () => now,
    random: () => 0.5,
    tickMs: 2,
    ...options,
  });
  onTestFinished(() => states.close());
  for (const environment of environments) states.of(environment);
  return {
    states,
    registry,
    pass: async (ms) => {
      now += ms;
      await pause(15);
    },
  };
}

function environment(app: string, ask: Deployer["status"], provider = "memory"): ConsoleEnvironment {
  return testEnvironment({ app, vendor: { name: provider }, verbs: { ...quiet, status: ask } });
}

describe("what is known of environments", () => {
  it("comes by itself, and one that hangs holds up nobody", async () => {
    const hanging = vi.fn(() => new Promise<EnvironmentStatus>(() => undefined));
    const shop = environment("shop", async () => status());
    const stuck = environment("stuck", hanging);
    const { states, pass } = rig([stuck, shop], { timeoutMs: 30 });
    await pass(2_000);
    await vi.waitFor(() => expect(states.of(shop).status.snapshot().value).toMatchObject({ release: 1 }));
    await vi.waitFor(() =>
      expect(states.of(stuck).status.snapshot().trouble).toMatchObject({
        code: "console.read-timeout",
        message: expect.stringContaining("stuck in production"),
      }),
    );
    // The call is still out: another one beside it would hang as well.
    await states.refresh(stuck, ["status"]);
    await pass(60_000);
    await states.refresh(stuck, ["status"]);
    expect(hanging).toHaveBeenCalledTimes(1);
  });

  it("comes of one environment although every other one of its provider hangs", async () => {
    const hangs = vi.fn(() => new Promise<EnvironmentStatus>(() => undefined));
    const hanging = ["one", "two", "three"].map((name) => environment(name, hangs));
    const shop = environment("shop", async () => status());
    const { states, pass } = rig([...hanging, shop], { timeoutMs: 60_000 });
    for (const one of hanging) states.seen(one);
    await pass(2_000);
    await vi.waitFor(() => expect(hangs).toHaveBeenCalledTimes(3));
    states.seen(shop);
    await pass(1_000);
    expect(states.of(shop).status.snapshot().value).toBeUndefined();
    // What hangs gives up its place, though not its call.
    await pass(6_000);
    await vi.waitFor(() => expect(states.of(shop).status.snapshot().value).toMatchObject({ release: 1 }));
  });

  it("takes an answer that comes after its time", async () => {
    let answer: (value: EnvironmentStatus) => void = () => undefined;
    const late = environment("late", () => new Promise((resolve) => (answer = resolve)));
    const { states } = rig([late], { timeoutMs: 20, tickMs: 0 });
    await states.refresh(late, ["status"]);
    expect(states.of(late).status.snapshot()).toMatchObject({
      failures: 1,
      trouble: { code: "console.read-timeout" },
    });
    answer(status(7));
    await vi.waitFor(() =>
      expect(states.of(late).status.snapshot()).toMatchObject({ value: { release: 7 } }),
    );
    expect(states.of(late).status.snapshot().trouble).toBeUndefined();
  });

  it("keeps the last answer beside the failure, and asks less often while it lasts", async () => {
    let fail = false;
    const ask = vi.fn(async () => {
      if (fail) throw new DeployError({ code: "memory.down", message: "The vendor is down.", hint: "Wait." });
      return status(3);
    });
    const shop = environment("shop", ask);
    const { states, pass } = rig([shop]);
    states.seen(shop);
    await pass(2_000);
    await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
    fail = true;
    states.seen(shop);
    await pass(16_000);
    expect(states.of(shop).status.snapshot()).toMatchObject({
      value: { release: 3 },
      trouble: { code: "memory.down" },
      failures: 1,
    });
    states.seen(shop);
    await pass(16_000);
    expect(ask).toHaveBeenCalledTimes(2);
    states.seen(shop);
    await pass(16_000);
    expect(ask).toHaveBeenCalledTimes(3);
  });

  it("is asked for more often where somebody looks", async () => {
    const seen = vi.fn(async () => status());
    const idle = vi.fn(async () => status());
    const one = environment("seen", seen);
    const two = environment("idle", idle);
    const { states, pass } = rig([one, two]);
    await pass(2_000);
    await vi.waitFor(() => expect(idle).toHaveBeenCalledTimes(1));
    for (let round = 0; round < 4; round += 1) {
      states.seen(one);
      await pass(16_000);
    }
    expect(seen.mock.calls.length).toBeGreaterThanOrEqual(4);
    expect(idle).toHaveBeenCalledTimes(1);
    await pass(5 * 60_000);
    expect(idle).toHaveBeenCalledTimes(2);
  });

  it("is asked for in turn: three reads of a provider at a time, and half its budget is for those who look", async () => {
    let open = 0;
    let most = 0;
    const ask = async (): Promise<EnvironmentStatus> => {
      open += 1;
      most = Math.max(most, open);
      await pause(3);
      open -= 1;
      return status();
    };
    const many = Array.from({ length: 20 }, (_, index) => environment(`app-${index}`, ask));
    const { states, pass } = rig(many);
    await pass(2_000);
    await pass(100);
    const known = () => many.filter((one) => states.of(one).status.snapshot().at !== undefined).length;
    // Sixty calls are there at first, of which thirty are left alone: six times five.
    await vi.waitFor(() => expect(known()).toBeGreaterThan(0));
    expect(known()).toBeLessThan(many.length);
    for (let round = 0; round < 40 && known() < many.length; round += 1) await pass(10_000);
    expect(known()).toBe(many.length);
    expect(most).toBeLessThanOrEqual(3);
  });

  it("leaves a vendor alone for as long as it has asked, and others not", async () => {
    const throttled = vi.fn(async (): Promise<EnvironmentStatus> => {
      throw new DeployError({
        code: "slow.throttled",
        message: "Too many calls.",
        hint: "Wait.",
        details: { retryAfterMs: 200_000 },
      });
    });
    const other = vi.fn(async () => status());
    const slow = environment("slow", throttled, "slow");
    const fellow = vi.fn(async () => status());
    const beside = environment("beside", fellow, "slow");
    const quick = environment("quick", other, "quick");
    const { states, pass } = rig([slow, beside, quick]);
    await pass(2_000);
    await vi.waitFor(() => expect(throttled).toHaveBeenCalledTimes(1));
    const asked = fellow.mock.calls.length;
    for (let round = 0; round < 8; round += 1) {
      for (const one of [slow, beside, quick]) states.seen(one);
      await pass(16_000);
    }
    expect(throttled).toHaveBeenCalledTimes(1);
    expect(fellow).toHaveBeenCalledTimes(asked);
    expect(other.mock.calls.length).toBeGreaterThan(5);
    // Nor does a person who asks by hand.
    await states.refresh(slow, ["status"]);
    await expect(states.of(slow).status.get(0)).rejects.toMatchObject({ code: "slow.throttled" });
    expect(throttled).toHaveBeenCalledTimes(1);
    await pass(100_000);
    states.seen(slow);
    await vi.waitFor(() => expect(throttled).toHaveBeenCalledTimes(2));
  });

  it("looks for the releases as soon as another one serves", async () => {
    let release = 1;
    const releases = vi.fn(async () => []);
    const shop = testEnvironment({ verbs: { ...quiet, releases, status: async () => status(release) } });
    const { states, pass } = rig([shop]);
    await pass(2_000);
    await vi.waitFor(() => expect(states.of(shop).status.snapshot().value).toBeDefined());
    await pass(10);
    const before = releases.mock.calls.length;
    release = 2;
    states.touch("shop", "production");
    await pass(10);
    await vi.waitFor(() => expect(releases.mock.calls.length).toBeGreaterThan(before));
  });

  it("looks again soon while a release is on its way into service", async () => {
    let state: Release["state"] = "pending";
    const releases = vi.fn(async () => [{ number: 2, state } as Release]);
    const shop = testEnvironment({ verbs: { ...quiet, releases, status: async () => status(2) } });
    const { states, pass } = rig([shop]);
    const known = (): unknown => states.of(shop).releases.snapshot().value?.[0]?.state;
    states.seen(shop);
    await pass(2_000);
    await vi.waitFor(() => expect(known()).toBe("pending"));
    state = "active";
    states.seen(shop);
    await pass(16_000);
    await vi.waitFor(() => expect(known()).toBe("active"));
    const asked = releases.mock.calls.length;
    states.seen(shop);
    await pass(16_000);
    expect(releases).toHaveBeenCalledTimes(asked);
  });

  it("asks again within half a minute for what failed while somebody looks, however seldom it is asked for", async () => {
    const cost = vi.fn<Deployer["cost"]>().mockRejectedValue(new Error("silent"));
    const shop = testEnvironment({ verbs: { ...quiet, cost, status: async () => status() } });
    const { states, pass } = rig([shop]);
    states.seen(shop);
    await pass(2_000);
    await vi.waitFor(() => expect(cost).toHaveBeenCalledTimes(1));
    states.seen(shop);
    await pass(20_000);
    expect(cost).toHaveBeenCalledTimes(1);
    states.seen(shop);
    await pass(11_000);
    await vi.waitFor(() => expect(cost).toHaveBeenCalledTimes(2));
    states.seen(shop);
    await pass(31_000);
    expect(cost).toHaveBeenCalledTimes(2);
  });

  it("gives nobody what was asked for before a change", async () => {
    let answer: (value: EnvironmentStatus) => void = () => undefined;
    const ask = vi
      .fn<() => Promise<EnvironmentStatus>>()
      .mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)))
      .mockResolvedValue(status(2));
    const shop = environment("shop", ask);
    const { states } = rig([shop], { tickMs: 0 });
    const early = states.refresh(shop, ["status"]);
    states.touch("shop", "production");
    const late = states.of(shop).status.get(60_000);
    answer(status(1));
    await early;
    expect(await late).toMatchObject({ release: 2 });
    await states.of(shop).status.get(60_000);
    expect(ask).toHaveBeenCalledTimes(2);
    states.touch("shop", "production");
    await states.of(shop).status.get(60_000);
    expect(ask).toHaveBeenCalledTimes(3);
  });

  it("gives nobody what was known before a change while it is asked for anew", async () => {
    let answer: (value: EnvironmentStatus) => void = () => undefined;
    const ask = vi
      .fn<() => Promise<EnvironmentStatus>>()
      .mockResolvedValueOnce(status(1))
      .mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const shop = environment("shop", ask);
    const { states } = rig([shop], { tickMs: 0 });
    const { status: read } = states.of(shop);
    expect(await read.get(60_000)).toMatchObject({ release: 1 });
    states.touch("shop", "production");
    const inBackground = states.refresh(shop, ["status"]);
    const wanted = read.get(60_000);
    answer(status(2));
    await inBackground;
    expect(await wanted).toMatchObject({ release: 2 });
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it("keeps what was known of an environment that is declared anew", async () => {
    const first = environment("shop", async () => status(4));
    const { states, registry } = rig([first], { tickMs: 0 });
    await states.refresh(first, ["status"]);
    const second = environment("shop", () => new Promise(() => undefined));
    registry.set([second]);
    expect(states.of(second).status.snapshot()).toMatchObject({ value: { release: 4 } });
  });
});
