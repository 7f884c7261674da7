import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../src/commands/console.js";
import { openBrowser } from "../src/console/open-browser.js";
import { createContext } from "../src/create-context.js";
import { exitCodeOf } from "../src/exit-codes.js";
import { createFlags } from "../src/flags.js";
import { fastAnswer } from "../src/help.js";
import { parseLine } from "../src/parse.js";
import { fakeOutput } from "./fake-output.js";
import { fixture, isBuilt, PROGRAM } from "./program.js";

vi.mock("../src/console/open-browser.js", () => ({ openBrowser: vi.fn() }));

let app: ReturnType<typeof fixture>;
beforeEach(() => {
  app = fixture();
  vi.mocked(openBrowser).mockClear();
});
afterEach(() => app.remove());

/** The command, with an end that can be called, as Ctrl-C would. */
function start(words: readonly string[], env: Readonly<Record<string, string>> = {}, interactive = false) {
  const stdout = fakeOutput({ isTerminal: false });
  const stderr = fakeOutput({ isTerminal: false });
  const controller = new AbortController();
  const parsed = parseLine(["console", "--data", join(app.directory, "data"), "--port", "0", ...words]);
  const code = (async () => {
    const context = await createContext({
      words: parsed.words,
      flags: createFlags({ cwd: app.directory, ...parsed.values }),
      terminal: { stdout, stderr, interactive, env: { PATH: process.env.PATH, HOME: app.directory, ...env } },
      interruption: {
        signal: controller.signal,
        onFirst: () => () => undefined,
        onExit: () => () => undefined,
        handOver: () => () => undefined,
      },
    });
    return run(context);
  })();
  const url = async (): Promise<string> => {
    for (let tries = 0; tries < 1_000; tries += 1) {
      const [found] = /http:\S+/.exec(stdout.text()) ?? [];
      if (found !== undefined) return found;
      await Promise.race([code, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    throw new Error(`no URL: ${stdout.text()}${stderr.text()}`);
  };
  return { code, stdout, stderr, url, end: () => controller.abort() };
}

interface Seen {
  readonly environments: readonly { readonly app: string; readonly environment: string }[];
  readonly problems: readonly { readonly place: string }[];
}

async function overviewOf(url: string, cookie: string): Promise<Seen> {
  return (await (await fetch(`${url}/api/overview`, { headers: { cookie } })).json()) as Seen;
}

/** Signs in by the link, as the page does. */
async function signIn(url: string, stderr: string): Promise<string> {
  const [, secret = ""] = /#(\S+)/.exec(stderr) ?? [];
  const answer = await fetch(`${url}/api/sign-in/link`, {
    method: "POST",
    headers: { origin: url, "x-deploy-console": "1", "content-type": "application/json" },
    body: JSON.stringify({ secret: secret.replace(/^.*=/, ""), email: "owner@example.org" }),
  });
  expect(answer.status).toBeLessThan(300);
  return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

test("starts, says where on stdout, signs the first owner in by the link of stderr, and ends", async () => {
  const running = start([]);
  const url = await running.url();
  expect(running.stdout.text()).toBe(`${url}\n`);
  const cookie = await signIn(url, running.stderr.text());
  const { environments } = await overviewOf(url, cookie);
  expect(environments.map(({ environment }) => environment)).toContain("staging");
  expect(JSON.parse(readFileSync(join(app.directory, "data", "console.json"), "utf8"))).toMatchObject({
    url,
  });
  running.end();
  expect(await running.code).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
  expect(openBrowser).not.toHaveBeenCalled();
});

test("a second start asks for no owner, unless a link is wanted", async () => {
  const first = start([]);
  await signIn(await first.url(), first.stderr.text());
  first.end();
  await first.code;
  const second = start([]);
  await second.url();
  expect(second.stderr.text()).not.toContain("#");
  second.end();
  await second.code;
  const third = start(["--owner-link", "--json"]);
  await third.url();
  expect(JSON.parse(third.stdout.text())).toMatchObject({ ownerLink: expect.stringContaining("#") });
  third.end();
  await third.code;
});

test("the browser is opened where there is a terminal, without the secret of the link", async () => {
  const running = start([], {}, true);
  const url = await running.url();
  await vi.waitFor(() => expect(openBrowser).toHaveBeenCalledWith(url));
  running.end();
  await running.code;
  const silent = start(["--no-open"], {}, true);
  await silent.url();
  silent.end();
  await silent.code;
  expect(openBrowser).toHaveBeenCalledTimes(1);
});

test("a broken file is a problem that is shown, the others go on, and it is loaded again once it is mended", async () => {
  const broken = fixture();
  const file = join(broken.directory, "deploy.config.mjs");
  const right = readFileSync(file, "utf8").replace('name: "shop"', 'name: "blog"');
  writeFileSync(file, "export default {");
  const running = start([app.directory, "--config", file]);
  const url = await running.url();
  expect(running.stderr.text()).toContain(file);
  const cookie = await signIn(url, running.stderr.text());
  const apps = async (): Promise<{
    readonly names: string[];
    readonly problems: readonly { place: string }[];
  }> => {
    const { environments, problems } = await overviewOf(url, cookie);
    return {
      names: [...new Set(environments.map(({ app: name }) => name))],
      problems,
    };
  };
  expect(await apps()).toMatchObject({ names: ["shop"], problems: [{ place: file }] });
  writeFileSync(file, right);
  await vi.waitFor(async () => expect((await apps()).names).toEqual(["blog", "shop"]), {
    timeout: 15_000,
    interval: 200,
  });
  writeFileSync(file, right.replace("staging:", "acceptance:"));
  await vi.waitFor(
    async () => {
      const { environments } = await overviewOf(url, cookie);
      expect(environments.map(({ environment }) => environment)).toContain("acceptance");
    },
    { timeout: 15_000, interval: 200 },
  );
  running.end();
  await running.code;
  broken.remove();
}, 60_000);

describe("what is refused", () => {
  const refused = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const thrown = await start(words, env).code.catch((error: unknown) => error);
    const { code, message } = thrown as { code: string; message: string };
    return { code, message, exit: exitCodeOf(code) };
  };

  test.each([
    [["--port", "70000"], "usage.bad-flag", 2],
    [["--port", "http"], "usage.bad-number", 2],
    [["--retention-days", "0"], "usage.bad-flag", 2],
    [["--retention-size", "much"], "usage.bad-flag", 2],
    [["--retention-size", "1 KB"], "usage.bad-flag", 2],
    [["--open", "--no-open"], "usage.bad-flag", 2],
    [["--host", "0.0.0.0"], "console.insecure-address", 2],
    [["--public-url", "console.example.org"], "console.bad-option", 2],
    [["--trusted-proxy", "everybody"], "console.bad-option", 2],
    [["nowhere"], "config.missing", 2],
    [["--config", "nowhere.ts"], "config.missing", 2],
  ])("%j", async (words, code, exit) => {
    expect(await refused(words)).toMatchObject({ code, exit });
  });

  test("half of what a provider needs, without its secret in the message", async () => {
    const { code, message } = await refused([], { DEPLOY_CONSOLE_GITHUB_CLIENT_SECRET: "hidden" });
    expect(code).toBe("usage.bad-variable");
    expect(message).toContain("DEPLOY_CONSOLE_GITHUB_CLIENT_ID");
    expect(message).not.toContain("hidden");
    const oidc = await refused([], {
      DEPLOY_CONSOLE_OIDC_ISSUER: "accounts.example.org",
      DEPLOY_CONSOLE_OIDC_CLIENT_ID: "id",
      DEPLOY_CONSOLE_OIDC_CLIENT_SECRET: "hidden",
    });
    expect(oidc.code).toBe("usage.bad-variable");
  });

  test("a port that is taken, and a data directory that another console has", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await refused(["--port", String(port)])).toMatchObject({ code: "console.port-taken", exit: 1 });
    server.close();
    const running = start([]);
    await running.url();
    expect(await refused([])).toMatchObject({ code: "console.store-locked", exit: 1 });
    running.end();
    await running.code;
  });
});

test.skipIf(!isBuilt)(
  "without the package: four lines that say how to install it, and exit code 2",
  async () => {
    const place = mkdtempSync(join(tmpdir(), "deploy-cli-alone-"));
    try {
      cpSync(dirname(PROGRAM), join(place, "dist"), { recursive: true });
      const scope = join(place, "node_modules", "@deploy");
      mkdirSync(scope, { recursive: true });
      for (const name of ["core", "provider-local"]) {
        symlinkSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), join(scope, name));
      }
      const program = join(place, "dist", "deploy.cjs");
      const ended = spawnSync(process.execPath, [program, "console"], {
        cwd: app.directory,
        encoding: "utf8",
      });
      expect(ended.stderr).toContain("npm install --save-dev @deploy/console");
      expect(ended.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(4);
      expect(ended.status).toBe(2);
    } finally {
      rmSync(place, { recursive: true });
    }
  },
);

test("its help is answered from the table, and names -c once", () => {
  const help = fastAnswer(["console", "--help"]) ?? "";
  expect(help).toContain("--public-url <url>");
  expect(help.match(/--config/g)).toHaveLength(1);
});
