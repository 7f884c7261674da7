import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import WebSocket from "ws";
import { testEnvironment } from "../src/apps/testing/environments.js";
import { startConsole } from "../src/start.js";
import { freePort } from "./free-port.js";

/** The name that the certificate is for. */
export const proxiedHost = "console.localhost";

/** What a program that stands in front is started with. */
export interface ProxyPlace {
  /** Of this test alone; removed at its end. */
  readonly directory: string;
  /** Where browsers come. */
  readonly port: number;
  /** Where the console listens, in plain HTTP. */
  readonly behind: number;
  /** The text of the first block of this language in docs/console.md. */
  snippet(language: string): Promise<string>;
}

/** What came back through the proxy. */
export interface ProxiedAnswer {
  readonly status: number;
  readonly cookie: string;
  readonly body: string;
  readonly location: string;
}

/** A console, and a proxy with a certificate in front of it. */
export interface ProxiedConsole {
  readonly origin: string;
  readonly ownerLink: string;
  ask(
    path: string,
    options?: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string },
  ): Promise<ProxiedAnswer>;
  /** Signs in by the owner's link, as its page does. */
  signIn(): Promise<ProxiedAnswer>;
  /** A socket, as a page of `from` would open it. */
  socket(path: string, cookie: string, from: string): WebSocket;
  end(): Promise<void>;
}

/** Whether a program is there; says so where it is not. */
export function hasProgram(name: string, words: readonly string[], file: string): boolean {
  try {
    execFileSync(name, words, { stdio: "ignore" });
    return true;
  } catch {
    console.warn(`${file}: skipped, ${name} is not on the PATH`);
    return false;
  }
}

/** Starts both: the console as docs/console.md says for a team, the proxy as `command` answers. */
export async function startProxied(
  command: (place: ProxyPlace) => Promise<{ readonly program: string; readonly words: readonly string[] }>,
): Promise<ProxiedConsole> {
  const directory = await mkdtemp(join(tmpdir(), "deploy-proxied-"));
  const [port, behind] = [await freePort(), await freePort()];
  const origin = `https://${proxiedHost}:${port}`;
  const { deployer } = testEnvironment();
  const running = await startConsole({
    load: async () => ({ apps: [{ app: deployer.app, directory }], problems: [] }),
    ...{ port: behind, publicUrl: origin, trustedProxies: ["127.0.0.1"] },
    directory: join(directory, "data"),
    env: { ...process.env, MEMORY_TOKEN: "t" },
  });
  const snippet = async (language: string): Promise<string> => {
    const page = await readFile(new URL("../../../docs/console.md", import.meta.url), "utf8");
    const [, rest = ""] = page.split(`\`\`\`${language}\n`, 2);
    const [text = ""] = rest.split("```", 1);
    return text;
  };
  const { program, words } = await command({ directory, port, behind, snippet });
  const env = { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory };
  let said = "";
  const proxy: ChildProcess = spawn(program, [...words], { env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [proxy.stdout, proxy.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  }

  const ask: ProxiedConsole["ask"] = (path, { method = "GET", headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{ host: "127.0.0.1", servername: proxiedHost, port, path, method },
          ...{ rejectUnauthorized: false, agent: false },
          headers: { host: `${proxiedHost}:${port}`, ...headers },
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
              location: answer.headers.location ?? "",
              body: text,
            }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  const end = async (): Promise<void> => {
    proxy.kill("SIGTERM");
    if (proxy.exitCode === null && proxy.signalCode === null) {
      await new Promise((resolve) => proxy.once("exit", resolve));
    }
    await running.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await vi.waitFor(async () => expect((await ask("/healthz")).status, said).toBe(200), {
      timeout: 20_000,
      interval: 100,
    });
  } catch (error) {
    await end();
    throw error;
  }
  const ownerLink = running.ownerLink ?? "";
  return {
    origin,
    ownerLink,
    ask,
    signIn: () =>
      ask("/api/sign-in/link", {
        method: "POST",
        headers: { origin, "x-deploy-console": "1", "content-type": "application/json" },
        body: JSON.stringify({ secret: ownerLink.split("#link=")[1], email: "owner@example.org" }),
      }),
    socket: (path, cookie, from) =>
      new WebSocket(`wss://${proxiedHost}:${port}${path}`, {
        rejectUnauthorized: false,
        lookup: (_name, _options, found) => found(null, [{ address: "127.0.0.1", family: 4 }]),
        headers: { cookie, origin: from },
      }),
    end,
  };
}

/** What has to hold behind any proxy that docs/console.md names. */
export async function expectToWork(proxied: ProxiedConsole): Promise<void> {
  const signedIn = await proxied.signIn();
  expect(signedIn, signedIn.body).toMatchObject({ status: 200 });
  expect(signedIn.cookie).toMatch(/^__Host-deploy=.*; HttpOnly; SameSite=Strict; Secure$/);
  const [cookie = ""] = signedIn.cookie.split(";");
  const path = "/api/apps/shop/environments/production/logs/live";
  const socket = proxied.socket(path, cookie, proxied.origin);
  const first = await new Promise((resolve, reject) => {
    socket.once("message", (data) => resolve(JSON.parse(String(data))));
    socket.once("error", reject);
  });
  expect(first).toHaveProperty("type");
  socket.close();
  const forged = proxied.socket(path, cookie, "https://evil.example");
  await expect(new Promise((_, reject) => forged.once("error", reject))).rejects.toThrow("403");
  // The visitor's address is the one that the proxy was connected to from, whatever the visitor says it is.
  await proxied.ask("/api/sign-in/password", {
    method: "POST",
    headers: {
      ...{ origin: proxied.origin, "x-deploy-console": "1", "content-type": "application/json" },
      "x-forwarded-for": "203.0.113.9",
    },
    body: JSON.stringify({ email: "nobody@example.org", password: "not the password" }),
  });
  const audit = await proxied.ask("/api/audit?limit=1", { headers: { cookie } });
  expect(JSON.parse(audit.body)).toMatchObject({
    entries: [{ action: "sign-in.failed", address: "127.0.0.1" }],
  });
}
