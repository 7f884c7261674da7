import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureBuilt } from "../../../provider-local/test/support/built.js";
import { createWorkspace, type Workspace } from "../../../provider-local/test/support/workspace.js";
import type { LogEntry } from "../../src/shared/log-types.js";
import { createLogStore } from "../../src/store/index.js";

/*
 * A real process prints numbered lines while whoever brings them into the store is killed with -9 at random moments,
 * again and again. In the end every line is there exactly once, in order: what was handed on, and what was not.
 *
 * Eight kills; DEPLOY_CRASH_KILLS asks for more.
 */

const kills = Number(process.env.DEPLOY_CRASH_KILLS ?? 8);
const total = 60_000;
const here = fileURLToPath(new URL(".", import.meta.url));
const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
/** Beside the libraries, because the native one is not bundled. */
const built = join(packageRoot, "node_modules", `.crash-feed-${process.pid}`);
const server = `
import { createServer } from "node:http";
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
let number = 0;
const timer = setInterval(() => {
  let text = "";
  for (let count = 0; count < 150 && number < ${total}; count++) text += "line " + number++ + " of an ordinary length\\n";
  process.stdout.write(text);
  if (number >= ${total}) clearInterval(timer);
}, 20);
`;

let space: Workspace;
let directory = "";

beforeAll(async () => {
  await ensureBuilt();
  directory = await mkdtemp(join(tmpdir(), "feed-crash-"));
  await mkdir(built, { recursive: true });
  await build({
    entryPoints: {
      writer: join(here, "feed-writer.ts"),
      "scan-worker": join(packageRoot, "src/store/scan-worker.ts"),
    },
    ...{ bundle: true, splitting: true, platform: "node", format: "esm", target: "node20" },
    ...{ outdir: built, outExtension: { ".js": ".mjs" }, logLevel: "error" },
    alias: {
      "@deploy/core": join(packageRoot, "../core/src/index.ts"),
      "@deploy/provider-local": join(packageRoot, "../provider-local/src/index.ts"),
    },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    external: ["@libsql/client", "re2js"],
  });
  space = await createWorkspace();
  space.files("shop", { "server.mjs": server });
}, 180_000);

afterAll(async () => {
  await space?.remove();
  await rm(directory, { recursive: true, force: true });
  await rm(built, { recursive: true, force: true });
});

/** Runs the feed and kills it so long after it is ready; the last number that it had handed on. */
async function killedAfter(milliseconds: number): Promise<number> {
  const child = spawn(process.execPath, [join(built, "writer.mjs"), directory], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...space.env } as NodeJS.ProcessEnv,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output === "") setTimeout(() => child.kill("SIGKILL"), milliseconds);
    output += text;
  });
  await new Promise((resolve) => child.once("close", resolve));
  const [, first = "0", count = "0"] = /heard (\d+) (\d+)\n(?!.*heard)/s.exec(output) ?? [];
  return Number(first) + Number(count) - 1;
}

test(`killed ${kills} times while lines come, none is lost and none comes twice`, async () => {
  await space
    .deployer({ name: "shop", processes: { web: { command: ["node", "server.mjs"], health: "/" } } })
    .up();
  let acknowledged = 0;
  for (let round = 0; round < kills; round++) {
    acknowledged = Math.max(acknowledged, await killedAfter(20 + Math.random() * 900));
  }
  expect(acknowledged).toBeGreaterThan(0);
  let numbers: number[] = [];
  for (let tries = 0; tries < 30 && numbers.length < total; tries++) {
    acknowledged = Math.max(acknowledged, await killedAfter(1_500));
    numbers = await storedNumbers();
  }
  expect(numbers).toHaveLength(total);
  expect(numbers.findIndex((number, index) => number !== index)).toBe(-1);
}, 240_000);

async function storedNumbers(): Promise<number[]> {
  const store = await createLogStore({ directory, limits: { days: 14, bytes: 256 * 1024 * 1024 } });
  const stream = await store.stream({ app: "shop", environment: "local" });
  const lines: LogEntry[] = [];
  for await (const page of stream.all({})) lines.push(...page);
  await store.close();
  return lines.flatMap(({ text }) => (text.startsWith("line ") ? [Number(text.split(" ")[1])] : []));
}
