import { redact } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStage, type Stage } from "./stage.js";

// Real processes, and a real database, on whatever else this machine does.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

/** What a whole deployment makes of options, of bad input, and of an API that fails in the middle. */
let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(async () => {
  const { failures, violations } = stage.double;
  await stage.close();
  expect(failures).toEqual([]);
  expect(violations).toEqual([]);
});

const app = (): Stage["double"]["state"]["apps"][number] =>
  stage.double.state.apps.find(({ name }) => name.startsWith("shop"))!;
const sent = (method: string, route: string): number =>
  stage.double.ledger.calls.filter((call) => call.method === method && call.route === route).length;

describe("secrets", () => {
  const secrets = { secrets: ["KEY"] };
  const wanted = { ...secrets, release: "test $KEY != bad" };
  const store = async (value: string, input = wanted): Promise<unknown> => {
    const operation = stage.deployer(input).up({ secrets: { KEY: redact(value) } });
    for await (const _ of operation);
    return operation.result;
  };

  it("that change alone are a release whose dynos are waited for", async () => {
    await store("one");
    const before = app().releases.at(-1)!.version;
    await store("two");
    const version = app().releases.at(-1)!.version;
    expect(version).toBe(before + 1);
    expect(app().dynos.map(({ state, release }) => [state, release.version])).toEqual([
      ["up", version],
      ["up", version],
    ]);
    expect((await stage.deployer(wanted).status()).release).toBe(version);
    // The release before keeps its own secret, and can be gone back to.
    expect((await stage.deployer(wanted).releases()).map(({ number }) => number)).toEqual([version, before]);
    expect((await stage.deployer(wanted).plan()).changes).toEqual([]);
  });

  it("whose release fails fail the deployment, and are not taken for done by the next plan", async () => {
    await store("one");
    const served = app().dynos[0]!.release.version;
    await expect(store("bad")).rejects.toMatchObject({ code: "containers.release-command-failed" });
    expect(app().dynos.map(({ release }) => release.version)).toEqual([served, served]);
    const { changes } = await stage.deployer(wanted).plan();
    expect(changes.map(({ id }) => id)).toContain("heroku/containers/shop-staging/release");
    // The same again fails again; a release command that takes it mends it.
    await expect(stage.up(wanted)).rejects.toMatchObject({ code: "containers.release-command-failed" });
    await stage.up({ ...wanted, release: "test $KEY = bad" });
    expect(new Set(app().dynos.map(({ release }) => release.version))).toEqual(
      new Set([app().releases.at(-1)!.version]),
    );
  });
});

describe("autoscaling", () => {
  const options = {
    sizes: { web: "performance-m", worker: "standard-1x" },
    autoscaling: { web: { min: 1, max: 4, p95Ms: 500 } },
  };

  it("is set once the dynos have their size, changed with the options, and is the only one that scales then", async () => {
    await stage.up({}, options);
    expect(app().monitors).toMatchObject([
      { name: "LATENCY_SCALE", min_quantity: 1, max_quantity: 4, value: 500, is_active: true },
    ]);
    expect((await stage.deployer({}, options).plan()).changes).toEqual([]);
    const wider = { ...options, autoscaling: { web: { min: 1, max: 8, p95Ms: 500 } } };
    await stage.up({}, wider);
    expect(app().monitors).toMatchObject([{ max_quantity: 8 }]);
    await expect(stage.deployer({}, wider).scale({ web: 3 }).result).rejects.toMatchObject({
      code: "containers.scales-itself",
    });
  });

  it("is refused on dynos that Heroku does not scale, before anything is made", async () => {
    const error = await stage.failure({}, { autoscaling: options.autoscaling });
    expect(error.message).toContain("basic dynos");
    expect(stage.double.state.apps).toEqual([]);
  });
});

describe("a number of dynos that is declared", () => {
  it("is put back where it was changed by hand", async () => {
    const input = { processes: { web: { command: "node web.mjs", instances: 1 } } };
    await stage.up(input);
    await stage.deployer(input).scale({ web: 0 }).result;
    expect((await stage.deployer(input).plan()).changes.map(({ id }) => id)).toEqual([
      "heroku/containers/shop-staging/processes",
    ]);
    await stage.up(input);
    expect(app().dynos.map(({ type, state }) => [type, state])).toEqual([["web", "up"]]);
  });
});

