import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunOptions } from "@deploy/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plainServer } from "./support/apps.js";
import { command, ensureBuilt } from "./support/built.js";
import { deploy, writeConfig } from "./support/cli.js";
import { eventually } from "./support/poll.js";
import { isRunning } from "./support/processes.js";
import { ask, createWorkspace, errorOf, logsOf, type Workspace } from "./support/workspace.js";

const app = {
  name: "shop",
  config: { GREETING: "hello" },
  processes: {
    web: { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s" },
    worker: { command: ["sleep", "100000"] },
  },
} as const;

let space: Workspace;

/** Runs a one-off command to its end. */
async function run(
  options: RunOptions,
  mode: "run" | "exec" = "run",
): Promise<{ code: number; stdout: string; stderr: string }> {
  const shop = space.deployer(app);
  const session = await shop[mode]({ stdio: "capture", ...options });
  const text = { stdout: "", stderr: "" };
  for await (const { stream, data } of session.output) text[stream] += Buffer.from(data).toString();
  return { code: await session.exitCode, ...text };
}

beforeAll(async () => {
  await ensureBuilt("cli");
  space = await createWorkspace();
  writeConfig(space, app);
  space.files("shop", { "server.cjs": plainServer, "version.txt": "1" });
  await space.deployer(app).up();
}, 240_000);

afterAll(() => space?.remove());

describe("one-off commands", () => {
  it("give the true exit code, and 128 + n when they are killed", async () => {
    expect((await run({ command: "exit 0" })).code).toBe(0);
    expect((await run({ command: ["sh", "-c", "exit 42"] })).code).toBe(42);
    expect((await run({ command: "kill -TERM $$" })).code).toBe(143);
    expect((await run({ command: "kill -KILL $$" })).code).toBe(137);
  });

  it("have the directory and the environment of the release, and their output apart", async () => {
    const answer = await run({
      command: "echo $GREETING $EXTRA $DEPLOY_RELEASE; cat version.txt >&2",
      env: { EXTRA: "more" },
    });
    expect(answer).toEqual({ code: 0, stdout: "hello more 1\n", stderr: "1" });
  });

  it("read what they are given, megabytes of it", async () => {
    const input = Buffer.alloc(3_000_000, "0123456789");
    const answer = await run({ command: "md5sum | cut -c1-32; wc -c < /dev/null", input });
    const { createHash } = await import("node:crypto");
    expect(answer.stdout).toBe(`${createHash("md5").update(input).digest("hex")}\n0\n`);
  });

  it("name a program that does not exist", async () => {
    const error = await errorOf(run({ command: ["no-such-program"] }));
    expect(error).toMatchObject({
      code: "containers.cannot-start",
      message: "no-such-program could not be started: there is no such program.",
    });
  });

  it("go into an instance with exec: its port, its name", async () => {
    const { stdout } = await run(
      {
        command: [
          "node",
          "-e",
          "fetch('http://127.0.0.1:'+process.env.PORT).then(a=>a.text()).then(console.log)",
        ],
      },
      "exec",
    );
    expect(stdout.trim()).toBe((await ask(space, "shop.localhost")).text);
    const named = await run({ command: "echo $DEPLOY_INSTANCE $PORT", process: "worker" }, "exec");
    expect(named.stdout).toBe("worker.1\n");
    const shop = space.deployer(app);
    const error = await errorOf(shop.exec({ command: "true", instance: "web.7", stdio: "capture" }));
    expect(error).toMatchObject({
      code: "containers.unknown-instance",
      message: 'There is no instance "web.7".',
    });
  });

  it("pass through the command: exit code, piped stdin, stdout alone", async () => {
    const piped = await deploy(space, "shop", ["run", "--", "tr", "a-z", "A-Z"], { input: "some text\n" });
    expect(piped).toMatchObject({ code: 0, stdout: "SOME TEXT\n" });
    expect((await deploy(space, "shop", ["run", "exit 17"])).code).toBe(17);
    expect((await deploy(space, "shop", ["run", "kill -INT $$"])).code).toBe(130);
    expect((await deploy(space, "shop", ["run", "--", "tty"])).stdout).toBe("not a tty\n");
  });

  it("have the terminal of the command", async () => {
    const { stdout } = await promisify(execFile)(
      "script",
      ["-qec", `${process.execPath} ${command} run -- tty`, "/dev/null"],
      { cwd: join(space.root, "apps", "shop"), env: { ...space.env, TERM: "xterm" } },
    );
    expect(stdout).toMatch(/^\/dev\/pts\/\d+\r?\n$/);
  });
});

describe("what is seen", () => {
  beforeEach(async () => {
    await space.deployer(app).scale({ web: 1 });
  });

  it("memory and CPU of each instance", async () => {
    const shop = space.deployer(app);
    await shop.status();
    await ask(space, "shop.localhost", "/burn");
    const [instance] = (await shop.status()).processes.find((one) => one.name === "web")?.instances ?? [];
    expect(instance?.memory).toBeGreaterThan(4_000_000);
    expect(instance?.memory).toBeLessThan(500_000_000);
    expect(instance?.cpu).toBeGreaterThan(10);
  });

  it("logs of an instance that is gone", async () => {
    const shop = space.deployer(app);
    await shop.scale({ web: 2 });
    const pids = space.pids();
    await shop.scale({ web: 1 });
    await eventually("web.2 is gone", () => pids.filter((pid) => !isRunning(pid)).length === 1);
    const lines = await logsOf(shop, { instance: "web.2" });
    expect(lines.map((line) => line.text)).toContain("serving 1 on release 1");
  });

  it("nobody, when it is scaled to nothing; and it comes back", async () => {
    const shop = space.deployer(app);
    await shop.scale({ web: 0 });
    expect(await ask(space, "shop.localhost")).toMatchObject({ status: 503, error: "no-instance" });
    const status = await shop.status();
    expect(status.processes.find((one) => one.name === "web")).toMatchObject({ desired: 0, instances: [] });
    await shop.scale({ web: 1 });
    expect((await ask(space, "shop.localhost")).status).toBe(200);
  });
});
