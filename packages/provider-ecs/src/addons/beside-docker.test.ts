import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ResolvedAddon } from "@deploy/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addonImages, missingServers } from "../../test/support/addon-images.js";
import { createElementBench } from "../../test/support/element-bench.js";
import { removeImages } from "../../test/support/images.js";
import { has } from "../../test/support/needs.js";
import { run } from "../../test/support/program.js";
import type { ContainerDefinition } from "../containers/task-definition.js";
import { instance } from "../options.js";
import type { Parts } from "../parts.js";
import { besideDefinition } from "./beside.js";
import { gateway } from "./names.js";
import { backupContainers, clientOf, extensionContainer, restoreContainers } from "./tools.js";

const missing = missingServers();
if (missing !== undefined) console.warn(`skipped: ${missing}`);
const ready = missing === undefined && (await has("docker"));

const password = "pw-Zk3.of-the_test";
const scope = { app: "shop", environment: `test-${process.pid}` };

/** The rendered containers, started on the real engine as the ECS agent starts them. */
describe.skipIf(!ready)("add-ons beside the app, on a real Docker Engine", () => {
  let directory: string;
  let images: { readonly postgres: string; readonly redis: string; readonly copier: string };
  const started: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-addons-"));
    await mkdir(join(directory, "bucket"), { mode: 0o777 });
    images = await addonImages();
  }, 300_000);
  afterAll(async () => {
    if (started.length > 0) await run(["docker", "rm", "--force", "--volumes", ...started]);
    if (images !== undefined) {
      // What the servers wrote belongs to their own user.
      await run([
        "docker",
        "run",
        "--rm",
        "--volume",
        `${directory}:/d`,
        images.copier,
        "/bin/rm",
        "-rf",
        "/d/data",
        "/d/shared",
        "/d/bucket",
      ]);
      await removeImages(images.postgres, images.redis, images.copier);
    }
    await rm(directory, { recursive: true, force: true });
  });

  const parts = (): Parts => {
    const bench = createElementBench({
      options: {
        capacity: instance(),
        addons: { images: { postgres: images.postgres, redis: images.redis, "aws-cli": images.copier } },
      },
    });
    const foundation = { dataPath: join(directory, "data"), networkMode: "bridge" };
    return { ...bench.parts, foundation: () => foundation as never };
  };

  /** What the agent makes of a container: `docker run`, the secrets filled in. */
  const dockerRun = async (
    container: ContainerDefinition,
    volumes: Readonly<Record<string, string>>,
    background: boolean,
  ): Promise<{ readonly code: number; readonly output: string; readonly id: string }> => {
    const name = `deploy-addon-${process.pid}-${container.name}-${started.length}`;
    started.push(name);
    const [entry, ...rest] = container.entryPoint ?? [];
    const health = container.healthCheck?.command?.slice(1).join(" ");
    const ended = await run(
      [
        "docker",
        "run",
        ...(background ? ["--detach"] : []),
        `--name=${name}`,
        ...(container.environment ?? []).map((one) => `--env=${one.name}=${one.value}`),
        ...(container.secrets ?? []).map((one) => `--env=${one.name}=${password}`),
        ...(container.portMappings ?? []).map((one) => `--publish=${one.hostPort}:${one.containerPort}`),
        ...(container.mountPoints ?? []).map(
          (one) => `--volume=${volumes[one.sourceVolume ?? ""]}:${one.containerPath}`,
        ),
        `--volume=${join(directory, "bucket")}:/bucket`,
        ...(health === undefined ? [] : [`--health-cmd=${health}`, "--health-interval=1s"]),
        ...(entry === undefined ? [] : [`--entrypoint=${entry}`]),
        container.image ?? "",
        ...rest,
        ...(container.command ?? []),
      ],
      { timeoutMs: 120_000 },
    );
    return { code: ended.code, output: `${ended.stdout}${ended.stderr}`, id: name };
  };
  const healthy = async (id: string): Promise<void> => {
    let state = "";
    for (let tries = 0; tries < 300; tries += 1) {
      state = (
        await run(["docker", "inspect", "--format", "{{.State.Status}} {{.State.Health.Status}}", id])
      ).stdout.trim();
      if (state === "running healthy") return;
      await sleep(200);
    }
    throw new Error(`${id}: ${state}\n${(await run(["docker", "logs", id])).stderr}`);
  };
  const chain = async (
    containers: readonly ContainerDefinition[],
  ): Promise<readonly { readonly code: number; readonly output: string }[]> => {
    const shared = await mkdtemp(join(directory, "task-"));
    await run(["chmod", "777", shared]);
    const ends = [];
    for (const container of containers) ends.push(await dockerRun(container, { backup: shared }, false));
    return ends;
  };

  it("runs Postgres, installs extensions, dumps it, and restores it over later data", async () => {
    const addon: ResolvedAddon = {
      name: "db",
      kind: "postgres",
      extensions: ["plpgsql"],
      as: "DATABASE_URL",
      backup: true,
    };
    const definition = besideDefinition(parts(), scope, addon, { executionRole: "arn", password: "arn" });
    const [server] = definition.containerDefinitions!;
    const data = definition.volumes![0]!.host!.sourcePath!;
    await mkdir(data, { recursive: true });
    await healthy((await dockerRun(server!, { data }, true)).id);
    const client = clientOf(scope, addon, "arn");
    expect(client.environment).toContainEqual({ name: "PGHOST", value: gateway });
    const sql = (text: string) =>
      dockerRun(
        {
          name: "sql",
          image: images.postgres,
          entryPoint: ["psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-Atc", text],
          ...client,
        },
        {},
        false,
      );
    expect(await dockerRun(extensionContainer(parts(), addon, client), {}, false)).toMatchObject({
      code: 0,
    });
    expect(await sql("CREATE TABLE one AS SELECT 'before' AS word")).toMatchObject({ code: 0 });

    const target = { bucket: "backups", key: "shop/test/db/1" };
    const dumped = await chain(backupContainers(parts(), addon, client, target));
    expect(
      dumped.map((end) => end.code),
      dumped.map((end) => end.output).join("\n"),
    ).toEqual([0, 0]);

    await sql("UPDATE one SET word = 'after'");
    // Somebody is connected all the while, and comes back at once.
    const busy = dockerRun(
      {
        name: "busy",
        image: images.postgres,
        entryPoint: ["psql", "-Atc", "SELECT pg_sleep(60)"],
        ...client,
      },
      {},
      false,
    );
    const restored = await chain(restoreContainers(parts(), addon, client, target));
    expect(
      restored.map((end) => end.code),
      restored.map((end) => end.output).join("\n"),
    ).toEqual([0, 0]);
    expect((await busy).code).not.toBe(0);
    expect((await sql("SELECT word FROM one")).output.trim()).toBe("before");

    await sql("UPDATE one SET word = 'present'");
    const broken = await chain(
      restoreContainers(parts(), addon, client, { bucket: "backups", key: "shop/test/db/none" }),
    );
    expect(broken.map((end) => end.code)).not.toContain(0);
    expect((await sql("SELECT word FROM one")).output.trim()).toBe("present");
  }, 300_000);

  it("runs Redis, which wants its password, and copies what it holds", async () => {
    const addon: ResolvedAddon = {
      name: "queue",
      kind: "redis",
      extensions: [],
      as: "REDIS_URL",
      backup: true,
    };
    const definition = besideDefinition(parts(), scope, addon, { executionRole: "arn", password: "arn" });
    const [server] = definition.containerDefinitions!;
    const data = definition.volumes![0]!.host!.sourcePath!;
    await mkdir(data, { recursive: true });
    const running = await dockerRun(server!, { data }, true);
    await healthy(running.id);
    const client = clientOf(scope, addon, "arn");
    const cli = (text: string) =>
      dockerRun(
        {
          name: "cli",
          image: images.redis,
          entryPoint: ["sh", "-c", `redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" ${text}`],
          ...client,
        },
        {},
        false,
      );
    expect((await cli("set word before")).output.trim()).toContain("OK");
    const nobody = await cli("--user nobody --pass wrong get word");
    expect(nobody.output).not.toContain("before");
    const top = await run(["docker", "top", running.id]);
    expect(top.stdout).not.toContain(password);
    const dumped = await chain(
      backupContainers(parts(), addon, client, { bucket: "backups", key: "shop/test/queue/1" }),
    );
    expect(
      dumped.map((end) => end.code),
      dumped.map((end) => end.output).join("\n"),
    ).toEqual([0, 0]);
    // What is written is there again after a new start.
    await run(["docker", "stop", "--time", "20", running.id]);
    await healthy((await dockerRun(server!, { data }, true)).id);
    expect((await cli("get word")).output.trim()).toBe("before");
  }, 300_000);
});
