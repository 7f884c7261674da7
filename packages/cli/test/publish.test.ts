import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startConsole } from "@deploy/console";
import { type AppInput, defineApp } from "@deploy/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { command, ensureBuilt } from "../../provider-local/test/support/built.js";
import { deploy, writeConfig } from "../../provider-local/test/support/cli.js";
import { createWorkspace, type Workspace } from "../../provider-local/test/support/workspace.js";

/** The command tells its runs to a console that runs on the same machine, without being asked to. */

const server = `
const { createServer } = require("node:http");
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
`;
const input: AppInput = {
  name: "shop",
  build: { command: "echo building it" },
  processes: { web: { command: ["node", "server.cjs"], health: "/" } },
  release: "echo migrating",
};

let space: Workspace;
let data: string;
let running: Awaited<ReturnType<typeof startConsole>>;

beforeAll(async () => {
  await ensureBuilt("cli");
  space = await createWorkspace();
  space.files("shop", { "server.cjs": server });
  const directory = join(writeConfig(space, input));
  data = mkdtempSync(join(tmpdir(), "deploy-data-"));
  running = await startConsole({
    load: async () => ({ apps: [{ app: defineApp(input), directory }], problems: [] }),
    defaultTarget: space.target,
    directory: join(data, "deploy", "console"),
    port: 0,
    env: space.env,
  });
}, 240_000);

afterAll(async () => {
  await running?.close();
  await space?.remove();
  rmSync(data, { recursive: true, force: true });
});

type StoredLine = Readonly<Record<string, unknown>>;

function storedRuns(): StoredLine[][] {
  const directory = join(data, "deploy", "console", "runs", "shop", "local");
  return readdirSync(directory)
    .sort()
    .map((name) =>
      readFileSync(join(directory, name), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as StoredLine),
    );
}

it("a run of `up`: who, every event, and the release at its end", async () => {
  const answer = await deploy(space, "shop", ["up"], { env: { XDG_DATA_HOME: data } });
  expect(answer.code, answer.stderr).toBe(0);
  const [lines] = storedRuns();
  expect(lines?.[0]).toMatchObject({ run: { app: "shop", environment: "local", operation: "up" } });
  expect(lines?.at(-1)).toMatchObject({ end: { state: "done", release: 1 } });
  const events = (lines ?? []).flatMap((line) =>
    line.event === undefined ? [] : [line.event as StoredLine],
  );
  const numbers = (lines ?? []).flatMap((line) => (line.number === undefined ? [] : [line.number]));
  expect(numbers).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)?.type).toBe("finished");
  expect(events.filter(({ type }) => type === "output").map(({ text }) => text)).toEqual(
    expect.arrayContaining(["building it", "migrating"]),
  );
}, 60_000);

it("Ctrl-C ends the run as cancelled", async () => {
  writeConfig(space, { ...input, release: "echo waiting; sleep 30" });
  space.files("shop", { "version.txt": "2" });
  const child = spawn(process.execPath, [command, "up"], {
    cwd: join(space.root, "apps", "shop"),
    env: { ...space.env, DEPLOY_PORT: String(space.port), XDG_DATA_HOME: data } as NodeJS.ProcessEnv,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await expect.poll(() => printed, { timeout: 30_000 }).toContain("waiting");
  child.kill("SIGINT");
  expect(await ended).toBe(3);
  expect(storedRuns().at(-1)?.at(-1)).toMatchObject({ end: { state: "cancelled" } });
}, 90_000);

it("a console that cannot be told fails nothing, and is spoken of once, on stderr", async () => {
  const answer = await deploy(space, "shop", ["restart", "--json"], {
    env: { DEPLOY_CONSOLE_URL: "http://127.0.0.1:9", DEPLOY_CONSOLE_TOKEN: "dpl_never-shown-to-anybody" },
  });
  expect(answer.code).toBe(0);
  expect(answer.stdout).not.toContain("console");
  expect(answer.stdout + answer.stderr).not.toContain("dpl_never");
  const spoken = await deploy(space, "shop", ["restart"], {
    env: { DEPLOY_CONSOLE_URL: "http://127.0.0.1:9", DEPLOY_CONSOLE_TOKEN: "dpl_never-shown-to-anybody" },
  });
  expect(spoken.code).toBe(0);
  expect(spoken.stderr.match(/is not told of this run/g)).toHaveLength(1);
}, 60_000);

it("a console that takes what it is told and never answers holds up no `up`", async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  try {
    writeConfig(space, { ...input, config: { ROUND: "silent" } });
    const answer = await deploy(space, "shop", ["up"], {
      env: { DEPLOY_CONSOLE_URL: urlOf(silent), DEPLOY_CONSOLE_TOKEN: "dpl_never-shown-to-anybody" },
    });
    expect(answer.code, answer.stderr).toBe(0);
    expect(answer.stderr.match(/is not told of this run: it answers too slowly/g)).toHaveLength(1);
    expect(answer.stdout + answer.stderr).not.toContain("dpl_never");
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
}, 60_000);

it("a console that goes away in the midst of an `up` fails nothing", async () => {
  let asked = 0;
  const leaving = createServer((request, response) => {
    asked += 1;
    request.resume();
    if (asked === 1) response.end(JSON.stringify({ run: { id: "r1" } }));
    else {
      leaving.closeAllConnections();
      leaving.close();
    }
  });
  await new Promise<void>((resolve) => leaving.listen(0, "127.0.0.1", resolve));
  writeConfig(space, { ...input, config: { ROUND: "leaving" } });
  const answer = await deploy(space, "shop", ["up"], {
    env: { DEPLOY_CONSOLE_URL: urlOf(leaving), DEPLOY_CONSOLE_TOKEN: "dpl_never-shown-to-anybody" },
  });
  expect(answer.code, answer.stderr).toBe(0);
  expect(asked).toBeGreaterThanOrEqual(2);
  expect(answer.stderr.match(/is not told of this run/g)).toHaveLength(1);
}, 60_000);

function urlOf(one: Server): string {
  return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
}
