import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Answered,
  openTestConsole,
  type Refused,
  type SignedIn,
  type TestConsole,
} from "../src/http/testing/console.js";
import type {
  ConfigView,
  CostView,
  EnvironmentDomains,
  EnvironmentOverview,
  OperationStarted,
  ProcessList,
  ReleaseDetail,
  ReleaseList,
  RevealedSecret,
  VendorAccessView,
} from "../src/shared/app-types.js";
import type { LiveMessage, LogPage } from "../src/shared/log-types.js";
import type { RunDetail } from "../src/shared/run-types.js";
import { openConsole } from "../src/start.js";
import { createHerokuShop, type HerokuShop } from "./heroku-shop.js";

const shop = "/api/apps/shop/environments/production";

/** Everything that a page asks of an app at Heroku, by the real server, of a double whose dynos are real processes. */
describe("an app at Heroku", { timeout: 60_000 }, () => {
  let heroku: HerokuShop;
  let running: TestConsole;
  let vera: SignedIn;
  let dora: SignedIn;
  let olga: SignedIn;
  let mona: SignedIn;
  let first = 0;
  let second = 0;

  const get = async <Body>(path: string, as: SignedIn = vera): Promise<Body> => {
    const answer = await running.ask<Body>(`${shop}/${path}`, { as });
    expect(answer.status, answer.text).toBe(200);
    return answer.body;
  };
  const post = <Body = Refused>(path: string, as: SignedIn, json: unknown = {}) =>
    running.ask<Body>(`${shop}/${path}`, { as, method: "POST", json });
  const refreshed = (): Promise<Answered<EnvironmentOverview>> => post<EnvironmentOverview>("refresh", vera);
  /** Starts it, and waits until the run has ended. */
  const carriedOut = async (path: string, as: SignedIn, json: unknown): Promise<RunDetail> => {
    const started = await post<OperationStarted>(path, as, json);
    expect(started.status, started.text).toBe(202);
    const run = `runs/${started.body.runId}`;
    await expect
      .poll(async () => (await get<RunDetail>(run)).run.state, { timeout: 30_000 })
      .not.toBe("running");
    return get<RunDetail>(run);
  };
  const texts = async (query: string): Promise<readonly string[]> =>
    (await get<LogPage>(`logs?limit=500&${query}`)).lines.map(({ text }) => text);
  const audited = async (action: string): Promise<readonly (string | undefined)[][]> =>
    (await running.services.access.auditLog({ app: "shop", limit: 200 }))
      .filter((entry) => entry.action === action)
      .map(({ actor, subject, detail }) => [actor, subject, detail]);

  beforeAll(async () => {
    heroku = await createHerokuShop(["vera@example.org", "lee@example.org"]);
    running = await openTestConsole(heroku.options);
    vera = await running.person("vera@example.org", { shop: "viewer" });
    dora = await running.person("dora@example.org", { shop: "deployer" });
    olga = await running.person("olga@example.org", { shop: "operator" });
    mona = await running.person("mona@example.org", { shop: "manager" });
  }, 120_000);
  afterAll(async () => {
    await running?.end();
    expect(await heroku?.end()).toEqual({ violations: [], failures: [] });
  });

  it("prints its lines into the browser as they come, and keeps them across a release", async () => {
    await expect.poll(() => texts("process=web"), { timeout: 20_000 }).toContain("greeting is first");
    const heard: string[] = [];
    const socket = running.socket(`${shop}/logs/live`, { as: vera });
    socket.on("message", (data) => {
      const message = JSON.parse(data.toString()) as LiveMessage;
      if (message.type === "lines") heard.push(...message.lines.map(({ text }) => text));
    });
    await new Promise((resolve) => socket.once("open", resolve));
    await heroku.ask("/from-outside");
    await expect.poll(() => heard, { timeout: 20_000 }).toContain("asked for /from-outside");
    [first = 0] = (await get<ReleaseList>("releases")).releases.map(({ number }) => number);
    second = await heroku.up("second");
    await expect.poll(() => heard, { timeout: 20_000 }).toContain("greeting is second");
    socket.close();
    const kept = await texts("process=web");
    expect(kept.filter((text) => text === "asked for /from-outside")).toHaveLength(1);
    expect(kept.indexOf("greeting is first")).toBeLessThan(kept.indexOf("greeting is second"));
    await expect.poll(() => texts("process=release"), { timeout: 20_000 }).toContain("migrates");
  });

  it("is seen at a glance: health, release, processes, cost, and the certificate of its host", async () => {
    // Whoever asks again within two seconds gets the same answer.
    await expect
      .poll(async () => (await refreshed()).body.service.value, { timeout: 20_000, interval: 500 })
      .toMatchObject({ release: second, health: "ok" });
    expect((await refreshed()).body).toMatchObject({
      provider: "heroku",
      protected: true,
      service: {
        value: {
          health: "ok",
          release: second,
          processes: [
            { name: "web", desired: 1, running: 1 },
            { name: "worker", desired: 1, running: 1 },
          ],
        },
      },
      lastDeploy: { value: { release: second, state: "active" } },
      domains: { value: { hosts: [{ host: "www.shop.example", certificate: { state: "issued" } }] } },
      cost: { value: { totals: [{ currency: "USD", monthly: 50 }] } },
      feed: { state: "following" },
    });
    expect((await get<CostView>("cost")).estimates).toMatchObject([{ provider: "heroku", monthly: 50 }]);
  });

  it("says what the host has to lead to, and what somebody has to enter by hand", async () => {
    const { domains } = await get<EnvironmentDomains>("domains");
    const target = heroku.atHeroku().domains.find(({ hostname }) => hostname === "www.shop.example")?.cname;
    expect(domains.value?.domains).toMatchObject([
      { host: "www.shop.example", leadsTo: { process: "web" }, ingress: { target } },
    ]);
    expect(domains.value?.byHand).toEqual([`www.shop.example. 300 IN CNAME ${target}.`]);
  });

  it("says what a release has changed, by names", async () => {
    await expect
      .poll(async () => (await get<ReleaseList>("releases")).rollbackTo, { timeout: 20_000, interval: 500 })
      .toBe(first);
    const { releases, rollback, rollbackTo } = await get<ReleaseList>("releases");
    expect({ rollback, rollbackTo }).toEqual({ rollback: true, rollbackTo: first });
    const detail = await get<ReleaseDetail>(`releases/${second}`);
    expect(detail.diff).toMatchObject({
      from: first,
      config: { added: [], removed: [], changed: ["GREETING"] },
    });
    expect(detail.diff?.image?.after).toMatch(/^sha256:/);
    expect(JSON.stringify([releases, detail])).not.toMatch(/"second"|k3y-of/);
  });

  it("names its config, and shows a secret to an operator alone, on the record", async () => {
    const config = await get<ConfigView>("config");
    expect(config.variables).toContainEqual({ name: "GREETING", from: "app", inService: true });
    expect(config.secrets.value).toMatchObject([{ name: "SECRET_KEY", declared: true, set: true }]);
    expect(JSON.stringify(config)).not.toMatch(/"second"|k3y-of/);
    const refused = await post("secrets/SECRET_KEY/reveal", dora);
    expect([refused.status, refused.text.includes("k3y")]).toEqual([403, false]);
    expect(await audited("secrets.reveal")).toEqual([]);
    const revealed = await post<RevealedSecret>("secrets/SECRET_KEY/reveal", olga);
    expect(revealed.body).toEqual({ name: "SECRET_KEY", value: "k3y-of-the-shop" });
    expect(revealed.headers["cache-control"]).toBe("no-store");
    expect(await audited("secrets.reveal")).toEqual([["olga@example.org", "SECRET_KEY", undefined]]);
  });

  it.each([
    ["scale", { instances: { worker: 2 } }, "operator"],
    ["restart", { process: "web" }, "operator"],
    ["rollback", {}, "deployer"],
  ] as const)(
    "refuses to %s without the environment's name, and below the role for it",
    async (what, body, role) => {
      const may = role === "operator" ? olga : dora;
      const justBelow = role === "operator" ? dora : vera;
      const before = heroku.double.ledger.mutations().length;
      for (const confirm of [undefined, "", "staging", "Production", "production "]) {
        const refused = await post(what, may, { ...body, ...(confirm === undefined ? {} : { confirm }) });
        expect([refused.status, refused.body.error.code]).toEqual([409, "environment.confirmation-needed"]);
      }
      expect((await post(what, justBelow, { ...body, confirm: "production" })).status).toBe(403);
      expect(heroku.double.ledger.mutations().length).toBe(before);
    },
  );

  it("is scaled, restarted and rolled back from here, each as a run in the name of who did it", async () => {
    const scaled = await carriedOut("scale", olga, { instances: { worker: 2 }, confirm: "production" });
    expect(scaled.run).toMatchObject({ operation: "scale", state: "done", by: "olga@example.org" });
    await expect
      .poll(
        async () => (await get<ProcessList>("processes")).processes.find(({ name }) => name === "worker"),
        {
          timeout: 20_000,
        },
      )
      .toMatchObject({ desired: 2, running: 2, size: "Standard-1X" });
    const dynos = heroku.atHeroku().dynos.map(({ id }) => id);
    const restarted = await carriedOut("restart", olga, { process: "web", confirm: "production" });
    expect(restarted.run.state).toBe("done");
    await expect.poll(() => heroku.atHeroku().dynos.filter(({ id }) => !dynos.includes(id)).length).toBe(1);
    const rolledBack = await carriedOut("rollback", dora, { confirm: "production" });
    expect(rolledBack.run).toMatchObject({ operation: "rollback", state: "done", by: "dora@example.org" });
    expect(rolledBack.events.at(-1)?.event.type).toBe("finished");
    await expect.poll(() => heroku.ask(), { timeout: 20_000 }).toBe("first");
    const { releases } = await get<ReleaseList>("releases");
    expect(releases[0]).toMatchObject({ state: "active", repeats: first });
    expect(await audited("rollback.start")).toMatchObject([
      ["dora@example.org", undefined, "to the release before"],
    ]);
  });

  it("opens a shell in a dyno of its own, which is on the record", async () => {
    const ticket = await running.ask<{ readonly ticket: string }>(`${shop}/shell/ticket`, {
      as: olga,
      method: "POST",
      json: {},
    });
    expect(ticket.status, ticket.text).toBe(200);
    const socket = running.socket(`${shop}/shell`, { as: olga, ticket: ticket.body.ticket });
    let text = "";
    const messages: string[] = [];
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) text += data.toString();
      else messages.push(data.toString());
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(JSON.stringify({ type: "open", columns: 80, rows: 24 }));
    await expect.poll(() => messages.length, { timeout: 20_000 }).toBeGreaterThan(0);
    socket.send(Buffer.from('echo "it-$((40+2)) [$GREETING]"; exit\r'));
    await expect.poll(() => text, { timeout: 20_000 }).toContain("it-42 [first]");
    await closed;
    await expect.poll(async () => (await audited("shell.close")).length).toBe(1);
  });

  describe("its permissions at Heroku", () => {
    const drift = async (): Promise<readonly string[]> => {
      const { people } = await get<VendorAccessView>("vendor-access", mona);
      expect(people.trouble).toBeUndefined();
      return (people.value ?? []).map(({ person, state }) => `${person} ${state}`);
    };
    const apply = (person: string, action: "grant" | "revoke", as: SignedIn = mona) =>
      post("vendor-access/apply", as, { person, action });

    it("stand beside ours, and are seen and changed by managers alone", async () => {
      expect(await drift()).toContain("vera@example.org only here");
      for (const as of [vera, dora, olga]) {
        expect((await running.ask(`${shop}/vendor-access`, { as })).status).toBe(403);
        expect((await apply("vera@example.org", "grant", as)).status).toBe(403);
      }
      expect(heroku.atHeroku().collaborators.map(({ email }) => email)).not.toContain("vera@example.org");
    });

    it("are put in line by one word, and what others have done there behind our back too", async () => {
      expect((await apply("vera@example.org", "grant")).status).toBe(200);
      const held = heroku.atHeroku().collaborators;
      const given = held.find(({ email }) => email === "vera@example.org");
      expect(given?.permissions).toEqual(["view"]);
      if (given === undefined) throw new Error("nobody was let in");
      given.permissions = ["view", "deploy", "operate", "manage"];
      held.push({ ...given, id: "01234567-89ab-4def-8123-456789abcdef", email: "lee@example.org" });
      expect(await drift()).toEqual(
        expect.arrayContaining(["lee@example.org only there", "vera@example.org other role"]),
      );
      expect((await apply("lee@example.org", "revoke")).status).toBe(200);
      expect((await apply("vera@example.org", "grant")).status).toBe(200);
      expect(await drift()).toContain("vera@example.org same");
      const now = heroku.atHeroku().collaborators;
      expect(now.find(({ email }) => email === "lee@example.org")).toBeUndefined();
      expect(now.find(({ email }) => email === "vera@example.org")?.permissions).toEqual(["view"]);
      expect(await audited("access.provider-granted")).toEqual([
        ["mona@example.org", "vera@example.org", "viewer"],
        ["mona@example.org", "vera@example.org", "viewer"],
      ]);
      expect(await audited("access.provider-revoked")).toEqual([
        ["mona@example.org", "lee@example.org", undefined],
      ]);
    });

    it("that would take from somebody what they have here are refused: that is taken here", async () => {
      const refused = await apply("vera@example.org", "revoke");
      expect([refused.status, refused.body.error.code]).toEqual([409, "access.not-in-line"]);
      expect(heroku.atHeroku().collaborators.map(({ email }) => email)).toContain("vera@example.org");
    });
  });

  it("that cannot be reached is said on each page, with what was known of it", async () => {
    heroku.double.faults.set({
      times: Number.POSITIVE_INFINITY,
      does: { kind: "answer", status: 503, id: "down" },
    });
    await expect
      .poll(async () => (await refreshed()).body.service.trouble?.message, { timeout: 40_000, interval: 500 })
      .toBeTypeOf("string");
    const { body } = await refreshed();
    expect(body.service.value?.health).toBe("ok");
    // What was read within the last seconds is as good as new.
    await expect
      .poll(async () => (await running.ask(`${shop}/releases`, { as: vera })).status, { interval: 500 })
      .toBeGreaterThanOrEqual(500);
    expect((await texts("process=web")).length).toBeGreaterThan(0);
  });

  it("has the build's output of each release among its lines, after the console was started anew", async () => {
    heroku.double.faults.clear();
    await running.close();
    const again = await openConsole({
      ...heroku.options,
      load: heroku.options.load ?? (async () => ({ apps: [], problems: [] })),
      directory: running.directory,
      port: 0,
    });
    try {
      const built = async (release: number): Promise<readonly string[]> => {
        const stream = await again.services.store.stream({ app: "shop", environment: "production" });
        const lines: string[] = [];
        for await (const page of stream.all({ processes: ["build"], releases: [release] }))
          lines.push(...page.map(({ text }) => text));
        return lines;
      };
      for (const release of [first, second])
        await expect.poll(async () => (await built(release)).length, { timeout: 30_000 }).toBeGreaterThan(0);
      const stream = await again.services.store.stream({ app: "shop", environment: "production" });
      const kept: string[] = [];
      for await (const page of stream.all({ processes: ["web"] })) kept.push(...page.map(({ text }) => text));
      expect(kept.filter((text) => text === "asked for /from-outside")).toHaveLength(1);
    } finally {
      await again.close();
    }
  });
});
