import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const run = promisify(execFile);
const packages = fileURLToPath(new URL("../../", import.meta.url));
const base = `deploy-console-test-base-${process.pid}`;
const image = `deploy-console-test-${process.pid}`;
const volume = `deploy-console-test-${process.pid}`;

/** What the image gets from the registry, as the packages of this repository. */
const ours = ["core", "cli", "console", "provider-local"] as const;

async function missing(): Promise<string | undefined> {
  const answers = async (program: string, ...words: readonly string[]): Promise<boolean> =>
    run(program, [...words]).then(
      () => true,
      () => false,
    );
  if (!(await answers("docker", "version"))) return "no Docker Engine answers";
  if (!(await answers("busybox", "true"))) return "busybox is not on the PATH";
  if (!(await answers("npm", "ping", "--fetch-retries=0", "--fetch-timeout=10000"))) {
    return "no npm registry answers";
  }
  return undefined;
}

const reason = await missing();
if (reason !== undefined) console.warn(`docker-image.test.ts: skipped, ${reason}`);

const docker = async (...words: readonly string[]): Promise<string> =>
  (await run("docker", [...words], { maxBuffer: 64 * 1024 * 1024 })).stdout.trim();

/** The shared libraries that a program of this machine is loaded with. */
async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await run("ldd", [program]);
  return [...stdout.matchAll(/(\/\S+\.so[.\d]*) \(0x/g)].map(([, path = ""]) => path);
}

/**
 * What `node:20-slim` has that the Dockerfile uses, of the programs of this machine: no image can be pulled everywhere.
 */
async function makeBase(directory: string): Promise<void> {
  const place = async (from: string, to = from): Promise<void> => {
    const at = join(directory, to);
    await mkdir(dirname(at), { recursive: true });
    await copyFile(await realpath(from), at);
  };
  await place((await run("which", ["busybox"])).stdout.trim(), "/bin/busybox");
  for (const name of ["sh", "mkdir", "chown", "chmod", "env", "id", "ls"]) {
    await symlink("busybox", join(directory, "bin", name));
  }
  await place(process.execPath, "/usr/bin/node");
  await symlink("/bin/env", join(directory, "usr/bin/env"));
  // What names are looked up with, and native packages are loaded with.
  const more = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2", "librt.so.1"];
  const libraries = await librariesOf(process.execPath);
  const libc = libraries.find((path) => basename(path) === "libc.so.6") ?? "";
  for (const path of [...libraries, ...more.map((name) => join(dirname(libc), name))]) await place(path);
  const npm = await realpath((await run("which", ["npm"])).stdout.trim());
  await cp(dirname(dirname(npm)), join(directory, "usr/lib/npm"), { recursive: true, dereference: true });
  await symlink("../lib/npm/bin/npm-cli.js", join(directory, "usr/bin/npm"));
  const certificates = "/etc/ssl/certs/ca-certificates.crt";
  await place(certificates);
  await writeFile(
    join(directory, "etc/passwd"),
    "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n",
  );
  await writeFile(join(directory, "etc/group"), "root:x:0:\nnode:x:1000:\n");
  await writeFile(join(directory, "etc/nsswitch.conf"), "hosts: files dns\n");
  for (const name of ["tmp", "root", "home/node"]) await mkdir(join(directory, name), { recursive: true });
  await writeFile(
    join(directory, "Dockerfile"),
    `FROM scratch\nCOPY . /\nENV PATH=/usr/bin:/bin NODE_EXTRA_CA_CERTS=${certificates} npm_config_cafile=${certificates}\n`,
  );
  await docker("build", "--quiet", "--tag", base, directory);
}

