import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EngineTask, runTask, startTask } from "../../../test/support/caddy/engine.js";
import { buildTestImage, type TestImage } from "../../../test/support/caddy/image.js";
import { once, startLoad } from "../../../test/support/caddy/load.js";
import { type NameServer, startNameServer } from "../../../test/support/caddy/name-server.js";
import { freePort } from "../../../test/support/emulators.js";
import { has } from "../../../test/support/needs.js";
import { run } from "../../../test/support/program.js";
import { exitCodes, variables } from "./scripts.js";
import { mainFile, type Site, siteFile } from "./site.js";
import { applyTask, lingerContainer, serveTask, type TaskDefinitionInput } from "./task-definitions.js";

/** The bridge's own address: not loopback, so that published ports lead straight to the containers, as on an instance. */
const instanceAddress = "172.17.0.1";
const prefix = `deploy-caddy-${process.pid}`;

/** Starts slowly, answers slowly, and ends at once when it is told to stop, in the middle of what it is doing. */
const program = `
const { createServer } = require("node:http");
const { version } = process.env;
process.on("SIGTERM", () => process.exit(1));
setTimeout(() => createServer((request, response) => {
  request.resume();
  request.on("end", () => setTimeout(() => response.end(version), Math.random() * 200));
}).listen(8080), 700);
`;

const hasDocker = await has("docker");
const image = hasDocker ? await buildTestImage() : "no Docker Engine";
if (typeof image === "string" && hasDocker) console.warn(`skipped: ${image}`);

