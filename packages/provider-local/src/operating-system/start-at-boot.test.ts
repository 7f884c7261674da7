import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStartAtBoot } from "./start-at-boot.js";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "boot-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const program = {
  argv: ["/usr/bin/node", '/opt/a b/100%/$HOME/"x".js', "back\\slash"],
  environment: { B: "2", A: "<&" },
};

/** A systemctl which remembers whether the unit is enabled. */
function fakeSystem(): {
  readonly calls: string[];
  readonly run: (argv: readonly string[]) => Promise<{ exitCode: number; output: string }>;
} {
  let enabled = false;
  const calls: string[] = [];
  return {
    calls,
    run: async (argv) => {
      const line = argv.join(" ");
      if (argv.includes("is-enabled")) {
        return enabled ? { exitCode: 0, output: "enabled\n" } : { exitCode: 1, output: "disabled\n" };
      }
      calls.push(line);
      if (argv.includes("enable")) enabled = true;
      if (argv.includes("disable")) enabled = false;
      return { exitCode: 0, output: "" };
    },
  };
}

test("a systemd unit is written, enabled, recognised and removed, each only once", async () => {
  const system = fakeSystem();
  const boot = createStartAtBoot({
    platform: "linux",
    userHome: home,
    configHome: join(home, ".config"),
    run: system.run,
  });
  const path = join(home, ".config/systemd/user/deploy-supervisor.service");
  expect(await boot.read(program)).toEqual({ path, file: "absent", enabled: false });
  expect(await boot.enable(program)).toEqual({ changed: true, toRun: [] });
  expect(system.calls.slice(0, 2)).toEqual([
    "systemctl --user daemon-reload",
    "systemctl --user enable deploy-supervisor.service",
  ]);
  const text = readFileSync(path, "utf8");
  expect(text).toContain(
    String.raw`ExecStart="/usr/bin/node" "/opt/a b/100%%/$$HOME/\"x\".js" "back\\slash"`,
  );
  expect(text).toContain('Environment="A=<&"\nEnvironment="B=2"');
  expect(await boot.read(program)).toMatchObject({ file: "present", enabled: true });
  expect(await boot.read({ argv: ["/other"] })).toMatchObject({ file: "different" });
  expect(await boot.enable(program)).toMatchObject({ changed: false });
  expect(await boot.disable()).toEqual({ changed: true, toRun: [] });
  expect(await boot.disable()).toEqual({ changed: false, toRun: [] });
  expect(existsSync(path)).toBe(false);
});

test("without a reachable systemd it says what to run", async () => {
  const run = async (): Promise<{ exitCode: undefined; output: string }> => ({
    exitCode: undefined,
    output: "no bus",
  });
  const boot = createStartAtBoot({ platform: "linux", userHome: home, configHome: home, run });
  const { changed, toRun } = await boot.enable(program);
  expect(changed).toBe(true);
  expect(toRun.map((argv) => argv.join(" "))).toContain("systemctl --user enable deploy-supervisor.service");
  expect(await boot.read(program)).toMatchObject({ file: "present", enabled: undefined });
});

test("a launchd agent is written and removed", async () => {
  const boot = createStartAtBoot({ platform: "darwin", userHome: home });
  expect(await boot.enable(program)).toEqual({ changed: true, toRun: [] });
  const state = await boot.read(program);
  expect(state).toMatchObject({ file: "present", enabled: true });
  expect(readFileSync(state.path, "utf8")).toContain("<key>A</key><string>&lt;&amp;</string>");
  expect(await boot.enable(program)).toEqual({ changed: false, toRun: [] });
  expect(await boot.disable()).toEqual({ changed: true, toRun: [] });
});

test("other systems and relative programs are refused", async () => {
  const code = "servers.start-at-boot-unsupported";
  await expect(
    createStartAtBoot({ platform: "win32", userHome: home }).enable(program),
  ).rejects.toMatchObject({ code });
  const linux = createStartAtBoot({
    platform: "linux",
    userHome: home,
    configHome: home,
    run: fakeSystem().run,
  });
  await expect(linux.enable({ argv: ["node", "x"] })).rejects.toMatchObject({ code });
});