describe("review environments", () => {
  it("are apps of their own at the pipeline's stage of review, and go without the others", async () => {
    const options = { pipeline: "shop" };
    await stage.up({}, options);
    const review = stage.deployer({ config: { GREETING: "from 12" } }, options, "review/12");
    await review.up().result;
    const { apps, couplings, pipelines } = stage.double.state;
    expect(apps.map(({ name }) => name).sort()).toEqual(["shop-review-12", "shop-staging"]);
    expect(couplings.map(({ stage: of }) => of).sort()).toEqual(["review", "staging"]);
    expect(pipelines).toHaveLength(1);
    const there = apps.find(({ name }) => name === "shop-review-12")!;
    expect(await (await fetch(there.webUrl)).text()).toBe("from 12");
    await review.down({ confirm: "shop" }).result;
    expect(stage.double.state.apps.map(({ name }) => name)).toEqual(["shop-staging"]);
  });
});

describe("a promotion of what Heroku has built", () => {
  it("is refused with the reason and the way out, and asks nobody", async () => {
    await stage.up({}, { pipeline: "shop" });
    const calls = stage.double.ledger.calls.length;
    const live = stage.deployer({}, { pipeline: "shop", app: "shop-live" }, "production");
    const promotion = live.promoteFrom(stage.deployer({}, { pipeline: "shop" })).result;
    await expect(promotion).rejects.toMatchObject({
      message: expect.stringContaining("does not promote what it has built from a Dockerfile"),
    });
    expect(stage.double.ledger.calls).toHaveLength(calls);
  });
});

describe("what cannot be", () => {
  it("a plan that there is not: named, with those that there are", async () => {
    const error = await stage.failure({ addons: { db: { kind: "postgres", plan: "essential-99" } } });
    expect(error.message).toContain("essential-99");
    expect(`${error.message} ${error.hint}`).toContain("essential-0");
    expect(stage.double.state.addons).toEqual([]);
  });

  it("a backup that fails: no release command runs on data that has none", async () => {
    const input = { addons: { db: { kind: "postgres" } }, release: "echo migrating" } as const;
    await stage.up(input);
    const versions = app().releases.length;
    stage.write({ "version.txt": "two" });
    stage.double.faults.set({
      host: "data",
      method: "POST",
      times: Number.POSITIVE_INFINITY,
      does: { kind: "answer", status: 422, id: "invalid_params", message: "The database is in recovery." },
    });
    const error = await stage.failure(input);
    expect(error.message).toContain("The database is in recovery.");
    expect(
      app()
        .releases.slice(versions)
        .filter(({ description }) => /^Deploy/.test(description)),
    ).toEqual([]);
  });

  it("a one-off dyno right after the app was made (409): asked for again, and made once", async () => {
    await stage.up();
    stage.double.ledger.reset();
    stage.double.faults.set({
      method: "POST",
      path: "/apps/{app}/dynos",
      times: 2,
      does: { kind: "answer", status: 409, id: "conflict", message: "The app is being created." },
    });
    expect(await (await stage.deployer().run({ command: "exit 6" })).exitCode).toBe(6);
    expect(sent("POST", "/apps/{app}/dynos")).toBe(3);
  });

  it("a token that Heroku does not know: said with what to do, and nothing is made", async () => {
    const deployer = stage.deployer({}, {}, "staging", { HEROKU_API_KEY: "00000000-wrong" });
    await expect(deployer.up().result).rejects.toMatchObject({
      code: "heroku.unauthenticated",
      hint: expect.stringContaining("HEROKU_API_KEY"),
    });
    expect(stage.double.state.apps).toEqual([]);
  });
});

describe("an API that is down half-way", () => {
  it.each([6, 12, 20, 30])(
    "behind %i calls: the run says so, and the same run later finishes it",
    async (skip) => {
      const input = { release: "echo migrating", addons: { cache: { kind: "redis" } } } as const;
      stage.double.faults.set({
        skip,
        times: Number.POSITIVE_INFINITY,
        does: { kind: "answer", status: 503, id: "service_unavailable", message: "Try again." },
      });
      const error = await stage.failure(input);
      expect(error.retryable).toBe(true);
      expect(`${error.message} ${error.hint}`).toMatch(/503|Try again/);
      stage.double.faults.clear();
      await stage.up(input);
      expect((await stage.deployer(input).plan()).changes).toEqual([]);
      expect(stage.double.state.addons).toHaveLength(1);
      expect(app().builds).toHaveLength(1);
    },
  );
});