describe.skipIf(typeof image === "string")("Caddy and its sites on a Docker Engine", () => {
  let names: NameServer;
  let directory: string;
  let ports: { http: number; https: number; admin: number; second: number };
  let environment: Record<string, string>;
  let caddy: EngineTask;
  let blog: { task: EngineTask; port: number };

  const taskOptions = () => ({
    family: "caddy",
    image: (image as TestImage).reference,
    // Nothing answers there: no test asks a certificate authority of this world.
    mainFile: mainFile({
      acmeDirectory: "http://127.0.0.1:1/directory",
      ports: { http: ports.http, https: ports.https },
    }),
    directory,
  });
  const apply = (name: string, site: Site | undefined) =>
    runTask(applyTask(taskOptions()), {
      prefix,
      environment: {
        ...environment,
        [variables.site]: name,
        [variables.text]: site === undefined ? "" : siteFile(site),
        [variables.ports]: (site?.doors ?? []).map(({ port }) => port).join(" "),
      },
    });
  const siteOf = (owner: string, port: number, hosts: Site["hosts"] = []): Site => ({
    owner,
    hosts,
    doors: [{ port, backend: { srv: `web.${owner.replace("/", "-")}.test` } }],
    holdSeconds: 30,
    resolvers: [names.address],
  });
  /** An app's task as the containers element renders it in bridge mode; its SRV record is there once it runs. */
  const appTask = (version: string): TaskDefinitionInput => ({
    family: "app",
    networkMode: "bridge",
    containerDefinitions: [
      {
        name: "web",
        image: (image as TestImage).reference,
        essential: true,
        entryPoint: [process.execPath],
        command: ["-e", program],
        environment: [{ name: "version", value: version }],
        portMappings: [{ containerPort: 8080, hostPort: 0 }],
        stopTimeout: 5,
      },
      { ...lingerContainer("web", (image as TestImage).reference, 3_000) },
    ],
  });
  const start = async (version: string): Promise<{ task: EngineTask; port: number }> => {
    const task = await startTask(appTask(version), { prefix });
    return { task, port: await task.hostPort("web", 8080) };
  };

  beforeAll(async () => {
    names = await startNameServer(instanceAddress);
    directory = await mkdtemp(join(tmpdir(), "deploy-caddy-host-"));
    const [http, https, admin, second] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    ports = { http, https, admin, second };
    environment = { CADDY_ADMIN: `127.0.0.1:${admin}` };
    caddy = await startTask(serveTask(taskOptions()), { prefix, environment });
  }, 120_000);

  afterAll(async () => {
    await caddy?.stop();
    await names?.close();
    const { stdout } = await run(["docker", "ps", "--all", "--quiet", "--filter", `name=^/${prefix}-`]);
    const left = stdout.split("\n").filter((id) => id !== "");
    if (left.length > 0) await run(["docker", "rm", "--force", "--volumes", ...left]);
    if (typeof image !== "string") await image.remove();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }, 120_000);

  it("redeploys under load without a failed request, although the app dies at once when told to stop", async () => {
    const first = await start("one");
    names.set("web.shop-production.test", [first.port]);
    const applied = await apply("shop", siteOf("shop/production", ports.http));
    expect(applied, applied.stderr).toMatchObject({ code: exitCodes.done });

    const load = startLoad(ports.http, "203.0.113.5", 8);
    await sleep(1_500);
    // As ECS does it: the new task is registered as soon as it runs, which is before it listens.
    const second = await start("two");
    names.set("web.shop-production.test", [first.port, second.port]);
    await sleep(1_500);
    // The old one is told to stop, and its name goes some seconds later: the container that lingers holds the app back.
    const stopped = first.task.stop();
    await sleep(3_000);
    names.set("web.shop-production.test", [second.port]);
    await stopped;
    await sleep(1_500);
    const result = await load.end();
    expect(result.failures).toEqual([]);
    expect(Object.keys(result.answers).sort()).toEqual(["one", "two"]);
    expect(await once(false, ports.http, "203.0.113.5")).toMatchObject({ status: 200, body: "two" });
  }, 120_000);

  // Caddy's server is Go's, which closes a connection whose first request it reads while a reload takes it out of
  // service (net/http, conn.serve: shuttingDown). What was begun before is answered; each connection can be hit once
  // per reload, and loses nothing but a request that nobody has begun to work on.
  it("takes in a second app under load: no wrong answer, and no connection is closed but at the reload itself", async () => {
    const connections = 8;
    const load = startLoad(ports.http, "203.0.113.5", connections, false);
    await sleep(500);
    const reloads = [[], [{ host: "blog.test", redirect: "example.org" }], []];
    for (const hosts of reloads) {
      const applied = await apply("blog", siteOf("blog/production", ports.second, hosts));
      expect(applied, applied.stderr).toMatchObject({ code: exitCodes.done });
    }
    await sleep(500);
    const { answers, failures } = await load.end();
    // Closed with a request unread in it, a connection is reset: the same, in other words.
    expect(failures.filter((failure) => !/socket hang up|ECONNRESET|EPIPE/.test(failure))).toEqual([]);
    expect(failures.length).toBeLessThanOrEqual(reloads.length * connections);
    expect(Object.keys(answers)).toEqual(["two"]);
  }, 60_000);

  it("serves two apps, and a new Caddy has the sites of the one that was killed", async () => {
    blog = await start("blog");
    names.set("web.blog-production.test", [blog.port]);
    const both = async (): Promise<string[]> => [
      (await once(false, ports.http, "203.0.113.5")).body,
      (await once(false, ports.second, "203.0.113.5")).body,
    ];
    expect(await both()).toEqual(["two", "blog"]);
    await run(["docker", "kill", caddy.containers.caddy!]);
    await caddy.stop();
    caddy = await startTask(serveTask(taskOptions()), { prefix, environment });
    await untilServed(ports.http);
    expect(await both()).toEqual(["two", "blog"]);
  }, 60_000);

  it("holds a request while no instance answers", async () => {
    const port = await untilServed(ports.second);
    names.set("web.blog-production.test", []);
    await run(["docker", "rm", "--force", ...Object.values(blog.task.containers)]);
    const held = once(false, port, "203.0.113.5");
    await sleep(1_500);
    const again = await start("again");
    names.set("web.blog-production.test", [again.port]);
    expect(await held).toMatchObject({ status: 200, body: "again" });
  }, 60_000);

  it("leaves a port to the app that has it, and takes back what Caddy refuses", async () => {
    const taken = await apply("wiki", siteOf("wiki/production", ports.http));
    expect(taken).toMatchObject({ code: exitCodes.portTaken });
    const refused = await runTask(applyTask(taskOptions()), {
      prefix,
      environment: {
        ...environment,
        [variables.site]: "shop",
        [variables.text]: "http://:1 {\n\tno_such_directive\n}\n",
        [variables.ports]: "",
      },
    });
    expect(refused).toMatchObject({ code: exitCodes.refused });
    expect(await once(false, ports.http, "203.0.113.5")).toMatchObject({ status: 200, body: "two" });
    const sites = await readdir(join(directory, "config", "apps"));
    expect(sites.sort()).toEqual(["blog.caddy", "shop.caddy"]);
  }, 60_000);

  it("sends hosts to HTTPS, and takes a site away without the others noticing", async () => {
    const host = { host: "shop.test", backend: { srv: "web.shop-production.test" } };
    expect(await apply("shop", siteOf("shop/production", ports.http, [host]))).toMatchObject({ code: 0 });
    expect(await once(false, ports.http, "shop.test", "GET", "/a?b=c")).toMatchObject({
      status: 308,
      location: expect.stringMatching(/^https:\/\/shop\.test(?::\d+)?\/a\?b=c$/),
    });
    expect(await once(false, ports.http, "203.0.113.5")).toMatchObject({ status: 200, body: "two" });
    expect(await apply("shop", undefined)).toMatchObject({ code: exitCodes.done });
    expect(await once(false, ports.second, "203.0.113.5")).toMatchObject({ status: 200, body: "again" });
    await expect(once(false, ports.http, "203.0.113.5")).rejects.toThrow("ECONNREFUSED");
  }, 60_000);

  /** Waits until Caddy listens. */
  async function untilServed(port: number): Promise<number> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const answer = await once(false, port, "203.0.113.5").catch(() => undefined);
      if (answer !== undefined) return port;
      await sleep(100);
    }
    throw new Error(`nothing listens on port ${port}`);
  }
});
