import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EngineTask, runTask, startTask } from "../../../test/support/caddy/engine.js";
import { buildTestImage, type TestImage } from "../../../test/support/caddy/image.js";
import { has } from "../../../test/support/needs.js";
import { run } from "../../../test/support/program.js";
import { exitCodes, variables } from "./scripts.js";
import { mainFile, siteFile } from "./site.js";
import { applyTask, serveTask, type TaskDefinitionInput } from "./task-definitions.js";

/*
 * Certificates that Caddy gets by itself, from a real ACME server: another Caddy. Both stand in a network of their own
 * with its ports 80 and 443, which stands for the instance.
 */

const prefix = `deploy-acme-${process.pid}`;
const hasDocker = await has("docker");
const image = hasDocker ? await buildTestImage() : "no Docker Engine";
if (typeof image === "string" && hasDocker) console.warn(`skipped: ${image}`);

/** Asks for a host with TLS, and prints the status, where it leads, and the certificate's number. */
const askProgram = `
require("node:https").get({
  host: "127.0.0.1", servername: process.argv[1], path: "/a?b=c", headers: { host: process.argv[1] },
  ca: require("node:fs").readFileSync("/data/root.crt"), agent: false,
}, (response) => {
  const { serialNumber } = response.socket.getPeerCertificate();
  console.log(JSON.stringify({ status: response.statusCode, location: response.headers.location, serialNumber }));
  process.exit(0);
}).on("error", (error) => { console.error(String(error)); process.exit(1); });
`;

describe.skipIf(typeof image === "string")("certificates that Caddy gets by itself", () => {
  const reference = (image as TestImage).reference;
  const machine = `${prefix}-machine`;
  let directory: string;
  let authority: EngineTask;
  let caddy: EngineTask | undefined;
  const options = () => ({ prefix, host: machine, environment: { SSL_CERT_FILE: "/data/root.crt" } });
  const taskOptions = () => ({
    family: "caddy",
    image: reference,
    mainFile: mainFile({
      email: "ops@shop.test",
      acmeDirectory: "https://ca.test:9000/acme/local/directory",
    }),
    directory,
  });
  const ask = async (host: string): Promise<{ status: number; location?: string; serialNumber: string }> => {
    let said = "";
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const { code, stdout, stderr } = await run([
        "docker",
        "run",
        "--rm",
        "--network",
        `container:${machine}`,
        "--volume",
        `${directory}/data:/data`,
        "--entrypoint",
        process.execPath,
        reference,
        "-e",
        askProgram,
        host,
      ]);
      if (code === 0) return JSON.parse(stdout) as { status: number; serialNumber: string };
      said = stderr;
      await sleep(500);
    }
    throw new Error(`${host} has no certificate: ${said}`);
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-acme-"));
    const hosts = ["ca.test", "shop.test", "www.shop.test"].flatMap((host) => [
      "--add-host",
      `${host}:127.0.0.1`,
    ]);
    const started = await run([
      "docker",
      "run",
      "--detach",
      "--name",
      machine,
      ...hosts,
      "--entrypoint",
      "sh",
      reference,
      "-c",
      "sleep 3600",
    ]);
    expect(started.code, started.stderr).toBe(0);
    await mkdir(join(directory, "ca"), { recursive: true });
    await writeFile(
      join(directory, "ca", "Caddyfile"),
      "{\n\tadmin off\n\thttp_port 9080\n\thttps_port 9443\n\tskip_install_trust\n}\n" +
        "https://ca.test:9000 {\n\ttls internal\n\tacme_server\n}\n",
    );
    const authorityTask: TaskDefinitionInput = {
      family: "authority",
      networkMode: "host",
      volumes: [{ name: "ca", host: { sourcePath: join(directory, "ca") } }],
      containerDefinitions: [
        {
          name: "authority",
          image: reference,
          entryPoint: ["caddy"],
          command: ["run", "--config", "/ca/Caddyfile", "--adapter", "caddyfile"],
          environment: [{ name: "XDG_DATA_HOME", value: "/ca/data" }],
          mountPoints: [{ sourceVolume: "ca", containerPath: "/ca" }],
        },
      ],
    };
    authority = await startTask(authorityTask, { prefix, host: machine });
    await mkdir(join(directory, "data"), { recursive: true });
    const root = join(directory, "ca/data/caddy/pki/authorities/local/root.crt");
    for (let attempt = 0; ; attempt += 1) {
      const copied = await copyFile(root, join(directory, "data/root.crt")).then(
        () => true,
        () => false,
      );
      if (copied) break;
      if (attempt === 100) throw new Error("the certificate authority has no certificate of its own");
      await sleep(100);
    }
    caddy = await startTask(serveTask(taskOptions()), options());
  }, 120_000);

  afterAll(async () => {
    await caddy?.stop();
    await authority?.stop();
    await run(["docker", "rm", "--force", machine]);
    if (typeof image !== "string") await image.remove();
    // What containers have written belongs to root.
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }, 120_000);

  it("are got for every host once its site is there, and outlive Caddy and the authority", async () => {
    const text = siteFile({
      owner: "shop/production",
      hosts: [{ host: "www.shop.test", redirect: "shop.test" }],
      doors: [],
      holdSeconds: 1,
    });
    const applied = await runTask(applyTask(taskOptions()), {
      ...options(),
      environment: {
        ...options().environment,
        [variables.site]: "shop",
        [variables.text]: text,
        [variables.ports]: "",
      },
    });
    expect(applied, applied.stderr).toMatchObject({ code: exitCodes.done });
    const first = await ask("www.shop.test");
    expect(first).toMatchObject({ status: 301, location: "https://shop.test/a?b=c" });

    await authority.stop();
    await run(["docker", "kill", caddy!.containers.caddy!]);
    await caddy!.stop();
    caddy = await startTask(serveTask(taskOptions()), options());
    expect(await ask("www.shop.test")).toEqual(first);
  }, 120_000);
});
