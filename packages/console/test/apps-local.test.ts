import { join } from "node:path";
import { type DeployError, defineApp, redact } from "@deploy/core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ensureBuilt } from "../../provider-local/test/support/built.js";
import { ask, createWorkspace, type Workspace } from "../../provider-local/test/support/workspace.js";
import { createAppRegistry } from "../src/apps/registry.js";
import { type Rig, rig } from "../src/apps/testing/rig.js";
import type { AppRegistry } from "../src/apps/types.js";
import type {
  AllDomains,
  ConfigView,
  EnvironmentDomains,
  EnvironmentOverview,
  JobList,
  ProcessList,
  ReleaseList,
} from "../src/shared/app-types.js";

const server = `
import { createServer } from "node:http";
createServer((request, response) => {
  if (request.url === "/crash") setTimeout(() => process.exit(3), 50);
  response.end(process.env.GREETING ?? "none");
}).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

const tick = 'console.log("ticked");';

const shop = "/api/apps/shop/environments/local";

/** Everything that a page of an app shows, of processes that really run. */
describe("an app on this machine", { timeout: 60_000 }, () => {
  let space: Workspace;
  let registry: AppRegistry;
  let rigged: Rig;
  const load = vi.fn();
  const declare = (greeting: string, more: Record<string, string> = {}) =>
    defineApp({
      name: "shop",
      processes: { web: { command: ["node", "server.mjs"], health: "/", drain: "1 s" } },
      jobs: { tick: { command: ["node", "tick.mjs"], schedule: "* * * * *" } },
      secrets: ["SECRET_KEY"],
      config: { GREETING: greeting, ...more },
      environments: { local: { domains: { "shop.localhost": "web" } } },
    });
  const call = (person: string, method: string, path: string, body?: unknown) =>
    rigged.call(`${person}@example.org`, method, path, body);
  const run = async (person: string, path: string, body: unknown) => {
    const { status, body: answer } = await call(person, "POST", `${shop}/${path}`, body);
    expect(status).toBe(202);
    const { runId } = answer as { runId: string };
    await vi.waitFor(() => expect(rigged.runs.get(runId)?.run.state).not.toBe("running"), {
      timeout: 30_000,
    });
    return rigged.runs.get(runId)!;
  };

  beforeAll(async () => {
    await ensureBuilt();
    space = await createWorkspace();
    const directory = space.files("shop", { "server.mjs": server, "tick.mjs": tick });
    const file = join(directory, "deploy.config.ts");
    await space
      .deployer(declare("first", { OLD: "1" }))
      .up({ secrets: { SECRET_KEY: redact("k3y-of-the-shop") } });
    await space.deployer(declare("second", { NEW: "1" })).up();
    load.mockResolvedValue({
      apps: [{ app: declare("second", { NEW: "1" }), file, directory }],
      problems: [],
    });
    registry = await createAppRegistry({ load, defaultTarget: space.target, env: space.env });
    rigged = await rig([], {
      registry,
      directory: space.root,
      grants: {
        "vera@example.org": { shop: "viewer" },
        "olga@example.org": { shop: "operator" },
      },
    });
  }, 180_000);
  afterAll(async () => {
    await rigged?.close();
    await registry?.close();
    await space?.remove();
  });

  it("is healthy at a glance, and a process that dies is told of", async () => {
    const overview = (await call("vera", "POST", `${shop}/refresh`)).body as EnvironmentOverview;
    expect(overview).toMatchObject({
      provider: "local",
      service: {
        value: { health: "ok", release: 2, processes: [{ name: "web", desired: 1, running: 1 }] },
      },
      lastDeploy: { value: { release: 2, state: "active" } },
    });
    expect(overview.service.value?.urls).toEqual([`http://shop.localhost:${space.port}`]);
    for (const part of [overview.service, overview.lastDeploy, overview.domains, overview.cost]) {
      expect(part.trouble).toBeUndefined();
      expect(part.at).toBeTypeOf("number");
    }
    await ask(space, "shop.localhost", "/crash");
    await vi.waitFor(
      async () => {
        const { body } = await call("vera", "GET", `${shop}/processes`);
        const [instance] = (body as ProcessList).processes[0]!.instances;
        expect(instance?.restarts).toBeGreaterThan(0);
        expect(instance?.state).toBe("running");
      },
      { timeout: 20_000, interval: 200 },
    );
  });

  it("has a domain of this machine, which needs no name servers", async () => {
    const { domains } = (await call("vera", "GET", `${shop}/domains`)).body as EnvironmentDomains;
    expect(domains.value).toMatchObject({
      state: "ok",
      domains: [{ host: "shop.localhost", leadsTo: { process: "web" }, state: "ok" }],
      findings: [{ severity: "note", message: expect.stringContaining("needs no DNS") }],
    });
    const { environments } = (await call("vera", "GET", "/api/domains")).body as AllDomains;
    expect(environments).toMatchObject([{ app: "shop", domains: { value: { state: "ok" } } }]);
  });

  it("has releases with what each changed, and jobs with their next run", async () => {
    const { releases, rollback, rollbackTo } = (await call("vera", "GET", `${shop}/releases`))
      .body as ReleaseList;
    expect({ rollback, rollbackTo }).toEqual({ rollback: true, rollbackTo: 1 });
    expect(releases[0]?.diff).toMatchObject({
      from: 1,
      config: { added: ["NEW"], removed: ["OLD"], changed: ["GREETING"] },
      secrets: { changed: [] },
    });
    expect(JSON.stringify(releases)).not.toMatch(/"second"|"first"|k3y/);
    const { jobs } = (await call("vera", "GET", `${shop}/jobs`)).body as JobList;
    expect(jobs).toMatchObject([
      {
        name: "tick",
        schedule: "* * * * *",
        timeZone: "UTC",
        state: "scheduled",
        nextRun: expect.any(Number),
      },
    ]);
  });

  it("names its config and secrets, and shows a value to an operator alone", async () => {
    const config = (await call("vera", "GET", `${shop}/config`)).body as ConfigView;
    expect(config.variables.map(({ name }) => name)).toEqual(expect.arrayContaining(["GREETING", "NEW"]));
    expect(config.secrets.value).toMatchObject([{ name: "SECRET_KEY", declared: true, set: true }]);
    expect(JSON.stringify(config)).not.toMatch(/"second"|k3y/);
    await expect(call("vera", "POST", `${shop}/secrets/SECRET_KEY/reveal`)).rejects.toMatchObject({
      code: "console.forbidden",
    } satisfies Partial<DeployError>);
    expect((await call("olga", "POST", `${shop}/secrets/SECRET_KEY/reveal`)).body).toEqual({
      name: "SECRET_KEY",
      value: "k3y-of-the-shop",
    });
  });

  it("is scaled, restarted and rolled back from here, in the name of who did it", async () => {
    expect((await run("olga", "scale", { instances: { web: 2 } })).run).toMatchObject({
      state: "done",
      by: "olga@example.org",
    });
    const processes = (await call("vera", "POST", `${shop}/refresh`)).body as EnvironmentOverview;
    expect(processes.service.value?.processes).toMatchObject([{ desired: 2, running: 2 }]);
    expect((await run("olga", "restart", {})).run.state).toBe("done");
    const rolledBack = await run("olga", "rollback", {});
    expect(rolledBack.run).toMatchObject({ state: "done", release: 3 });
    expect(rolledBack.events.at(-1)?.event.type).toBe("finished");
    expect((await ask(space, "shop.localhost")).text).toBe("first");
    await call("vera", "POST", `${shop}/refresh`, { parts: ["lastDeploy"] });
    await vi.waitFor(
      async () => {
        const { releases } = (await call("vera", "GET", `${shop}/releases`)).body as ReleaseList;
        expect(releases[0]).toMatchObject({ number: 3, repeats: 1, author: "olga@example.org" });
      },
      { timeout: 10_000, interval: 500 },
    );
  });

  it("has no permissions of its own at this provider, which is no failure", async () => {
    rigged.grants["mona@example.org"] = { shop: "manager" };
    const { body } = await call("mona", "GET", `${shop}/vendor-access`);
    expect(body).toMatchObject({
      provider: "local",
      supports: { viewer: { no: expect.any(String) } },
      people: { value: expect.arrayContaining([expect.objectContaining({ state: "unsupported" })]) },
    });
    expect(
      await rigged.services.vendorAccess.settle("vera@example.org", "shop", { actor: "mona@example.org" }),
    ).toMatchObject([{ state: "unsupported" }]);
    expect(
      await rigged.services.vendorAccess.revokeEverywhere("vera@example.org", { actor: "mona@example.org" }),
    ).toEqual([]);
  });
});
