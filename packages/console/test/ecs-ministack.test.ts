import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type SessionServer,
  startSessionServer,
} from "../../provider-ecs/test/support/exec/session-server.js";
import { has } from "../../provider-ecs/test/support/needs.js";
import type { Script } from "../../provider-ecs/test/support/scripts.js";
import { useVendor } from "../../provider-ecs/test/support/use-vendor.js";
import { openTestConsole, type SignedIn, type TestConsole } from "../src/http/testing/console.js";
import type {
  ConfigView,
  CostView,
  EnvironmentDomains,
  EnvironmentOverview,
  JobList,
  OperationStarted,
  ProcessList,
  ReleaseDetail,
  ReleaseList,
  RevealedSecret,
} from "../src/shared/app-types.js";
import type { LiveMessage, LogFacts, LogPage } from "../src/shared/log-types.js";
import type { RunDetail, RunList, ShellMessage, ShellTicket } from "../src/shared/run-types.js";
import { createEcsShop, type EcsShop, secretKey } from "./ecs-shop.js";
import { contextOf, launch, noBrowser, picture, seriousViolations, watchPage } from "./journeys/browser.js";
import { ensurePages } from "./journeys/built-pages.js";

const runningAgent = { name: "ExecuteCommandAgent", lastStatus: "RUNNING" };

/**
 * The console in front of AWS ECS: ministack, whose tasks are containers of a real Docker Engine, and whose CloudWatch has
 * their lines. Its ExecuteCommand leads nowhere; shells go to a double of the agent, which runs them on a terminal here.
 */

const hasAll = await has("python", "docker");
const base = "/api/apps/shop/environments/production";

