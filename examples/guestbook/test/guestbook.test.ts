import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  createSandbox,
  eventually,
  registryAnswers,
  type Sandbox,
} from "../../test-support/deploy.js";

const host = "guestbook.localhost";
const staging = "staging.guestbook.localhost";
const works = await registryAnswers("examples/guestbook");

describe.skipIf(!works)("guestbook, from the first up to the last down", { timeout: 120_000 }, () => {
  let box: Sandbox;
  let visitor: string | undefined;
  const page = (): Promise<Answer> => box.ask(host, "/");

  /** As a browser does it: load the page, send its form with its cookie. */
  const sign = async (author: string, message: string): Promise<void> => {
    const shown = await page();
    const answer = await box.ask(host, "/entries", {
      method: "POST",
      form: { token: tokenOf(shown), author, message },
      ...(shown.cookie === undefined ? {} : { cookie: shown.cookie }),
    });
    expect(answer).toMatchObject({ status: 303 });
    visitor = shown.cookie;
  };
  const pageWith = (text: string): Promise<Answer> =>
    eventually(async () => {
      const answer = await page();
      return answer.body.includes(text) ? answer : undefined;
    });
  const succeed = async (...args: readonly string[]): Promise<string> => {
    const ended = await box.deploy(args);
    expect(ended, `${args.join(" ")}\n${ended.stdout}\n${ended.stderr}`).toMatchObject({ exitCode: 0 });
    return ended.stdout;
  };

  beforeAll(async () => {
    box = await createSandbox("guestbook");
  });
  afterAll(() => box?.remove());

  it("refuses to go up without its secret, and says what to do", async () => {
    const refused = await box.deploy(["up"]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("secrets.missing");
    expect(refused.stderr).toContain("deploy secrets set SECRET_KEY");
    expect(await box.leftovers()).toEqual([]);
  });

  it("goes up and answers by host name, with the release and the instance that did", async () => {
    await succeed("secrets", "set", "SECRET_KEY", "--generate");
    expect((await succeed("up")).trim()).toBe(`http://${host}:${box.port}`);
    const answer = await page();
    expect(answer.status).toBe(200);
    expect(answer.body).toContain("Release 1, web.1, local");
    expect((await box.ask("api.localhost", "/entries")).status).toBe(404);
    // What looks for leftovers at the end has to see them here.
    const running = (await box.leftovers()).join("\n");
    for (const one of ["src/web.js", "postgres", "supervisor.sock", `port ${box.port}`])
      expect(running).toContain(one);
  });

  it("takes an entry from a form of its own alone, has it reviewed, and tells who watches", async () => {
    const forged = await box.ask(host, "/entries", {
      method: "POST",
      form: { author: "Mallory", message: "hello" },
    });
    expect(forged.status).toBe(403);
    const change = nextChange(box.port);
    await change.connected;
    await sign("Ada <b>", "first entry, with three more words");
    await change.seen;
    const shown = await pageWith("1 shown, 0 hidden, 6 words");
    expect(shown.body).toContain("Ada &lt;b&gt;");
    await sign("Eve", "win the lottery");
    expect((await pageWith("1 shown, 1 hidden")).body).not.toContain("lottery");
  });

  it("changes nothing when nothing has changed", async () => {
    const again = JSON.parse(lastLine(await succeed("up", "--json"))) as { changes: number };
    expect(again.changes).toBe(0);
  });

  it("takes changed code over without a failed request or a lost entry, and migrates once", async () => {
    const file = join(box.directory, "src", "page.js");
    await writeFile(file, (await readFile(file, "utf8")).replace("<h1>", '<h1 class="new">'));
    const statuses = new Map<number, number>();
    let finished = false;
    const visitors = (async () => {
      while (!finished) {
        const { status } = await page().catch(() => ({ status: 0 }));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    })();
    await succeed("up");
    finished = true;
    await visitors;
    expect([...statuses.keys()]).toEqual([200]);
    const answer = await page();
    expect(answer.body).toContain("Release 2, web.1");
    expect(answer.body).toContain('<h1 class="new">');
    expect(answer.body).toContain("first entry");
    expect(await succeed("logs", "release", "--release", "1")).toContain("applied 001_entries.sql");
    const second = await succeed("logs", "release", "--release", "2");
    expect(second).toContain("nothing to apply");
    expect(second).not.toContain("applied 0");
  });

  it("rolls back to the code before, with the data of now", async () => {
    await succeed("rollback");
    const answer = await page();
    expect(answer.body).toContain("Release 3, web.1");
    expect(answer.body).toContain("<h1>");
    expect(answer.body).toContain("first entry");
    expect(await succeed("releases")).toMatch(/3[^\n]*1/);
  });

  it("keeps the logs of every process and release", async () => {
    expect(await succeed("logs", "web", "--release", "1", "--grep", "POST")).toContain("POST /entries 303");
    expect(await succeed("logs", "worker")).toContain("hidden");
    const lines = (await succeed("logs", "--json", "--last", "5")).trim().split("\n");
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ stream: expect.any(String) });
  });

  it("rotates the secret: what was signed before is refused", async () => {
    const token = tokenOf(await box.ask(host, "/", { cookie: visitor ?? "" }));
    const form = { token, author: "Ada", message: "again" };
    await succeed("secrets", "set", "SECRET_KEY", "--generate");
    await succeed("up");
    const refused = await box.ask(host, "/entries", { method: "POST", form, cookie: visitor ?? "" });
    expect(refused.status).toBe(403);
    expect(await succeed("secrets", "list")).toMatch(/SECRET_KEY\s+set\s+2/);
  });

  it("backs the database up and puts it back", async () => {
    await succeed("addons", "backup", "db");
    await sign("Bob", "written after the backup");
    await pageWith("written after the backup");
    const backups = JSON.parse(await succeed("addons", "backups", "db", "--json")) as {
      id: string;
      createdAt: string;
    }[];
    const newest = backups.reduce((one, other) => (one.createdAt > other.createdAt ? one : other));
    await succeed("addons", "restore", "db", newest.id, "--confirm", "guestbook");
    const answer = await eventually(async () => {
      const now = await page();
      return now.status === 200 ? now : undefined;
    });
    expect(answer.body).toContain("first entry");
    expect(answer.body).not.toContain("written after the backup");
    await sign("Bob", "written after the restore");
    await pageWith("2 shown, 1 hidden");
  });

  it("promotes to staging, which has a database and a secret of its own", async () => {
    expect((await box.deploy(["promote", "local", "staging"])).stderr).toContain("secrets.missing");
    await succeed("secrets", "set", "SECRET_KEY", "--generate", "-e", "staging");
    await succeed("promote", "local", "staging");
    const answer = await box.ask(staging, "/");
    expect(answer.body).toContain("Guestbook (staging)");
    expect(answer.body).toContain("Release 1, web.1, staging");
    expect(answer.body).toContain("0 shown, 0 hidden");
    expect((await page()).body).toContain("2 shown, 1 hidden");
  });

  it("scales, and both instances answer", async () => {
    await succeed("scale", "web=2");
    const seen = new Set<string | undefined>();
    await eventually(async () => {
      seen.add(/web\.\d/.exec((await page()).body)?.[0]);
      return seen.size === 2 ? seen : undefined;
    });
    await succeed("scale", "web=1");
  });

  it("runs one-off commands with their true exit code", async () => {
    const failed = await box.deploy([
      "run",
      "--",
      "node",
      "-e",
      "console.log(process.env.TITLE); process.exit(7)",
    ]);
    expect(failed).toMatchObject({ exitCode: 7, stdout: "Guestbook\n" });
    expect(await succeed("run", "node src/migrate.js")).toContain("nothing to apply");
  });

  it("runs its job every minute", async () => {
    const job = await eventually(async () => {
      const status = JSON.parse(await succeed("status", "--json")) as {
        jobs: { lastRun?: { exitCode: number } }[];
      };
      return status.jobs[0]?.lastRun;
    }, 75_000);
    expect(job.exitCode).toBe(0);
    expect(await succeed("logs", "job:digest")).toMatch(/digest: \d entries by \d people/);
  });

  it("goes down and leaves no process, port, socket or file", async () => {
    await succeed("down", "-e", "staging", "--confirm", "guestbook", "--delete-data", "all");
    expect((await page()).status).toBe(200);
    await succeed("down", "--confirm", "guestbook", "--delete-data", "all");
    expect(await box.leftovers()).toEqual([]);
  });
});

function tokenOf(answer: Answer): string {
  return /name="token" value="([^"]+)"/.exec(answer.body)?.[1] ?? "";
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** Opens the stream of events; `seen` resolves at the first change. */
function nextChange(port: number): { readonly connected: Promise<void>; readonly seen: Promise<void> } {
  let open = (): void => {};
  const connected = new Promise<void>((resolve) => {
    open = resolve;
  });
  const seen = new Promise<void>((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path: "/events", agent: false, headers: { host } },
      (answer) => {
        answer.setEncoding("utf8").on("data", (text: string) => {
          if (text.includes("event: hello")) open();
          if (!text.includes("event: change")) return;
          sent.destroy();
          resolve();
        });
      },
    );
    sent.on("error", reject);
    sent.end();
  });
  return { connected, seen };
}
