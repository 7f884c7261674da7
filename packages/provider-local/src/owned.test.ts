import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Context, systemClock } from "@deploy/core";
import { afterEach, expect, it, vi } from "vitest";
import { findHome } from "./home.js";
import { findOwned } from "./owned.js";

const directory = mkdtempSync(join(tmpdir(), "deploy-owned-"));

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

it("leaves the sockets of the user's other homes alone, where paths are too long for a socket in the home", async () => {
  vi.stubEnv("TMPDIR", directory);
  // Disabling the start at boot looks into the user's own configuration.
  vi.stubEnv("HOME", directory);
  vi.stubEnv("XDG_CONFIG_HOME", join(directory, "config"));
  const env = { DEPLOY_HOME: join(directory, "long".repeat(30)) };
  const home = findHome(env);
  const other = join(dirname(home.socket), "other.sock");
  expect(home.socket.startsWith(home.directory)).toBe(false);
  mkdirSync(home.directory, { recursive: true });
  mkdirSync(dirname(home.socket), { recursive: true });
  for (const file of [home.supervisorFile, home.socket, other]) writeFileSync(file, "");
  const context: Context = {
    signal: new AbortController().signal,
    env,
    fetch,
    clock: systemClock,
    log: () => {},
    output: () => {},
    directory,
    shared: (_key, load) => load(),
  };
  const settings = { startAtBoot: false };
  const owned = await findOwned(settings, context, { app: "shop", environment: "local" });
  expect(owned.map(({ id }) => id)).toEqual(["local/servers/supervisor"]);
  await owned[0]?.remove(context);
  expect(existsSync(home.directory)).toBe(false);
  expect(existsSync(home.socket)).toBe(false);
  expect(existsSync(other)).toBe(true);
});
