import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createStage, type Stage } from "./stage.js";

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

const herokuVersions = (): string[] =>
  stage.double.state.apps[0]!.releases.map(({ version, description }) => `v${version} ${description}`);
const descriptions = (): string[] =>
  stage.double.state.apps[0]!.releases.map(({ description }) => description);

describe("a deployment that Heroku builds", () => {
  it("goes from nothing to dynos that answer, and a second plan is empty", async () => {
    const app = { release: "echo migrating $GREETING" };
    const result = await stage.up(app);
    expect(stage.output).toContain("migrating hello");
    const status = await stage.deployer().status();
    expect(
      status.processes
        .filter(({ desired }) => desired > 0)
        .map(({ name, instances }) => [name, instances[0]?.state])
        .sort(),
    ).toEqual([
      ["web", "running"],
      ["worker", "running"],
    ]);
    expect(status.release).toBe(result.release);
    expect(await (await fetch(stage.double.state.apps[0]!.webUrl)).text()).toBe("hello");
    expect((await stage.deployer(app).plan()).changes).toEqual([]);
  });

  it("makes one release of new code, and none of what has not changed", async () => {
    await stage.up();
    const before = descriptions().length;
    stage.write({
      "web.mjs": `${"// changed\n"}${(await import("node:fs")).readFileSync(`${stage.directory}/web.mjs`)}`,
    });
    await stage.up();
    expect(descriptions().slice(before)).toEqual([expect.stringMatching(/^Deploy /)]);
    await stage.up();
    expect(descriptions()).toHaveLength(before + 1);
  });

  it("adds config before the code and removes it after, as one release with one number", async () => {
    await stage.up({ config: { GREETING: "hello", OLD: "1" } });
    const before = herokuVersions().length;
    stage.write({ "new.txt": "" });
    const { release } = await stage.up({ config: { GREETING: "good day", NEW: "2" } });
    const made = descriptions().slice(before);
    expect(made).toHaveLength(3);
    expect(made[0]).toMatch(/NEW/);
    expect(made[1]).toMatch(/^Deploy /);
    expect(made[2]).toMatch(/OLD/);
    const releases = await stage.deployer().releases();
    expect(releases.map(({ number, state, config }) => [number, state, config])).toEqual([
      [release, "active", { GREETING: "good day", NEW: "2" }],
      [expect.any(Number), "superseded", { GREETING: "hello", OLD: "1" }],
    ]);
  });

  it("counts a change of config alone as a release, also when code alone follows", async () => {
    await stage.up();
    await stage.up({ config: { GREETING: "two" } });
    stage.write({ "new.txt": "" });
    await stage.up({ config: { GREETING: "two" } });
    await stage.up({ config: { GREETING: "three" } });
    const releases = await stage.deployer().releases();
    expect(releases.map(({ config }) => config.GREETING)).toEqual(["three", "two", "two", "hello"]);
    expect(new Set(releases.map(({ image }) => image.digest)).size).toBe(2);
    expect(releases.map(({ state }) => state)).toEqual(["active", "superseded", "superseded", "superseded"]);
  });

  it("goes back to code and config, with the next number, and forth again", async () => {
    await stage.up();
    stage.write({ "version.txt": "two" });
    await stage.up({ config: { GREETING: "second", EXTRA: "more" } });
    const [second, first] = await stage.deployer().releases();
    const { release } = await stage.deployer().rollback();
    const [third, ...others] = await stage.deployer().releases();
    expect(others.map(({ number }) => number)).toEqual([second?.number, first?.number]);
    expect(third).toMatchObject({ number: release, state: "active", config: first?.config });
    expect(third?.image.digest).toBe(first?.image.digest);
    expect(third?.origin.repeats).toBe(first?.number);
    expect(await (await fetch(stage.double.state.apps[0]!.webUrl)).text()).toBe("hello");
    await stage.up({ config: { GREETING: "second", EXTRA: "more" } });
    expect(await (await fetch(stage.double.state.apps[0]!.webUrl)).text()).toBe("second");
  });

  it("leaves config vars that somebody else has set, and blocks the plan where it would overwrite one", async () => {
    await stage.up();
    Object.assign(stage.double.state.apps[0]!.config, { BY_HAND: "theirs" });
    await stage.up({ config: { GREETING: "other" } });
    expect(stage.double.state.apps[0]!.config.BY_HAND).toBe("theirs");
    const error = await stage.failure({ config: { GREETING: "other", BY_HAND: "ours" } });
    expect(error.message).toContain("BY_HAND");
    expect(stage.double.state.apps[0]!.config.BY_HAND).toBe("theirs");
  });

  it("stops a process that is no longer declared, and keeps the number of one that was scaled", async () => {
    await stage.up();
    // Heroku tells whole seconds: what is scaled within the second of its making cannot be told from what never was.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await stage.deployer().scale({ worker: 0 });
    expect((await stage.deployer().plan()).changes).toEqual([]);
    await stage.up({ processes: { web: { command: "node web.mjs", health: "/healthz" } } });
    const { formation } = stage.double.state.apps[0]!;
    expect(formation.filter(({ quantity }) => quantity > 0).map(({ type }) => type)).toEqual(["web"]);
  });

  it("restarts without a release", async () => {
    await stage.up();
    const before = stage.double.state.apps[0]!.dynos.map(({ id }) => id);
    const releases = herokuVersions().length;
    await stage.deployer().restart("web");
    const after = stage.double.state.apps[0]!.dynos;
    expect(after.filter(({ type }) => type === "web").every(({ id }) => !before.includes(id))).toBe(true);
    expect(after.some(({ id }) => before.includes(id))).toBe(true);
    expect(herokuVersions()).toHaveLength(releases);
  });

  it("has Heroku's maintenance page on while it releases, when asked for", async () => {
    await stage.up();
    stage.write({ "version.txt": "two" });
    await stage.up({}, { maintenance: true });
    expect(stage.log.join("\n")).toMatch(/Maintenance mode is on.*Maintenance mode is off/s);
    expect(stage.double.state.apps[0]!.maintenance).toBe(false);
  });

  it("runs one-off commands with their true exit code, input and environment", async () => {
    await stage.up();
    const run = async (command: string, more = {}): Promise<{ text: string; code: number }> => {
      const session = await stage.deployer().run({ command, ...more });
      const pieces: Uint8Array[] = [];
      for await (const { data } of session.output) pieces.push(data);
      return { text: Buffer.concat(pieces).toString(), code: await session.exitCode };
    };
    expect(await run("echo $GREETING $OWN; exit 7", { env: { OWN: "own" } })).toEqual({
      text: "hello own\n",
      code: 7,
    });
    expect((await run("kill -9 $$")).code).toBe(137);
    expect(await run("cat", { input: new TextEncoder().encode("typed in") })).toEqual({
      text: "typed in",
      code: 0,
    });
    // The code alone can be waited for.
    expect(await (await stage.deployer().run({ command: "echo unread; exit 4" })).exitCode).toBe(4);
  });
});
