import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeployError, defineApp, type Logs } from "@deploy/core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { memoryCloud } from "../../core/src/deployer/testing/memory-cloud.js";
import { memoryVendor } from "../../core/src/deployer/testing/memory-vendor.js";
import { repository } from "../../core/src/deployer/testing/repository.js";
import { commitsBetween } from "../src/apps/commits.js";
import { routes } from "../src/http/routes.js";
import { openTestConsole, type SignedIn, type TestConsole } from "../src/http/testing/console.js";
import type { ConsoleGrant, MadeToken } from "../src/shared/access-types.js";

vi.mock("node:child_process", async (original) => {
  const all = await original<typeof import("node:child_process")>();
  return { ...all, execFile: vi.fn(all.execFile) };
});

/*
 * DESIGN section 7, rule by rule, where no other test is named after the rule. Which test judges which rule, and the
 * fault that it has to notice: README.md beside this file.
 */

const base = "/api/apps/shop/environments/production";

/** What a vendor gives us to read logs with: whoever has it reads them. */
const session = "https://log-sessions.vendor.example/sessions/5ecr3t-of-the-session";

/** An app whose vendor fails, and says so with everything that it knows. */
function failingShop() {
  const logs: Logs = {
    capabilities: { follow: true, history: true, releaseOutput: true, resume: true, retention: "all" },
    // biome-ignore lint/correctness/useYield: it fails before the first line.
    read: async function* () {
      throw new DeployError({
        code: "logs.unavailable",
        message: "The vendor does not give its logs.",
        hint: "Wait a minute.",
        cause: new Error(`GET ${session} answered 403`),
        details: { logplex_url: session },
      });
    },
  };
  return defineApp({
    name: "shop",
    processes: { web: { command: "serve" } },
    environments: { production: { target: { ...memoryVendor(memoryCloud(), {}), logs } } },
  });
}

let the: TestConsole;
let vera: SignedIn;

beforeAll(async () => {
  the = await openTestConsole();
  vera = await the.person("vera@example.org", { shop: "manager" });
});
afterAll(() => the.end());

/** Source files below a directory, tests left out. */
function sourcesIn(directory: string): readonly { readonly path: string; readonly text: string }[] {
  const root = fileURLToPath(new URL(directory, import.meta.url));
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.|\/testing\//.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** Lines that have it, comments left out. */
function findIn(directory: string, pattern: RegExp): readonly string[] {
  return sourcesIn(directory).flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) && !/^\s*(?:\*|\/\/)/.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [],
      ),
  );
}

describe("rule 1: what a client names is looked for in the app that it was judged by", () => {
  it("a grant of another app is not there, and stays", async () => {
    const { access } = the.services;
    const by = { caller: await access.callerOf({ session: the.owner.session }) };
    const { grant } = await access.grants.set(by, { person: "kim@example.org", app: "blog", role: "viewer" });
    const path = `/api/apps/shop/grants/${grant.id}`;
    expect((await the.ask(path, { as: vera, method: "DELETE" })).status).toBe(404);
    const left: readonly ConsoleGrant[] = await access.grants.ofApp("blog");
    expect(left.map(({ id }) => id)).toEqual([grant.id]);
  });
});

describe("rule 2: deny by default", () => {
  it("who has just signed in may do nothing that is about an app", async () => {
    const nobody = await the.person("new@example.org", {});
    for (const { path } of routes.filter(({ method, path: at }) => method === "GET" && at.includes(":app"))) {
      const at = path.replace(":app", "shop").replace(":environment", "production").replace(/:\w+/g, "1");
      const answer = await the.ask(at, { as: nobody });
      expect([answer.status, at]).toEqual([404, at]);
    }
  });
});

describe("rule 3: no credential in an address", () => {
  it("a token or a session that stands in one is nobody's, wherever it stands", async () => {
    const wanted = { name: "ci", app: "shop", role: "viewer" };
    const made = await the.ask<MadeToken>("/api/account/tokens", { as: vera, method: "POST", json: wanted });
    const { secret } = made.body;
    expect((await the.ask(`${base}/logs`, { token: secret })).status).toBe(200);
    for (const query of [
      `token=${secret}`,
      `access_token=${secret}`,
      `session=${vera.session}`,
      `deploy=${vera.session}`,
    ]) {
      expect((await the.ask(`/api/me?${query}`)).status).toBe(401);
      expect((await the.ask(`/api/overview?${query}`)).status).toBe(401);
    }
    const basic = `Basic ${Buffer.from(`x:${secret}`).toString("base64")}`;
    expect((await the.ask(`${base}/logs`, { headers: { authorization: basic } })).status).toBe(401);
  });
});

