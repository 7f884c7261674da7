import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import WebSocket from "ws";
import { testEnvironment } from "../src/apps/testing/environments.js";
import type { RunningConsole } from "../src/options.js";
import { startConsole } from "../src/start.js";

const host = "console.localhost";

function hasCaddy(): boolean {
  try {
    execFileSync("caddy", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn("behind-caddy.test.ts: skipped, caddy is not on the PATH");
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** The console behind the proxy of docs/console.md, as it is written there, with a certificate of Caddy's own. */
describe.skipIf(!hasCaddy())("behind Caddy", { timeout: 60_000 }, () => {
  let directory: string;
  let running: RunningConsole;
  let caddy: ChildProcess;
  let port: number;
  let origin: string;

  const ask = (
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) =>
    new Promise<{ status: number; cookie: string; body: string }>((resolve, reject) => {
      const { method = "GET", headers = {}, body } = options;
      const sent = request(
        {
          ...{
            host: "127.0.0.1",
            servername: host,
            port,
            path,
            method,
            rejectUnauthorized: false,
            agent: false,
          },
          headers: { host: `${host}:${port}`, ...headers },
        },
        (answer) => {
          let text = "";
          answer.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          answer.on("end", () =>
            resolve({
              status: answer.statusCode ?? 0,
              cookie: answer.headers["set-cookie"]?.[0] ?? "",
              body: text,
            }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-caddy-"));
    port = await freePort();
    origin = `https://${host}:${port}`;
    const behind = await freePort();
    const { deployer } = testEnvironment();
    running = await startConsole({
      load: async () => ({ apps: [{ app: deployer.app, directory }], problems: [] }),
      ...{ port: behind, publicUrl: origin, trustedProxies: ["127.0.0.1"] },
      directory: join(directory, "data"),
      env: { ...process.env, MEMORY_TOKEN: "t" },
    });
    const page = await readFile(new URL("../../../docs/console.md", import.meta.url), "utf8");
    const snippet = /```caddyfile\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    const site = snippet
      .replace("console.example.org {", `${host}:${port} {\n\ttls internal`)
      .replace("127.0.0.1:4300", `127.0.0.1:${behind}`);
    const file = join(directory, "Caddyfile");
    await writeFile(file, `{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n${site}`);
    const env = { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory };
    caddy = spawn("caddy", ["run", "--config", file, "--adapter", "caddyfile"], { env, stdio: "ignore" });
    await vi.waitFor(async () => expect((await ask("/healthz")).status).toBe(200), {
      timeout: 20_000,
      interval: 100,
    });
  });
  afterAll(async () => {
    caddy?.kill("SIGKILL");
    await running?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("signs in by a cookie for HTTPS alone, and streams lines over a WebSocket", async () => {
    const secret = running.ownerLink?.split("#link=")[1];
    const signedIn = await ask("/api/sign-in/link", {
      method: "POST",
      headers: { origin, "x-deploy-console": "1", "content-type": "application/json" },
      body: JSON.stringify({ secret, email: "owner@example.org" }),
    });
    expect(signedIn, signedIn.body).toMatchObject({ status: 200 });
    expect(signedIn.cookie).toMatch(/^__Host-deploy=.*; HttpOnly; SameSite=Strict; Secure$/);
    const [cookie = ""] = signedIn.cookie.split(";");
    const path = "/api/apps/shop/environments/production/logs/live";
    const open = (from: string) =>
      new WebSocket(`wss://${host}:${port}${path}`, {
        rejectUnauthorized: false,
        lookup: (_name, _options, found) => found(null, [{ address: "127.0.0.1", family: 4 }]),
        headers: { cookie, origin: from },
      });
    const socket = open(origin);
    const first = await new Promise((resolve, reject) => {
      socket.once("message", (data) => resolve(JSON.parse(String(data))));
      socket.once("error", reject);
    });
    expect(first).toHaveProperty("type");
    socket.close();
    const forged = open("https://evil.example");
    await expect(
      new Promise((_, reject) => {
        forged.once("error", reject);
      }),
    ).rejects.toThrow("403");
  });
});