describe.skipIf(!hasAll)("an app on ECS", { timeout: 120_000 }, () => {
  const vendor = useVendor({ emulator: "ministack" });
  let shop: EcsShop;
  let site: TestConsole;
  let operator: SignedIn;

  beforeAll(async () => {
    shop = await createEcsShop(vendor());
    await shop.up("one", "first");
    site = await openTestConsole({
      load: async () => ({ apps: [shop.loaded()], problems: [] }),
      env: shop.env,
      shellApps: ["shop"],
    });
    operator = await site.person("operator@example.org", { shop: "operator" });
  }, 300_000);
  afterAll(async () => {
    await site?.end();
    await shop?.remove();
  }, 120_000);

  const get = async <Body>(path: string): Promise<Body> =>
    (await site.ask<Body>(`${base}/${path}`, { as: operator })).body;
  const texts = async (query = ""): Promise<readonly string[]> =>
    (await get<LogPage>(`logs?limit=1000${query}`)).lines.map(({ text }) => text);
  const shows = (text: string): Promise<void> =>
    expect.poll(() => texts(), { timeout: 30_000, interval: 200 }).toContain(text);
  /** Starts something, and waits until it is done. */
  const change = async (path: string, json: unknown): Promise<RunDetail> => {
    const { status, body } = await site.ask<OperationStarted>(`${base}/${path}`, {
      ...{ as: operator, method: "POST", json },
    });
    expect(status).toBe(202);
    const ended = async (): Promise<string> => (await get<RunDetail>(`runs/${body.runId}`)).run.state;
    await expect.poll(ended, { timeout: 60_000, interval: 200 }).not.toBe("running");
    return get<RunDetail>(`runs/${body.runId}`);
  };

  it("is well at a glance, with what it costs", async () => {
    const { body } = await site.ask<EnvironmentOverview>(`${base}/refresh`, {
      ...{ as: operator, method: "POST", json: {} },
    });
    expect(body).toMatchObject({
      provider: "ecs",
      service: {
        value: {
          health: "ok",
          release: 1,
          urls: [expect.stringMatching(/^http:\/\/\S+\.elb\.amazonaws\.com$/)],
          processes: [
            { name: "web", desired: 1, running: 1 },
            { name: "worker", desired: 1, running: 1 },
          ],
          problems: [],
        },
      },
      lastDeploy: { value: { release: 1, state: "active" } },
      domains: { value: { state: "ok", hosts: [] } },
      cost: { value: { totals: [{ currency: "USD" }] } },
    });
    for (const part of [body.service, body.lastDeploy, body.domains, body.cost])
      expect(part.trouble).toBeUndefined();
    const { estimates } = await get<CostView>("cost");
    expect(estimates[0]?.items.map(({ label }) => label)).toContain("web (0.25 vCPU, 0.5 GB)");
  });

  it("has its lines, those of the build among them, without its secret", async () => {
    await shows("version one greets first");
    await shows("the key is <redacted>");
    const { lines } = await get<LogPage>("logs?limit=1000");
    expect(lines.find(({ text }) => text === "version one greets first")).toMatchObject({
      ...{ process: "web", instance: "web.1", release: 1 },
    });
    expect(
      lines.some(({ process, text }) => process === "build" && text.startsWith("Successfully built")),
    ).toBe(true);
    expect(JSON.stringify(lines)).not.toContain(secretKey);
    expect((await get<LogFacts>("logs/facts")).feed).toEqual({ state: "following" });
  });

  it("brings new lines to who looks, and none of them twice", async () => {
    const socket = site.socket(`${base}/logs/live`, { as: operator });
    const seen: string[] = [];
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as LiveMessage;
      if (message.type === "lines") seen.push(...message.lines.map(({ text }) => text));
    });
    await new Promise((resolve) => socket.once("message", resolve));
    for (let number = 1; number <= 20; number += 1) await shop.ask(`/say?text=said-${number}`);
    await expect.poll(() => seen, { timeout: 30_000 }).toContain("said-20");
    socket.terminate();
    const said = Array.from({ length: 20 }, (_, index) => `said-${index + 1}`);
    expect([...seen.filter((text) => text.startsWith("said-"))].sort()).toEqual([...said].sort());
    expect([...(await texts("&text=said-"))].sort()).toEqual([...said].sort());
  });

  it("keeps the lines of containers that are gone, and draws where the next release begins", async () => {
    const [before] = await shop.containers("web");
    await shop.up("two", "second");
    await shows("version two greets second");
    await shows("version one ends");
    await expect
      .poll(async () => (await shop.containers("web")).includes(before ?? ""), { timeout: 60_000 })
      .toBe(false);
    expect(await texts()).toContain("version one greets first");
    const facts = await get<LogFacts>("logs/facts");
    expect(facts.releases.map(({ release }) => release)).toEqual([1, 2]);
    const { lines } = await get<LogPage>("logs?limit=1000&release=2");
    expect(lines.every(({ release }) => release === 2)).toBe(true);
    expect(facts.releases[1]?.seq).toBe(lines[0]?.seq);
  });

  it("lists releases with what each changed: names, never values", async () => {
    // What was read while the release was on its way into service may be some seconds old.
    const states = async (): Promise<unknown> =>
      (await get<ReleaseList>("releases")).releases.map(({ number, state }) => [number, state]);
    await expect.poll(states, { timeout: 20_000, interval: 500 }).toEqual([
      [2, "active"],
      [1, "superseded"],
    ]);
    const { releases, rollbackTo } = await get<ReleaseList>("releases");
    expect(rollbackTo).toBe(1);
    expect(releases[0]?.diff).toMatchObject({
      from: 1,
      image: { before: releases[1]?.image, after: releases[0]?.image },
      config: { added: ["NEW"], removed: ["OLD"], changed: ["GREETING"] },
      secrets: { added: [], removed: [], changed: [] },
    });
    const detail = await get<ReleaseDetail>("releases/2");
    expect(detail.config).toEqual(expect.arrayContaining(["GREETING", "NEW"]));
    expect(detail.secrets).toMatchObject([{ name: "SECRET_KEY" }]);
    expect(JSON.stringify([releases, detail])).not.toMatch(/second|s3cret/);
  });

  it("names config and secrets, jobs and domains; a secret is shown to who asks for it, on the record", async () => {
    const declared = async (): Promise<unknown> => (await get<ConfigView>("config")).variables;
    // What is declared is what the file says now.
    await expect
      .poll(declared, { timeout: 20_000 })
      .toContainEqual({ name: "NEW", from: "app", inService: true });
    const config = await get<ConfigView>("config");
    expect(config.secrets.value).toMatchObject([{ name: "SECRET_KEY", declared: true, set: true }]);
    expect(JSON.stringify(config)).not.toMatch(/second|s3cret/);
    const revealed = await site.ask<RevealedSecret>(`${base}/secrets/SECRET_KEY/reveal`, {
      ...{ as: operator, method: "POST", json: {} },
    });
    expect(revealed.body.value).toBe(secretKey);
    expect(await site.services.access.auditLog({ app: "shop", limit: 1 })).toMatchObject([
      { action: "secrets.reveal", actor: "operator@example.org", subject: "SECRET_KEY" },
    ]);
    const { jobs } = await get<JobList>("jobs");
    expect(jobs).toMatchObject([{ name: "nightly", schedule: "0 3 * * *", state: "scheduled" }]);
    const { domains } = await get<EnvironmentDomains>("domains");
    expect(domains.value).toMatchObject({ state: "ok", domains: [] });
  });

  it("scales and restarts a process, by the name of who asked", async () => {
    const scaled = await change("scale", { instances: { worker: 2 } });
    expect(scaled.run).toMatchObject({ state: "done", operation: "scale", by: "operator@example.org" });
    const workers = async (): Promise<number | undefined> =>
      (await get<ProcessList>("processes")).processes.find(({ name }) => name === "worker")?.running;
    await expect.poll(workers, { timeout: 30_000, interval: 500 }).toBe(2);
    expect((await change("scale", { instances: { worker: 1 } })).run.state).toBe("done");
    const before = await shop.containers("web");
    expect((await change("restart", { process: "web" })).run.state).toBe("done");
    expect(await shop.containers("web")).not.toEqual(before);
  });

  it("rolls back, and says so wherever it is looked for", async () => {
    const { run } = await change("rollback", {});
    expect(run).toMatchObject({ state: "done", operation: "rollback", release: 3 });
    await shows("version one greets first");
    expect(await shop.ask("/")).toBe("version one");
    const { releases } = await get<ReleaseList>("releases");
    expect(releases[0]).toMatchObject({ number: 3, state: "active", repeats: 1 });
    const { runs } = await get<RunList>("runs");
    expect(runs.map(({ operation }) => operation)).toEqual(["rollback", "restart", "scale", "scale"]);
    const actions = (await site.services.access.auditLog({ app: "shop", limit: 20 })).map(
      ({ action }) => action,
    );
    expect(actions).toEqual(
      expect.arrayContaining(["rollback.start", "rollback.done", "scale.done", "restart.done"]),
    );
  });

  describe("a shell, by ECS Exec", () => {
    let agent: SessionServer;
    beforeAll(async () => {
      agent = await startSessionServer();
    });
    afterAll(() => agent?.close());

    /** The emulator knows of no agents in its tasks, and has an empty `stopCode` in those that run. */
    const withAgents: Script = {
      on: "ecs:DescribeTasks",
      tell: {
        rewrite: ({ tasks = [], ...rest }) => ({
          ...rest,
          tasks: (tasks as { stopCode?: string; containers?: object[] }[]).map(
            ({ stopCode: _none, ...task }) => ({
              ...task,
              containers: task.containers?.map((one) => ({ ...one, managedAgents: [runningAgent] })),
            }),
          ),
        }),
      },
    };
    const open = async (): Promise<{
      messages: ShellMessage[];
      text(): string;
      type(keys: string): void;
    }> => {
      const ticket = await site.ask<ShellTicket>(`${base}/shell/ticket`, {
        ...{ as: operator, method: "POST", json: { instance: "web.1" } },
      });
      const socket = site.socket(`${base}/shell`, { as: operator, ticket: ticket.body.ticket });
      const messages: ShellMessage[] = [];
      let text = "";
      socket.on("message", (data: Buffer, isBinary: boolean) => {
        if (isBinary) text += data.toString();
        else messages.push(JSON.parse(data.toString()) as ShellMessage);
      });
      await new Promise((resolve) => socket.once("open", resolve));
      socket.send(JSON.stringify({ type: "open", columns: 91, rows: 33 }));
      return { messages, text: () => text, type: (keys) => socket.send(Buffer.from(keys)) };
    };

    it("opens on a terminal of the window's size", async () => {
      vendor().proxy.script(withAgents, {
        on: "ecs:ExecuteCommand",
        tell: {
          answer: ({ input }) => {
            const { streamUrl, token } = agent.open(String(input.command));
            return { session: { sessionId: "s-1", streamUrl, tokenValue: token } };
          },
        },
      });
      const shell = await open();
      await expect
        .poll(() => shell.messages[0], { timeout: 30_000 })
        .toEqual({ type: "opened", instance: "web.1", mode: "terminal" });
      shell.type('stty size; echo "it-$((40+2))"\r');
      await expect.poll(() => shell.text(), { timeout: 20_000 }).toMatch(/33 91[\s\S]*it-42/);
      shell.type("exit 7\r");
      await expect
        .poll(() => shell.messages.at(-1), { timeout: 20_000 })
        .toEqual({ type: "ended", reason: "exited", exitCode: 7 });
    });

    it("says why where none can be opened", async () => {
      vendor().proxy.script(withAgents, {
        on: "ecs:ExecuteCommand",
        tell: { error: "TargetNotConnectedException", message: "The execute command failed." },
      });
      const shell = await open();
      await expect
        .poll(() => shell.messages.at(-1), { timeout: 60_000 })
        .toMatchObject({ type: "ended", reason: "failed", message: expect.stringMatching(/\w/) });
    });
  });

  describe.skipIf(noBrowser !== undefined)("in a browser", () => {
    let browser: Browser;
    let page: Page;
    let wrong: readonly string[];
    beforeAll(async () => {
      await ensurePages();
      browser = await launch();
      const context = await contextOf(browser, site.url);
      await context.addCookies([{ name: "deploy", value: operator.session, url: site.url }]);
      page = await context.newPage();
      page.setDefaultTimeout(15_000);
      wrong = watchPage(page, site.url);
    }, 120_000);
    afterAll(() => browser?.close());

    it("logs of three releases are there, with the borders between them, and new ones come", async () => {
      await page.goto("/apps/shop/production/logs");
      await page.getByText("Live", { exact: true }).waitFor();
      await page.locator(".line", { hasText: "version one ends" }).first().waitFor();
      for (const release of [2, 3]) await page.getByText(`Release ${release}`).first().waitFor();
      await shop.ask("/say?text=hello%20from%20a%20task");
      await page.locator(".line", { hasText: "hello from a task" }).waitFor({ timeout: 30_000 });
      await picture(page, "ecs-logs");
      expect(await seriousViolations(page)).toEqual([]);
    });

    it("releases, with what each changed", async () => {
      await page.goto("/apps/shop/production/releases");
      await page.getByRole("button", { name: "Details of release 2" }).click();
      await page.getByRole("dialog").getByText("GREETING").first().waitFor();
      await picture(page, "ecs-releases");
      expect(await seriousViolations(page)).toEqual([]);
      expect(wrong).toEqual([]);
    });
  });
});
