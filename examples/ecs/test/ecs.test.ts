import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPostgres } from "../../../packages/provider-ecs/test/support/addon-images.js";
import { removeImages } from "../../../packages/provider-ecs/test/support/images.js";
import { has } from "../../../packages/provider-ecs/test/support/needs.js";
import { type Picture, pictureOf } from "../../../packages/provider-ecs/test/support/picture.js";
import { run } from "../../../packages/provider-ecs/test/support/program.js";
import { useVendor } from "../../../packages/provider-ecs/test/support/use-vendor.js";
import { provideBaseImage } from "../../test-support/base-image.js";
import { createSandbox, type Ended, eventually, type Sandbox } from "../../test-support/deploy.js";

/*
 * The whole story on ministack and a real Docker Engine, told by the built command: images are really pushed, tasks are
 * containers, RDS is a Postgres. What this emulator cannot show is in docs/testing-ecs.md.
 */

const postgresPrograms = "/usr/lib/postgresql";
const hasPostgres = existsSync(postgresPrograms);
if (!hasPostgres)
  console.warn("examples/ecs is skipped: it needs Postgres (Debian: apt-get install postgresql)");
const hasAll = hasPostgres && (await has("python", "docker"));

const prefix = `deploy-test-${process.pid}`;
const database = `${prefix}/postgres:17-alpine`;
const secret = "k3y-of-the-example";

