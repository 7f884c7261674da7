import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createHerokuDouble, type HerokuDouble } from "../src/index.js";
import { client, type TestClient } from "./client.js";

const busybox = "/bin/busybox";
const missing = [
  ...(existsSync(busybox) ? [] : ["busybox-static"]),
  ...(existsSync("/usr/bin/docker-registry") ? [] : ["docker-registry"]),
];
let double: HerokuDouble;
let heroku: TestClient;

beforeAll(async () => {
  if (missing.length > 0) console.warn(`skipped: not installed: ${missing.join(", ")}`);
  double = await createHerokuDouble({ databases: false });
  heroku = client(double, "token-of-owner");
});
afterAll(async () => {
  expect(double.failures).toEqual([]);
  expect(double.violations).toEqual([]);
  await double.close();
});

const digest = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const basic = { authorization: `Basic ${Buffer.from("_:token-of-owner").toString("base64")}` };

async function putBlob(repository: string, bytes: Buffer): Promise<void> {
  const begun = await fetch(`${double.registryUrl}/v2/${repository}/blobs/uploads/`, {
    method: "POST",
    headers: basic,
  });
  const location = new URL(begun.headers.get("location") ?? "", double.registryUrl);
  location.searchParams.set("digest", digest(bytes));
  const put = await fetch(location, { method: "PUT", headers: basic, body: new Uint8Array(bytes) });
  expect(put.status).toBe(201);
}

/** Pushes an image of nothing but busybox; gives the digest of its configuration. */
async function push(repository: string, cmd: readonly string[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "image-"));
  mkdirSync(join(directory, "bin"));
  copyFileSync(busybox, join(directory, "bin/busybox"));
  chmodSync(join(directory, "bin/busybox"), 0o755);
  symlinkSync("/bin/busybox", join(directory, "bin/sh"));
  const layer = execFileSync("tar", ["-cf", "-", "-C", directory, "."], { maxBuffer: 1e8 });
  rmSync(directory, { recursive: true });
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Cmd: cmd, Env: ["PATH=/bin", "FROM_IMAGE=yes"], WorkingDir: "/tmp" },
      rootfs: { type: "layers", diff_ids: [digest(layer)] },
    }),
  );
  await putBlob(repository, layer);
  await putBlob(repository, config);
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  const put = await fetch(`${double.registryUrl}/v2/${repository}/manifests/latest`, {
    method: "PUT",
    headers: { ...basic, "content-type": type },
    body: JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: config.length,
        digest: digest(config),
      },
      layers: [
        {
          mediaType: "application/vnd.docker.image.rootfs.diff.tar",
          size: layer.length,
          digest: digest(layer),
        },
      ],
    }),
  });
  expect(put.status).toBe(201);
  return digest(config);
}

describe.skipIf(missing.length > 0)("images that are pushed", () => {
  it("lets only those in who may deploy the app, and takes no list of images", async () => {
    await heroku.post("/apps", { name: "pushed", stack: "container" });
    expect((await fetch(`${double.registryUrl}/v2/`)).status).toBe(401);
    expect((await fetch(`${double.registryUrl}/v2/`, { headers: basic })).status).toBe(200);
    expect((await fetch(`${double.registryUrl}/v2/other/web/tags/list`, { headers: basic })).status).toBe(
      403,
    );
    const list = await fetch(`${double.registryUrl}/v2/pushed/web/manifests/latest`, {
      method: "PUT",
      headers: { ...basic, "content-type": "application/vnd.oci.image.index.v1+json" },
      body: "{}",
    });
    expect(list.status).toBe(405);
  });

  it("runs what was pushed, all types in one release; the same again makes none", async () => {
    const web = await push("pushed/web", [
      "/bin/sh",
      "-c",
      "mkdir www; echo $WHO > www/index.html; exec busybox httpd -f -v -p $PORT -h www",
    ]);
    const release = await push("pushed/release", ["busybox", "env"]);
    await heroku.patch("/apps/pushed/config-vars", { WHO: "dyno" });
    const updates = [
      { type: "web", docker_image: web },
      { type: "release", docker_image: release },
    ];
    expect((await heroku.patch("/apps/pushed/formation", { updates })).status).toBe(422);
    expect((await heroku.patch("/apps/pushed/formation", { updates }, "3.docker-releases")).status).toBe(200);
    await vi.waitFor(
      async () =>
        expect((await heroku.get("/apps/pushed/releases/4")).body).toMatchObject({ status: "succeeded" }),
      5000,
    );
    const { output_stream_url } = (await heroku.get("/apps/pushed/releases/4")).body as {
      output_stream_url: string;
    };
    expect(await (await fetch(output_stream_url)).text()).toContain("FROM_IMAGE=yes");
    const { web_url } = (await heroku.get("/apps/pushed")).body as { web_url: string };
    expect(await (await fetch(web_url)).text()).toBe("dyno\n");
    await heroku.patch("/apps/pushed/formation", { updates }, "3.docker-releases");
    expect((await heroku.get("/apps/pushed/releases")).body).toHaveLength(4);
  });

  it("meets the client of a one-off dyno, which has real input and output", async () => {
    const made = await heroku.post("/apps/pushed/dynos", {
      command: "read word; echo heard $word $WHO; exit 5",
      attach: true,
    });
    const url = new URL((made.body as { attach_url: string }).attach_url);
    const heard = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port), ca: double.certificate }, () =>
        socket.write(`${url.pathname.slice(1)}\r\n`),
      );
      let text = "";
      socket.setEncoding("utf8").on("data", (chunk: string) => {
        if (text === "") socket.write("hello\n\u0004");
        text += chunk;
      });
      socket.on("end", () => resolve(text)).on("error", reject);
    });
    expect(heard).toBe("rendezvous\r\nheard hello dyno\n");
    await vi.waitFor(() =>
      expect(double.state.apps[0]?.logs.map((line) => line.message)).toContain(
        "Process exited with status 5",
      ),
    );
  });

  it("sends the lines of a log, filtered, until they end or the session does", async () => {
    const session = await heroku.post("/apps/pushed/log-sessions", {
      dyno: "web",
      source: "heroku",
      lines: 50,
    });
    const text = await (await fetch((session.body as { logplex_url: string }).logplex_url)).text();
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00 heroku\[web\.1\]: Starting process with command/);
    expect(text).not.toContain("app[");
  });
});