describe.skipIf(reason !== undefined)("the image", { timeout: 60_000 }, () => {
  let directory: string;
  let server: Server;
  const started: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-console-image-"));
    const [root, context, packed] = ["base", "context", "packed"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [root, context, packed]) await mkdir(path);
    const names = await Promise.all(
      ours.map(async (name) => {
        const words = ["pack", "--silent", "--ignore-scripts", "--pack-destination", packed];
        return (await run("npm", words, { cwd: join(packages, name) })).stdout.trim();
      }),
    );
    server = createServer((request, response) => {
      createReadStream(join(packed, basename(request.url ?? "")))
        .on("error", () => response.writeHead(404).end())
        .pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const dependencies = Object.fromEntries(
      ours.map((name, index) => [`@deploy/${name}`, `http://127.0.0.1:${port}/${names[index]}`]),
    );
    const manifest = { name: "team", private: true, type: "module", dependencies };
    await writeFile(join(context, "package.json"), JSON.stringify(manifest));
    await writeFile(join(context, ".dockerignore"), "node_modules\n");
    await writeFile(
      join(context, "deploy.config.mjs"),
      'import { defineApp } from "@deploy/core";\nexport default defineApp({ name: "shop", processes: { web: { command: ["node", "web.mjs"], health: "/" } } });\n',
    );
    await copyFile(join(packages, "console/Dockerfile"), join(context, "Dockerfile"));
    await makeBase(root);
    await docker("build", "--network", "host", "--build-arg", `BASE=${base}`, "--tag", image, context);
  }, 180_000);
  afterAll(async () => {
    server?.close();
    for (const id of started) await docker("rm", "--force", id);
    await docker("volume", "rm", "--force", volume).catch(() => undefined);
    await docker("image", "rm", "--force", image, base).catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  /** Starts the console as its Dockerfile says; answers with the container, where it answers, and how to ask it. */
  const start = async () => {
    const id = await docker(
      ...["run", "--detach", "--volume", `${volume}:/data`, "--publish", "127.0.0.1::4300", image],
      ...["--public-url", "https://console.example.org", "--trusted-proxy", "172.16.0.0/12"],
    );
    started.push(id);
    const port = (await docker("port", id, "4300")).split("\n")[0]?.split(":").pop();
    /** As the proxy in front of it would; answers with the cookie that was set, and the body. */
    const ask = (
      path: string,
      headers: Readonly<Record<string, string>> = {},
      body?: string,
    ): Promise<string> =>
      new Promise((resolve, reject) => {
        const proxied = { host: "console.example.org", "x-forwarded-proto": "https", ...headers };
        const options = { host: "127.0.0.1", port, path, headers: proxied, timeout: 5_000, agent: false };
        const sent = httpRequest({ ...options, method: body === undefined ? "GET" : "POST" }, (answer) => {
          let text = "";
          answer.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          answer.on("end", () => resolve(`${answer.headers["set-cookie"]?.join("\n") ?? ""}\n${text}`));
        });
        sent.on("timeout", () => sent.destroy());
        sent.on("error", reject);
        sent.end(body);
      });
    await vi.waitFor(async () => expect(await ask("/healthz")).toContain('{"status":"ok"}'), {
      timeout: 30_000,
      interval: 200,
    });
    return { id, ask };
  };

  it("refuses plain HTTP on an address that others reach, unless it is told where the proxy is", async () => {
    const refused = await run("docker", ["run", "--rm", image]).catch(
      (error: { readonly code: number; readonly stderr: string }) => error,
    );
    expect(refused.stderr).toContain("console.insecure-address");
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("--public-url https://");
  });

  it("answers as somebody who is not root, and keeps its data in its volume over a restart", async () => {
    const first = await start();
    expect(await docker("exec", first.id, "id", "-u")).toBe("1000");
    const denied = docker("exec", first.id, "sh", "-c", "echo x > /app/deploy.config.mjs");
    await expect(denied).rejects.toThrow();
    expect(await first.ask("/api/sign-in/ways", { "x-forwarded-proto": "http" })).toContain(
      "console.forbidden",
    );
    const secret = /#link=(\S+)/.exec((await run("docker", ["logs", first.id])).stderr)?.[1] ?? "";
    const own = {
      origin: "https://console.example.org",
      "x-deploy-console": "1",
      "content-type": "application/json",
    };
    const signedIn = await first.ask(
      "/api/sign-in/link",
      own,
      JSON.stringify({ secret, email: "owner@example.org" }),
    );
    const cookie = /__Host-deploy=[^;]+/.exec(signedIn)?.[0] ?? "";
    expect(cookie, signedIn).not.toBe("");
    expect(await first.ask("/api/me", { cookie })).toContain("owner@example.org");
    await docker("stop", "--time", "10", first.id);
    expect(await docker("inspect", "--format", "{{.State.ExitCode}}", first.id)).toBe("0");

    const second = await start();
    expect(await second.ask("/api/me", { cookie })).toContain("owner@example.org");
    expect((await run("docker", ["logs", second.id])).stderr).not.toContain("#link=");
  });

  it("is what the page of the docs says", async () => {
    const page = await readFile(new URL("../../../docs/console.md", import.meta.url), "utf8");
    for (const words of ["--file node_modules/@deploy/console/Dockerfile", "deploy-console:/data"]) {
      expect(page).toContain(words);
      expect(await readFile(join(packages, "console/Dockerfile"), "utf8")).toContain(words);
    }
  });
});