describe.skipIf(!hasAll)("examples/ecs", { timeout: 300_000 }, () => {
  const vendor = useVendor({ emulator: "ministack", imagePrefix: prefix });
  let box: Sandbox;
  let empty: Picture;
  let url: string;

  beforeAll(async () => {
    await provideBaseImage();
    await buildPostgres(database);
    box = await createSandbox("ecs", ["provider-ecs"]);
    Object.assign(box.env as Record<string, string>, vendor().env, {
      DEPLOY_ECR_REGISTRY: vendor().emulator.url.host,
    });
    empty = await pictureOf(vendor().proxy.url);
  }, 600_000);
  afterAll(async () => {
    await box?.remove();
    // Images are held by containers, those of ended tasks too.
    for (const line of await containers({ ended: true })) await run(["docker", "rm", "-f", "-v", idOf(line)]);
    // By their names: another run may have the same image under another one.
    const format = "{{.Repository}} {{.Tag}} {{.Digest}}";
    const { stdout } = await run(["docker", "images", "--digests", "--format", format]);
    for (const line of stdout.split("\n")) {
      const [repository = "", tag, digest] = line.split(" ");
      if (!repository.startsWith(`${vendor().emulator.url.host}/`)) continue;
      await run([
        "docker",
        "rmi",
        "--force",
        tag === "<none>" ? `${repository}@${digest}` : `${repository}:${tag}`,
      ]);
    }
    await removeImages(database);
  }, 120_000);

  const deploy = (command: string, ...args: readonly string[]): Promise<Ended> =>
    box.deploy([command, "-e", "staging", ...args]);
  const succeed = async (command: string, ...args: readonly string[]): Promise<string> => {
    const ended = await deploy(command, ...args);
    expect(ended, `${[command, ...args].join(" ")}\n${ended.stdout}\n${ended.stderr}`).toMatchObject({
      exitCode: 0,
    });
    return ended.stdout;
  };
  const rewrite = async (file: string, from: string, to: string): Promise<void> => {
    const path = join(box.directory, file);
    const text = await readFile(path, "utf8");
    expect(text).toContain(from);
    await writeFile(path, text.replace(from, to));
  };
  /** The load balancer has no name outside of AWS: its emulator knows it by the Host header. */
  const ask = (
    method = "GET",
  ): Promise<{ readonly status: number; readonly body: string; readonly signature: string }> => {
    const { host } = new URL(url);
    const { hostname, port } = vendor().emulator.url;
    return new Promise((resolve, reject) => {
      const sent = request(
        { hostname, port, method, path: "/", headers: { host }, agent: false },
        (answer) => {
          let body = "";
          answer.setEncoding("utf8").on("data", (chunk: string) => {
            body += chunk;
          });
          answer.on("end", () =>
            resolve({
              status: answer.statusCode ?? 0,
              body,
              signature: String(answer.headers["x-signature"]),
            }),
          );
        },
      );
      sent.on("error", reject);
      sent.end();
    });
  };
  /** Those of this emulator. What is left of ended tasks it removes by itself, after two minutes. */
  const containers = async ({ ended = false } = {}): Promise<readonly string[]> => {
    const format = '{{.ID}} {{.Names}} {{.Label "ministack.instance"}}';
    const all = ended ? ["--all"] : [];
    const { stdout } = await run(["docker", "ps", ...all, "--format", format]);
    return stdout.split("\n").filter((line) => line.endsWith(`:${vendor().emulator.url.port}`));
  };
  const idOf = (line: string): string => line.split(" ")[0] ?? "";
  const idsOf = async (process: string): Promise<readonly string[]> =>
    (await containers()).filter((line) => line.includes(`-${process} `)).map(idOf);

  it("runs on this machine, by the same file", async () => {
    const set = await box.deploy(["secrets", "set", "SECRET_KEY"], secret);
    expect(set.exitCode, set.stderr).toBe(0);
    const up = await box.deploy(["up"]);
    expect(up.exitCode, up.stderr).toBe(0);
    expect((await box.ask("orders.localhost", "/", { method: "POST" })).body).toContain('"orders":1');
    const down = await box.deploy(["down", "--confirm", "orders", "--delete-data", "all"]);
    expect(down.exitCode, down.stderr).toBe(0);
    expect(await box.leftovers()).toEqual([]);
  });

  it("goes from an empty account to a URL that answers", async () => {
    const set = await box.deploy(["secrets", "set", "SECRET_KEY", "-e", "staging"], secret);
    expect(set.exitCode, set.stderr).toBe(0);
    url = (await succeed("up")).trim();
    expect(url).toMatch(/^http:\/\/\S+\.elb\.amazonaws\.com$/);
    const { status, body, signature } = await ask("POST");
    expect({ status, body }).toMatchObject({ status: 200, body: expect.stringContaining('"orders":1') });
    expect(signature).toBe(createHmac("sha256", secret).update(body).digest("hex"));
    await eventually(async () => ((await ask()).body.includes('"packed":1') ? true : undefined));
  });

  it("shows what runs, and what it prints", async () => {
    const status = await succeed("status");
    for (const process of ["web", "api", "worker"]) expect(status).toMatch(new RegExp(`${process}\\b.*1`));
    await eventually(async () =>
      (await succeed("logs", "worker")).includes("packed order 1") ? true : undefined,
    );
    expect(await succeed("logs", "web")).toContain("listening on");
    expect(await succeed("logs", "release")).toContain("the schema is as it should be");
    expect(await succeed("run", "--", "sh", "-c", "echo $SECRET_KEY | wc -c")).toContain("19");
    expect((await deploy("run", "--", "sh", "-c", "exit 7")).exitCode).toBe(7);
  });

  it("changes nothing when nothing has changed", async () => {
    const before = await containers();
    vendor().proxy.reset();
    expect((await deploy("up")).stderr).toContain("nothing to change");
    const written = vendor().proxy.calls.filter(({ mutation }) => mutation);
    // The lock is taken and given back.
    expect(written.filter(({ input }) => !String(input.Name).startsWith("/deploy-locks/"))).toEqual([]);
    expect((await containers()).length).toBe(before.length);
  });

  it("scales", async () => {
    await succeed("scale", "worker=2");
    await eventually(async () => ((await idsOf("worker")).length === 2 ? true : undefined));
    await succeed("scale", "worker=1");
    await eventually(async () => ((await idsOf("worker")).length === 1 ? true : undefined));
  });

  it("stops at a migration that fails, and shows why", async () => {
    const [web] = await idsOf("web");
    await rewrite("schema.sql", "CREATE TABLE", "ALTER TABLE nowhere ADD COLUMN x int;\nCREATE TABLE");
    const failed = await deploy("up");
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain('relation "nowhere" does not exist');
    expect(await idsOf("web")).toEqual([web]);
    expect((await ask()).status).toBe(200);
    await rewrite("schema.sql", "ALTER TABLE nowhere ADD COLUMN x int;\n", "");
  });

  it("puts new containers in the place of the old ones, and old ones back", async () => {
    const [first] = await idsOf("web");
    await rewrite("server.mjs", "one order at a time", "two orders at a time");
    await succeed("up");
    expect((await ask()).body).toContain("two orders");
    const second = await eventually(async () => {
      const ids = await idsOf("web");
      return ids.length === 1 && ids[0] !== first ? ids[0] : undefined;
    });
    await succeed("rollback");
    expect((await ask()).body).toContain("one order");
    await eventually(async () => {
      const ids = await idsOf("web");
      return ids.length === 1 && ids[0] !== second ? true : undefined;
    });
    expect(await succeed("releases")).toContain("rollback");
    // What was written before is still there: the database is none of the release's.
    expect((await ask()).body).toContain('"orders":1');
  });

  it("leaves no container and no resource", async () => {
    await succeed("down", "--confirm", "orders", "--delete-data", "all");
    expect(await containers()).toEqual([]);
    // AWS's own role of ECS is the account's, and stays.
    const left = await pictureOf(vendor().proxy.url);
    expect(left).toEqual({ ...empty, roles: ["AWSServiceRoleForEcs: "] });
  });
});
