import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { redact } from "@deploy/core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plainServer } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { startLoad } from "./support/load.js";
import { ask, createWorkspace, errorOf, eventsOf, type Workspace } from "./support/workspace.js";

const web = { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s" } as const;

let space: Workspace;

beforeAll(() => ensureBuilt(), 180_000);

beforeEach(async () => {
  space = await createWorkspace();
  space.files("shop", { "server.cjs": plainServer, "version.txt": "1" });
});

afterEach(() => space?.remove());

function setVersion(version: string): void {
  space.files("shop", { "version.txt": version });
}

describe("releases", () => {
  it("pin secrets: a new value comes with the next release, and a rollback brings the old one back", async () => {
    const shop = space.deployer({ name: "shop", processes: { web }, secrets: ["KEY"] });
    const seen = async (): Promise<string> => (await ask(space, "shop.localhost", "/env/KEY")).text;
    await shop.secrets.set("KEY", redact("v1"));
    await shop.up();
    expect(await seen()).toBe("v1");

    await shop.secrets.set("KEY", redact("v2"));
    await shop.restart();
    expect(await seen()).toBe("v1");
    await shop.up();
    expect(await seen()).toBe("v2");

    const { release } = await shop.rollback();
    expect(release).toBe(3);
    expect(await seen()).toBe("v1");
    expect((await shop.releases())[0]).toMatchObject({
      number: 3,
      state: "active",
      secrets: [{ name: "KEY", version: "1" }],
      origin: { repeats: 1 },
    });
    for (const directory of ["environments", "logs"]) {
      expect(textsBelow(join(space.home, directory))).not.toMatch(/\bv[12]\b/);
    }
  });

  it("run the release command when the code changes, not when the config does, and not on a rollback", async () => {
    const ran = join(space.root, "ran");
    const app = (value: string) =>
      ({
        name: "shop",
        processes: { web },
        config: { VALUE: value },
        release: `echo "$DEPLOY_RELEASE $VALUE $(cat version.txt)" >> ${ran}`,
      }) as const;
    const runs = (): readonly string[] => readFileSync(ran, "utf8").trimEnd().split("\n");
    await space.deployer(app("a")).up();
    expect(runs()).toEqual(["1 a 1"]);
    await space.deployer(app("a")).up();
    await space.deployer(app("b")).up();
    expect((await ask(space, "shop.localhost", "/env/VALUE")).text).toBe("b");
    expect(runs()).toEqual(["1 a 1"]);
    setVersion("2");
    await space.deployer(app("b")).up();
    expect(runs()).toEqual(["1 a 1", "3 b 2"]);
    await space.deployer(app("b")).rollback();
    expect((await ask(space, "shop.localhost")).text).toContain('"version":"1"');
    expect(runs()).toHaveLength(2);
    await space.deployer(app("b")).up({ rerunReleaseCommand: true });
    expect(runs()).toHaveLength(3);
  });

  it("take over a volume one after the other, and what is in it stays", async () => {
    const processes = { web: { ...web, volumes: { files: "files" }, command: ["node", "counter.cjs"] } };
    space.files("shop", {
      "counter.cjs": `
        const { appendFileSync, readFileSync } = require("node:fs");
        appendFileSync("files/log", "start " + process.env.DEPLOY_RELEASE + "\\n");
        process.on("SIGTERM", () => {
          appendFileSync("files/log", "end " + process.env.DEPLOY_RELEASE + "\\n");
          process.exit(0);
        });
        require("./server.cjs");`,
    });
    const shop = space.deployer({ name: "shop", processes });
    await shop.up();
    setVersion("2");
    const events = await eventsOf(shop.up());
    expect(events.map((event) => event.message)).toContain(
      "stopping web first: its volume can be used by one release at a time",
    );
    await shop.rollback();
    const log = join(space.home, "environments", "shop", "local", "volumes", "files", "log");
    expect(readFileSync(log, "utf8").trimEnd().split("\n")).toEqual([
      "start 1",
      "end 1",
      "start 2",
      "end 2",
      "start 3",
    ]);
    const error = await errorOf(shop.scale({ web: 2 }));
    expect(error.code).toBe("containers.one-instance-only");

    // One that cannot start gives the volume back to the one before.
    const broken = { web: { ...processes.web, command: "exit 3" } };
    const failed = await errorOf(space.deployer({ name: "shop", processes: broken }).up());
    expect(failed.code).toBe("containers.crashed-while-starting");
    await expect.poll(async () => (await ask(space, "shop.localhost")).status, { timeout: 10_000 }).toBe(200);
    expect((await ask(space, "shop.localhost")).text).toContain('"release":"3"');
  });

  it("keep the address by which processes find each other", async () => {
    const processes = {
      web: { ...web, command: ["node", "asking.cjs"] },
      api: { command: ["node", "server.cjs"], health: "/healthz", internal: true, drain: "1 s" },
    } as const;
    // The address is read once, when the process starts, and the answer passed on.
    space.files("shop", {
      "asking.cjs": `
        const api = process.env.API_URL;
        require("node:http").createServer((request, response) => {
          if (request.url === "/healthz") return response.end("ok");
          fetch(api + request.url).then(async (answer) => {
            response.writeHead(answer.status).end(await answer.text());
          }, (error) => response.writeHead(599).end(String(error.cause ?? error)));
        }).listen(Number(process.env.PORT), "127.0.0.1");`,
    });
    const shop = space.deployer({ name: "shop", processes });
    await shop.up();
    const address = async (): Promise<string | undefined> =>
      (await shop.status()).processes.find((one) => one.name === "api")?.address;
    const before = await address();
    expect(before).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await ask(space, "shop.localhost")).text).toContain('"instance":"api.1"');

    // Only api is replaced: web asks on with the address that it has.
    await shop.restart("api");
    setVersion("2");
    await shop.up();
    expect(await address()).toBe(before);
    expect((await ask(space, "shop.localhost")).text).toContain('"version":"2"');
  });

  it("go from one environment of this machine to another, image and all, config of its own", async () => {
    const app = {
      name: "shop",
      processes: { web },
      environments: {
        staging: { target: space.target, config: { VALUE: "staging" } },
        production: { target: space.target, config: { VALUE: "production" } },
      },
    } as const;
    const [staging, production] = [
      space.deployer(app, { environment: "staging" }),
      space.deployer(app, { environment: "production" }),
    ];
    await staging.up();
    // The source has moved on since: what was tried is what is promoted.
    setVersion("2");
    await production.promoteFrom(staging);
    const seen = async (host: string) => [
      (JSON.parse((await ask(space, host)).text) as { version: string }).version,
      (await ask(space, host, "/env/VALUE")).text,
    ];
    expect(await seen("staging.shop.localhost")).toEqual(["1", "staging"]);
    expect(await seen("production.shop.localhost")).toEqual(["1", "production"]);
    const [promoted] = await production.releases();
    expect(promoted?.origin.promotedFrom).toBe("staging release 1");
    expect(promoted?.image.digest).toBe((await staging.releases())[0]?.image.digest);

    await staging.down({ confirm: "shop" });
    expect(await seen("production.shop.localhost")).toEqual(["1", "production"]);
    await production.restart();
    await production.down({ confirm: "shop" });
    expect(existsSync(space.home)).toBe(false);
  });

  it("replace nothing when nothing has changed, also under load", async () => {
    const shop = space.deployer({ name: "shop", processes: { web } });
    await shop.up();
    const pids = space.pids();
    const load = startLoad({ port: space.port, host: "shop.localhost" });
    for (let time = 0; time < 3; time += 1) {
      const { plan, release } = await shop.up();
      expect(plan.changes).toEqual([]);
      expect(release).toBe(1);
    }
    await load.stop();
    expect(space.pids()).toEqual(pids);
  });
});

function textsBelow(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}