describe("rule 4: argv arrays only, names are checked first", () => {
  it("a program of ours is started with its arguments apart, and without a shell", async () => {
    const directory = await repository();
    vi.mocked(execFile).mockClear();
    await commitsBetween(directory, "a".repeat(40), "b".repeat(40));
    expect(execFile).toHaveBeenCalledOnce();
    const [program, words, options] = vi.mocked(execFile).mock.calls[0] ?? [];
    expect(program).toBe("git");
    expect(words).toContain(`${"a".repeat(40)}..${"b".repeat(40)}`);
    expect(options).not.toHaveProperty("shell");
  });

  it("what a vendor calls a commit is no option of a program", async () => {
    const directory = await repository();
    const before = readdirSync(directory);
    await commitsBetween(directory, `--output=${join(directory, "written")}`, "b".repeat(40));
    expect(readdirSync(directory)).toEqual(before);
  });

  it("no source starts a shell", () => {
    const shell = /\bexec(?:Sync)?\(|\bshell:\s*(?!false)|\bspawn(?:Sync)?\(\s*["'`](?:sh|bash)\b/;
    expect('execSync("ls " + name)').toMatch(shell);
    // A regular expression's own `exec` and the database's are no programs.
    expect(findIn("../src", shell).filter((line) => !/\.exec\(/.test(line))).toEqual([]);
  });
});

describe("rule 5: what is kept is for its owner alone", () => {
  it("every file and directory of a console that runs is 0600 and 0700", async () => {
    await the.ingest(3);
    const found = readdirSync(the.directory, { recursive: true, withFileTypes: true });
    expect(found.length).toBeGreaterThan(3);
    for (const entry of found) {
      const path = join(entry.parentPath, entry.name);
      expect([path, (statSync(path).mode & 0o777).toString(8)]).toEqual([
        path,
        entry.isDirectory() ? "700" : "600",
      ]);
    }
    expect((statSync(the.directory).mode & 0o777).toString(8)).toBe("700");
  });
});

describe("rule 6: whoever is cut off is told why", () => {
  it("in words that a browser can read, before the socket closes", async () => {
    const { access } = the.services;
    const by = { caller: await access.callerOf({ session: the.owner.session }) };
    const lee = await the.person("lee@example.org", { shop: "viewer" });
    const socket = the.socket(`${base}/logs/live`, { as: lee });
    const heard: { readonly text: string; readonly binary: boolean }[] = [];
    socket.on("message", (data, binary) => heard.push({ text: String(data), binary }));
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    await expect.poll(() => heard.length).toBeGreaterThan(0);
    const [grant] = await access.grants.ofPerson(lee.personId);
    await access.grants.remove(by, grant?.id ?? "", "shop");
    expect(await closed).toBe(4403);
    expect(heard.at(-1)).toEqual({
      text: JSON.stringify({ type: "ended", reason: "revoked" }),
      binary: false,
    });
  });
});

describe("rule 8: nothing of a page is made of text", () => {
  it("no source of a page turns text into elements or code", () => {
    const way =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\(|new Function\(|srcdoc|javascript:/;
    expect("element.innerHTML = line").toMatch(way);
    expect(findIn("../src/web", way)).toEqual([]);
  });
});

describe("rule 9: no vendor's API is passed on", () => {
  it("every route is made of fixed words and named parts: none takes a path of somebody else's", () => {
    for (const { path } of routes) expect(path).toMatch(/^(?:\/(?:[a-z][a-z-]*|:[a-z]+))+$/);
  });

  it("what looks like one is not there", async () => {
    for (const path of [`${base}/containers/json`, `${base}/proxy/apps/shop`, "/api/providers/heroku/apps"]) {
      expect((await the.ask(path, { as: the.owner })).status).toBe(404);
    }
  });
});

describe("rule 10: a vendor's session is a secret", () => {
  it("what a vendor was asked with is in no answer, no stream and no file, when it fails as well", async () => {
    const other = await openTestConsole({
      load: async () => ({ apps: [{ app: failingShop(), directory: "/" }], problems: [] }),
    });
    try {
      const socket = other.socket(`${base}/logs/live`, { as: other.owner });
      let heard = "";
      socket.on("message", (data) => {
        heard += String(data);
      });
      await expect.poll(() => heard, { timeout: 10_000 }).toContain("The vendor does not give its logs.");
      const answers = await Promise.all(
        [
          `${base}/logs`,
          `${base}/logs/facts`,
          `${base}/processes`,
          `${base}/releases`,
          "/api/overview",
          "/api/audit",
        ].map(async (path) => (await other.ask(path, { as: other.owner })).text),
      );
      expect(answers.join()).toContain("The vendor does not give its logs.");
      const files = readdirSync(other.directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
      for (const text of [heard, ...answers, ...files]) expect(text).not.toContain("5ecr3t");
      socket.close();
    } finally {
      await other.end();
    }
  });
});
