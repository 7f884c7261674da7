import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestConsole, type TestConsole } from "../src/http/testing/console.js";
import type { LogPage } from "../src/shared/log-types.js";

const password = "a long password of a test";

function hasSqlite(): boolean {
  if (spawnSync("sqlite3", ["--version"]).status === 0) return true;
  console.warn("backup.test.ts: skipped, sqlite3 is not on the PATH");
  return false;
}

/** The commands of docs/console.md, as they are written there: stopped, while it runs, to restore. */
function blocks(): readonly string[] {
  const page = readFileSync(new URL("../../../docs/console.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("## Back up and restore");
  return [...(section.split("\n## ")[0] ?? "").matchAll(/```sh\n([\s\S]*?)```/g)].map(
    ([, text = ""]) => text,
  );
}

describe.skipIf(!hasSqlite())("a backup, as docs/console.md says", { timeout: 60_000 }, () => {
  let home: string;
  let the: TestConsole;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "deploy-console-backup-"));
    const directory = join(home, ".local/share/deploy/console");
    mkdirSync(directory, { recursive: true });
    the = await openTestConsole({ directory });
    const set = await the.ask("/api/account/password", { as: the.owner, method: "POST", json: { password } });
    expect(set.status).toBeLessThan(300);
    await the.ingest(300);
  });
  afterAll(async () => {
    await the?.end();
    rmSync(home, { recursive: true, force: true });
  });

  /** What somebody types, in a home of its own. */
  const type = (commands: string, cwd: string): void => {
    const { status, stderr } = spawnSync("sh", ["-c", commands], {
      cwd,
      env: { ...process.env, HOME: home },
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
  };
  /** The last command of the page starts it: here in this process, to be asked. */
  const restored = async (at: string): Promise<void> => {
    const [, , restore = ""] = blocks();
    const lines = restore.trim().split("\n");
    expect(lines.at(-1)).toBe("deploy console --data restored");
    type(lines.slice(0, -1).join("\n"), at);
    const directory = join(at, "restored");
    const other = await openTestConsole({ directory });
    try {
      expect((statSync(join(directory, "access.db")).mode & 0o777).toString(8)).toBe("600");
      const json = { email: "owner@example.org", password };
      expect((await other.ask("/api/sign-in/password", { method: "POST", json })).status).toBe(200);
      expect((await other.ask("/api/me", { as: the.owner })).status).toBe(200);
      const path = "/api/apps/shop/environments/production/logs?limit=500";
      const { body } = await other.ask<LogPage>(path, { as: the.owner });
      expect(body.lines.map(({ text }) => text).filter((text) => text.startsWith("line "))).toEqual(
        Array.from({ length: 300 }, (_, index) => `line ${index}`),
      );
      expect(await other.services.access.verifyAudit()).toMatchObject({ intact: true });
    } finally {
      await other.end();
    }
  };
  const place = (name: string): string => {
    const at = join(home, name);
    mkdirSync(at);
    return at;
  };

  it("of a console that runs: who is here signs in, the lines are there, the audit log holds", async () => {
    const at = place("running");
    const [, running = ""] = blocks();
    type(running, at);
    const names = execFileSync("tar", ["--list", "--file", join(at, "console.tar.gz")], { encoding: "utf8" });
    expect(names).not.toContain("console.json");
    await restored(at);
    // And the one that was copied goes on.
    expect((await the.ask("/api/me", { as: the.owner })).status).toBe(200);
  });

  it("of one that was stopped: the same", async () => {
    await the.close();
    const at = place("stopped");
    const [stopped = ""] = blocks();
    type(stopped, at);
    await restored(at);
  });
});
