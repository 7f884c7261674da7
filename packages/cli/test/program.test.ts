import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Answer, deploy, fixture, isBuilt, PROGRAM } from "./program.js";

if (!isBuilt) console.warn("skipped the tests of the whole program: the packages are not built");

describe.skipIf(!isBuilt)("the program", () => {
  let app: ReturnType<typeof fixture>;
  beforeEach(() => {
    app = fixture();
  });
  afterEach(() => app.remove());
  const run = (line: string, more: { env?: Record<string, string>; input?: string } = {}): Promise<Answer> =>
    deploy(line.split(" "), { directory: app.directory, ...more });

  it("deploys, changes nothing the second time, and removes what holds no data", async () => {
    expect((await run("plan --exit-code")).code).toBe(8);
    const first = await run("up");
    expect(first).toMatchObject({ code: 0, stdout: "http://shop.localhost:4000\n" });
    expect(first.stderr).toContain("✓ image of shop");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing may move in a pipe.
    expect(first.stderr).not.toMatch(/\u001B|\r|[⠋⠙⠹]/);
    expect((await run("up")).stderr).toContain("nothing to change");
    expect((await run("plan --exit-code")).code).toBe(0);
    const refused = await run("down");
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("--confirm shop");
    const down = await run("down --confirm shop");
    expect(down.code).toBe(0);
    expect(down.stdout).toContain("kept database db");
    expect((await run("down --confirm=shop --delete-data=all")).stdout).toBe("removed database db\n");
  });

  it("speaks JSON, errors included", async () => {
    const up = await run("up --json");
    const events = up.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(events[0]?.type).toBe("planned");
    expect(events.at(-1)).toMatchObject({ type: "result", release: 1, urls: ["http://shop.localhost:4000"] });
    expect(up.stderr).toBe("");
    expect(JSON.parse((await run("status --json")).stdout)).toMatchObject({ app: "shop", release: 1 });
    const failed = await run("upp --json");
    expect(failed.code).toBe(2);
    expect(JSON.parse(failed.stdout)).toMatchObject({ error: { code: "usage.unknown-command" } });
  });

  it("lets people in, changes their role, and takes them off", async () => {
    expect((await run("access who")).stderr).toContain("nobody but the account");
    expect((await run("access grant maria@example.org deployer")).stderr).toContain(
      "is now deployer of shop",
    );
    expect((await run("access grant maria@example.org deployer")).stderr).toContain("was already deployer");
    await run("access grant kim@example.org manager");
    const who = (await run("access who")).stdout;
    expect(who.indexOf("kim@example.org")).toBeLessThan(who.indexOf("maria@example.org"));
    expect(JSON.parse((await run("access who --json")).stdout)).toHaveLength(2);
    expect(await run("access revoke kim@example.org --everywhere")).toMatchObject({
      code: 0,
      stdout: "shop\n",
    });
    expect((await run("access revoke kim@example.org")).stderr).toContain("had no access");
    expect((await run("access grant maria@example.org operator")).stderr).toContain("three roles");
    expect((await run("access grant maria@example.org boss")).stderr).toContain("access.bad-role");
    // What a person has to be given is on stdout, once, and nowhere else.
    const invited = await run("access grant new-lee@example.org viewer");
    expect(invited.stdout).toBe("link-of-new-lee@example.org\n");
    expect(invited.stderr).toContain("hand new-lee@example.org a link; it is shown only now:");
    expect(invited.stderr).not.toContain("link-of-");
    expect((await run("access grant new-lee@example.org viewer")).stdout).toBe("");
    const lines = (await run("access grant new-kim@example.org viewer --json")).stdout.trim().split("\n");
    expect(JSON.parse(lines.pop() ?? "")).toMatchObject({
      handovers: [{ person: "new-kim@example.org", provider: "fake", secret: "link-of-new-kim@example.org" }],
    });
    expect(lines.join()).not.toContain("link-of-");
  });

  it("tells the price of a month, its date and what it leaves out", async () => {
    const { stdout, stderr } = await run("cost");
    expect(stdout).toMatch(/fake +web +2 +14\.50 USD\n +total +14\.50 USD/);
    expect(stderr).toContain("prices of 2026-01-01");
    expect(stderr).toContain("not counted: traffic");
    expect(JSON.parse((await run("cost --json")).stdout)).toMatchObject({
      estimates: [{ provider: "fake" }],
    });
  });

  it("applies a saved plan, and refuses one of another environment", async () => {
    expect((await run("plan --out plan.json")).stderr).toContain("deploy up --plan plan.json");
    const other = await run("up -e staging --plan plan.json");
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("plan.other-environment");
    expect((await run("up --plan plan.json")).code).toBe(0);
    expect((await run("up --plan none.json")).code).toBe(2);
  });

  it("names file and line of a syntax error in a file that Node loads by itself", async () => {
    writeFileSync(join(app.directory, "deploy.config.mjs"), "const a = 1;\n\nexport default { a: = 3 };\n");
    const { code, stderr } = await run("status");
    expect(code).toBe(2);
    expect(stderr).toContain("deploy.config.mjs:3: Unexpected token");
  });

  it("shows why it failed, in four lines", async () => {
    const { code, stderr } = await run("up", { env: { FAKE_FAILURE: "1" } });
    expect(code).toBe(1);
    const lines = stderr.trim().split("\n").slice(-4);
    expect(lines[0]).toBe("✖ The release command ended with exit code 3.");
    expect(lines.slice(1).map((line) => line.trim().split(/\s+/)[0])).toEqual(["code", "fix", "docs"]);
    expect(stderr).toContain("␛]0;owned␇migrating table");
  });

  it("takes secrets from stdin and files, and shows them only when asked", async () => {
    const env = { FAKE_SECRETS: "A,B" };
    expect((await run("up", { env })).stderr).toContain("deploy secrets set A");
    const set = await run("secrets set A", { env, input: "hunter2\n" });
    expect(set.code).toBe(0);
    expect(set.stdout + set.stderr).not.toContain("hunter2");
    expect((await run("secrets set B --generate", { env })).code).toBe(0);
    expect((await run("secrets reveal A", { env })).stdout).toBe("hunter2\n");
    expect((await run("secrets reveal B", { env })).stdout).toMatch(/^[\w-]{43}\n$/);
    const refused = await run("secrets set A=hunter2", { env });
    expect(refused.code).toBe(2);
    expect(refused.stderr).not.toContain("hunter2");
    writeFileSync(join(app.directory, ".env"), "A=x\nB='y'\n");
    expect((await run("secrets set --from-env-file .env", { env })).code).toBe(0);
    expect((await run("secrets list --json", { env })).stdout).not.toContain('"x"');
    expect((await run("secrets unset A", { env })).code).toBe(2);
    expect((await run("secrets unset A --confirm shop", { env })).code).toBe(0);
    expect(app.state().secrets).toEqual({ B: "y" });
  });

  it("answers with the exit code of the command it ran", async () => {
    expect((await deploy(["run", "--", "sh", "-c", "exit 41"], app)).code).toBe(41);
    expect(await deploy(["run", "echo $MODE; exit 3"], app)).toMatchObject({ code: 3, stdout: "run\n" });
    expect(await deploy(["exec", "--", "echo", "a b", "--json"], app)).toMatchObject({
      code: 0,
      stdout: "a b --json\n",
    });
    const captured = await deploy(["run", "--json", "--", "sh", "-c", "echo é; exit 2"], app);
    expect(captured).toMatchObject({
      code: 2,
      stdout: '{"stream":"stdout","text":"é\\n"}\n{"exitCode":2}\n',
    });
    expect(await deploy(["addons", "connect"], app)).toMatchObject({ code: 7, stdout: "5\n" });
  });

  it("guards a protected environment", async () => {
    expect((await run("up -e production")).stderr).toContain("--confirm production");
    expect((await run("up -e production --confirm staging")).code).toBe(2);
    expect((await run("up -e production --confirm production")).code).toBe(0);
  });

  it("is quiet when its reader leaves", async () => {
    const args = ["-c", '"$0" "$1" logs | head -n 1', process.execPath, PROGRAM];
    const result = spawnSync("bash", args, { cwd: app.directory, encoding: "utf8" });
    expect(result.stdout).toContain("plain");
    expect(result.stderr).toBe("");
  });

  it.each(["bash", "zsh", "fish"])("prints a completion script for %s with every command", async (shell) => {
    const { stdout, code } = await run(`completion ${shell}`);
    expect(code).toBe(0);
    const script = join(app.directory, "script");
    writeFileSync(script, stdout);
    const check = spawnSync(shell, ["-n", script], { encoding: "utf8" });
    // A shell that is not installed has no opinion.
    if (check.error === undefined) expect([check.status, check.stderr]).toEqual([0, ""]);
    for (const word of ["rollback", "reveal", "delete-data", "lock-wait"]) expect(stdout).toContain(word);
  });
});
