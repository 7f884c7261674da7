import { mkdtemp, rm } from "node:fs/promises";
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

  const taskOptions = () => ({
    family: "caddy",
    image: (image as TestImage).reference,
    mainFile: mainFile({ ports: { http: ports.http, https: ports.https } }),
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
    await sleep(2_000);
    // As ECS does it: the new task is registered as soon as it runs, which is before it listens.
    const second = await start("two");
    names.set("web.shop-production.test", [first.port, second.port]);
    await sleep(2_000);
    // Out of service discovery first; the container that lingers holds the app back meanwhile.
    names.set("web.shop-production.test", [second.port]);
    await first.task.stop();
    await sleep(2_000);
    const result = await load.end();
    expect(result.failures).toEqual([]);
    expect(Object.keys(result.answers).sort()).toEqual(["one", "two"]);
    expect(await once(false, ports.http, "203.0.113.5")).toMatchObject({ status: 200, body: "two" });
    await second.task.stop();
    names.set("web.shop-production.test", []);
  }, 120_000);
});
