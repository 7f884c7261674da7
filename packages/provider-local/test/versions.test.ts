import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createClient } from "../src/client.js";
import { findHome } from "../src/home.js";
import { findProgram } from "../src/program.js";
import { streamingServer, webSocketModule } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { startLoad } from "./support/load.js";
import { startOldSupervisor } from "./support/old-supervisor.js";
import { eventually } from "./support/poll.js";
import { isRunning } from "./support/processes.js";
import { ask, createWorkspace, errorOf, eventsOf, type Workspace } from "./support/workspace.js";

let space: Workspace;

const app = () =>
  ({
    name: "shop",
    config: { WS_MODULE: webSocketModule, EXECUTIONS: join(space.root, "executions") },
    processes: {
      web: { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s" },
      worker: { command: ["sleep", "100000"] },
    },
  }) as const;

beforeAll(() => ensureBuilt(), 180_000);

beforeEach(async () => {
  space = await createWorkspace();
  space.files("shop", { "server.cjs": streamingServer, "version.txt": "1" });
});

afterEach(() => space?.remove());

describe("a supervisor of another version", () => {
  it("is replaced in place: no request fails, no instance is started again", async () => {
    const old = await startOldSupervisor(space);
    const shop = space.deployer(app());
    // Put into service by the old one itself: a deploy would replace it first.
    await deployBy(old.program, () => shop.up());
    const pids = space.pids();
    const load = startLoad({ port: space.port, host: "shop.localhost" });
    await eventually("load", () => load.answered() > 100);

    const events = await eventsOf(shop.up());
    expect(events.map((event) => event.message)).toContain(
      "handing over to the new version; nothing is stopped",
    );
    const handedOver = load.answered();
    await eventually("load on the new one", () => load.answered() > handedOver + 200);
    await eventually("the old one is gone", () => !isRunning(old.pid));
    const afterwards = load.answered();
    await eventually("load without the old one", () => load.answered() > afterwards + 200);
    const result = await load.stop();

    expect(result.failures).toEqual([]);
    expect(space.pids()).toEqual(pids);
    const now = space.supervisor();
    expect(now.program).toBe(findProgram().digest);
    expect(now.port).toBe(old.port);
    expect(now.pid).not.toBe(old.pid);
    expect((await shop.plan()).changes).toEqual([]);
    const { processes } = await shop.status();
    expect(processes.flatMap(({ instances }) => instances.map((one) => [one.state, one.restarts]))).toEqual([
      ["running", 0],
      ["running", 0],
    ]);
  }, 60_000);

  it("ends what it has begun to answer, although a rollout follows at once", async () => {
    const old = await startOldSupervisor(space);
    const shop = space.deployer(app());
    await deployBy(old.program, () => shop.up());
    const slow = ask(space, "shop.localhost", "/slow");
    space.files("shop", { "version.txt": "2" });
    await shop.up();
    expect(await slow).toMatchObject({ status: 200, text: expect.stringContaining('"version":"1"') });
    expect((await ask(space, "shop.localhost")).text).toContain('"version":"2"');
  }, 60_000);

  it("that speaks another protocol is ended, and its instances are adopted", async () => {
    const old = await startOldSupervisor(space, (text) => {
      const changed = text
        .replaceAll("protocolVersion = 1", "protocolVersion = 99")
        .replaceAll('"hand-over"', '"pass-on"');
      expect(changed).not.toBe(text);
      return changed;
    });
    expect(old.protocol).toBe(99);
    const shop = space.deployer(app());
    await deployBy(old.program, () => shop.up());
    const pids = space.pids();

    await shop.up();
    expect(space.pids()).toEqual(pids);
    expect(space.supervisor()).toMatchObject({ protocol: 1, port: old.port, program: findProgram().digest });
    expect((await ask(space, "shop.localhost")).status).toBe(200);
    expect(isRunning(old.pid)).toBe(false);
  }, 60_000);

  it("goes on when its successor cannot start", async () => {
    const shop = space.deployer(app());
    await shop.up();
    const [pids, before] = [space.pids(), space.supervisor()];
    const home = findHome(space.env);
    const broken = join(home.programs, "broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "package.json"), '{ "type": "module" }\n');
    writeFileSync(join(broken, "supervisor.js"), 'throw new Error("broken build");\n');
    const quiet = { log: () => {}, output: () => {}, signal: new AbortController().signal };
    const load = startLoad({ port: space.port, host: "shop.localhost" });

    const error = await errorOf(
      createClient(home, quiet).call("POST", ["supervisor", "hand-over"], { program: "broken" }),
    );
    expect(error.code).toBe("servers.supervisor-failed");
    await eventually("a supervisor answers", async () => {
      const facts = await createClient(home, quiet).facts();
      return facts?.program === before.program;
    });
    const reached = load.answered();
    await eventually("load", () => load.answered() > reached + 100);
    expect((await load.stop()).failures).toEqual([]);
    expect(space.pids()).toEqual(pids);
    await shop.restart("worker");
    expect((await shop.plan()).changes).toEqual([]);
  }, 60_000);
});

/** Does `work` as a client of that other version would: it finds the supervisor to be as new as itself. */
async function deployBy(program: string, work: () => PromiseLike<unknown>): Promise<void> {
  const found = findProgram() as { digest: string };
  const { digest } = found;
  found.digest = program;
  try {
    await work();
  } finally {
    found.digest = digest;
  }
}
