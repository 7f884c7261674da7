import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { local } from "../src/index.js";
import { findFreePort } from "../src/operating-system/free-port.js";
import { plainServer } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { deploy, writeConfig } from "./support/cli.js";
import { isRunning } from "./support/processes.js";
import { ask, createWorkspace, errorOf, type Workspace } from "./support/workspace.js";

const app = {
  name: "shop",
  processes: { web: { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s" } },
} as const;

let space: Workspace;
let squatter: ChildProcess | undefined;

/** A program that holds a port. */
async function occupy(port: number): Promise<number> {
  squatter = spawn("python3", [
    "-c",
    "import socket,sys,time; s=socket.socket(); s.bind(('127.0.0.1',int(sys.argv[1]))); s.listen(); print('ok',flush=True); time.sleep(600)",
    String(port),
  ]);
  await once(squatter.stdout!, "data");
  return squatter.pid ?? 0;
}

beforeAll(() => ensureBuilt("cli"), 240_000);

beforeEach(async () => {
  space = await createWorkspace();
  writeConfig(space, app);
  space.files("shop", { "server.cjs": plainServer });
});

afterEach(async () => {
  squatter?.kill("SIGKILL");
  squatter = undefined;
  await space.remove();
});

describe("a port that is taken", () => {
  it("the first up names the program, starts nothing, and works once the port is free", async () => {
    const pid = await occupy(space.port);
    const answer = await deploy(space, "shop", ["up", "--json"]);
    expect(answer.code).toBe(1);
    const last = JSON.parse(answer.stdout.trimEnd().split("\n").at(-1) ?? "") as { error: unknown };
    expect(last.error).toMatchObject({
      code: "servers.port-taken",
      message: expect.stringMatching(
        new RegExp(`^Port ${space.port} is taken by python3?[\\d.]* \\(process ${pid}\\)\\.$`),
      ),
      hint: expect.stringContaining("choose another port: local({ port }) or DEPLOY_PORT"),
    });
    expect(space.pids()).toEqual([]);

    squatter?.kill("SIGKILL");
    await once(squatter!, "exit");
    const again = await deploy(space, "shop", ["up"]);
    expect(again.stderr).toContain("shop.localhost");
    expect(again.code).toBe(0);
    expect((await ask(space, "shop.localhost")).status).toBe(200);
  });

  it("moving a running supervisor to it is refused, and everything goes on where it is", async () => {
    await space.deployer(app).up();
    const before = (await ask(space, "shop.localhost")).text;
    const supervisor = space.supervisor();
    const port = await findFreePort({ host: "127.0.0.1", from: space.port + 1, to: space.port + 500 });
    const pid = await occupy(port);

    const error = await errorOf(space.deployer(app, { target: local({ port }) }).up());
    expect(error.code).toBe("servers.port-taken");
    expect(error.message).toContain(`Port ${port} is taken by python`);
    expect(error.message).toContain(`(process ${pid})`);
    expect((await ask(space, "shop.localhost")).text).toBe(before);
    expect(space.supervisor()).toEqual(supervisor);
    expect(isRunning(supervisor.pid)).toBe(true);
  });

  it("moving to a free one keeps the instances as they are", async () => {
    await space.deployer(app).up();
    const pids = space.pids();
    const port = await findFreePort({ host: "127.0.0.1", from: space.port + 1, to: space.port + 500 });
    await space.deployer(app, { target: local({ port }) }).up();
    expect(space.supervisor().port).toBe(port);
    expect(space.pids()).toEqual(pids);
    expect((await ask({ ...space, port }, "shop.localhost")).status).toBe(200);
  });
});
