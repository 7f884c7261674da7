import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { AppInput } from "@deploy/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { plainServer } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { deploy, writeConfig } from "./support/cli.js";
import { ask, createWorkspace, type Workspace } from "./support/workspace.js";

const web = { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s" } as const;
const good: AppInput = { name: "shop", processes: { web } };

let space: Workspace;
let before: string;

/** `up` of other declarations than those in service: exit code, and stderr without its first empty lines. */
async function up(change: Partial<AppInput>): Promise<{ readonly code: number; readonly stderr: string }> {
  writeConfig(space, { ...good, ...change });
  const { code, stderr } = await deploy(space, "shop", ["up"]);
  expect((await ask(space, "shop.localhost")).text).toBe(before);
  return { code, stderr };
}

beforeAll(async () => {
  await ensureBuilt("cli");
  space = await createWorkspace();
  writeConfig(space, good);
  space.files("shop", { "server.cjs": plainServer, "version.txt": "1" });
  expect((await deploy(space, "shop", ["up"])).code).toBe(0);
  before = (await ask(space, "shop.localhost")).text;
}, 240_000);

afterAll(() => space?.remove());

it("a health check that never passes: status, last lines, code, what to do; exit 1", async () => {
  const health = { path: "/healthz", startWithin: "1 s" } as const;
  const { code, stderr } = await up({ config: { STATUS: 503 }, processes: { web: { ...web, health } } });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /✖ web\.1 of release \d+ did not become healthy within 1 s: GET \/healthz answered 503\. Release 1 goes on serving\./,
  );
  expect(stderr).toMatch(/│ serving \S+ on release \d+/);
  expect(stderr).toContain("containers.health-check-failed");
  expect(stderr).toMatch(/fix +.*deploy logs web --release \d+/);
});

it("a release command that fails: its output is there afterwards; exit 1", async () => {
  const { code, stderr } = await up({ release: "echo 'no such table' >&2; exit 5" });
  expect(code).toBe(1);
  expect(stderr).toContain("✖ The release command failed with exit code 5. Release 1 goes on serving.");
  const release = /deploy logs release --release (\d+)/.exec(stderr)?.[1] ?? "";
  const logs = await deploy(space, "shop", ["logs", "release", "--release", release]);
  expect(logs.code).toBe(0);
  expect(logs.stdout).toContain("no such table");
});

it("a secret without a value: its name and the command that sets it; exit 1", async () => {
  const { code, stderr } = await up({ secrets: ["SECRET_KEY"] });
  expect(code).toBe(1);
  expect(stderr).toContain("SECRET_KEY has no value in local");
  expect(stderr).toContain("deploy secrets set SECRET_KEY");
});

it("a build command that fails: its last lines; exit 1", async () => {
  const { code, stderr } = await up({ build: { command: "echo 'syntax error in line 7'; exit 3" } });
  expect(code).toBe(1);
  expect(stderr).toContain("✖ The build command failed with exit code 3.");
  expect(stderr).toContain("│ syntax error in line 7");
});

it("an account that is not this machine: exit 4, and not one file", async () => {
  const elsewhere = await createWorkspace();
  writeConfig(elsewhere, { ...good, environments: { staging: { account: "bench-7" } } });
  elsewhere.files("shop", { "server.cjs": plainServer });
  const { code, stderr } = await deploy(elsewhere, "shop", ["up", "-e", "staging"]);
  expect(stderr).toContain(`belongs to the account bench-7`);
  expect(stderr).toContain(hostname());
  expect(code).toBe(4);
  expect(existsSync(elsewhere.home)).toBe(false);
  await elsewhere.remove();
});

it("down without the name typed: refused with exit 2; with it nothing is left", async () => {
  writeConfig(space, good);
  const refused = await deploy(space, "shop", ["down"]);
  expect(refused.code).toBe(2);
  expect((await ask(space, "shop.localhost")).text).toBe(before);
  const done = await deploy(space, "shop", ["down", "--confirm", "shop"]);
  expect(done.code).toBe(0);
  expect(existsSync(space.home)).toBe(false);
});
