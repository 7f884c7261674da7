import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageReference, LogLine, LogQuery } from "@deploy/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench } from "../../test/support/element-bench.js";
import { type Emulator, startMinistack } from "../../test/support/emulators.js";
import { has } from "../../test/support/needs.js";
import { familyOf } from "../containers/families.js";
import { encodeManifest, type Manifest, manifestLabel } from "../containers/manifest.js";
import { createLogs } from "../logs/logs.js";
import { batchesOf } from "../logs/store-lines.js";
import { appTags, lowerTags, tagKey } from "../tags.js";
import { keepOutput } from "./build-output.js";
import { hideSecrets } from "./hide-secrets.js";
import { createImages } from "./index.js";

describe("batches of lines", () => {
  const line = (time: number, text = "x") => ({ time, text });

  it("hold as much as CloudWatch takes at once, and no more", () => {
    const many = Array.from({ length: 10_001 }, (_, time) => line(time));
    expect(batchesOf(many).map((batch) => batch.length)).toEqual([10_000, 1]);
    // Three bytes a character, and 26 for each line.
    const long = Array.from({ length: 11 }, (_, time) => line(time, "€".repeat(34_943)));
    expect(batchesOf(long).map((batch) => batch.length)).toEqual([10, 1]);
    expect(batchesOf([line(0), line(86_399_999), line(86_400_000)]).map((batch) => batch.length)).toEqual([
      2, 1,
    ]);
    expect(batchesOf([])).toEqual([]);
    expect(batchesOf(many).flat()).toEqual(many);
  });
});

describe("hiding secrets", () => {
  it("takes them out as they are, line by line, in URLs and in Base64; short ones are words", () => {
    const clean = hideSecrets(["p@ss w0rd!", "first line\nsecond line\n", "true"]);
    expect(clean("curl -u p@ss w0rd!")).toBe("curl -u <redacted>");
    expect(clean("https://a:p%40ss%20w0rd!@host")).toBe("https://a:<redacted>@host");
    expect(clean(Buffer.from("p@ss w0rd!").toString("base64"))).toBe("<redacted>");
    expect(clean("the second line of it")).toBe("the <redacted> of it");
    expect(clean("it is true")).toBe("it is true");
  });
});

describe("keeping output", () => {
  it("keeps the end of what is too long, and says so", async () => {
    const bench = createElementBench();
    const stored: { message: string }[] = [];
    const clients = {
      send: async (
        _context: unknown,
        _service: string,
        action: string,
        input: { logEvents: typeof stored },
      ) => void (action === "PutLogEvents" && stored.push(...input.logEvents)),
    };
    const output = keepOutput(bench.context());
    for (let n = 0; n < 1000; n += 1) output.context.output(`${n} ${"x".repeat(9_996)}`, "stdout");
    await output.store({ clients } as never, bench.scope, "build/x");
    expect(bench.said).toHaveLength(1000);
    expect(stored[0]?.message).toMatch(/^… \d{3} earlier lines of this build are not stored$/);
    const kept = stored.slice(1).map(({ message }) => Number(message.split(" ")[0]));
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 1000 - kept.length + index));
    expect(kept.length).toBeGreaterThan(390);
    expect(kept.length).toBeLessThan(410);
  });

  it("never fails the build, and says why nothing was stored", async () => {
    const bench = createElementBench();
    const clients = {
      send: () => Promise.reject(new Error("AccessDeniedException")),
    };
    const output = keepOutput(bench.context());
    output.context.output("a line", "stdout");
    await output.store({ clients } as never, bench.scope, "build/x");
    expect(bench.said).toEqual(["a line", "The output of the build was not stored: AccessDeniedException"]);
  });
});

describe.skipIf(!(await has("python", "docker")))("output of a build on AWS", () => {
  let emulator: Emulator;
  let bench: ElementBench;
  let directory: string;
  const secret = "b9-Lkq72Zx";
  beforeAll(async () => {
    emulator = await startMinistack({ docker: true });
  }, 120_000);
  afterAll(() => emulator?.stop());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-build-output-"));
    await mkdir(join(directory, "source"));
    await writeFile(join(directory, "source", "Dockerfile"), "FROM scratch\nCOPY app /app\n");
    await writeFile(join(directory, "source", "app"), "one");
    await emulator.reset();
    bench = createElementBench({
      url: emulator.url,
      directory: join(directory, "source"),
      env: { PATH: `${directory}:${process.env.PATH}`, BUILD_TOKEN: secret },
      options: { registryHost: emulator.url.host, build: { secrets: { token: { env: "BUILD_TOKEN" } } } },
    });
    await bench.apply(logs().resources!(bench.scope).resources);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** A `docker` with BuildKit by its word alone, which says something before it builds, and then builds or fails. */
  const says = async (text: string, then = 'exec docker build "$tag" "$last"'): Promise<void> => {
    const program = [
      "#!/bin/sh",
      `PATH='${process.env.PATH}'`,
      'if [ "$1 $2" = "buildx version" ]; then exit 0; fi',
      'if [ "$1" != build ]; then exec docker "$@"; fi',
      `echo "${text}"`,
      'for word; do case "$word" in --tag=*) tag=$word;; esac; last=$word; done',
      "export DOCKER_BUILDKIT=0",
      then,
    ];
    await writeFile(join(directory, "docker"), `${program.join("\n")}\n`);
    await chmod(join(directory, "docker"), 0o755);
  };
  const logs = () => createLogs(bench.parts);
  const lines = async (query: LogQuery = {}): Promise<readonly LogLine[]> => {
    const read: LogLine[] = [];
    for await (const line of logs().read(bench.context(), bench.scope, query)) read.push(line);
    return read;
  };
  const build = async (): Promise<ImageReference> => {
    const source = { kind: "build", build: { context: ".", args: {} } } as const;
    const plan = await createImages(bench.parts).image(bench.context(), bench.scope, source);
    const applied = await bench.apply(plan.resources);
    return applied.resolve(plan.image) as ImageReference;
  };
  const record = async (number: number, image: ImageReference): Promise<void> => {
    const manifest: Manifest = {
      number,
      createdAt: new Date().toISOString(),
      image,
      config: {},
      sensitive: [],
      secrets: [],
      processes: [],
      jobs: [],
      origin: { author: "maria" },
      platform: {},
    };
    const dockerLabels = { [manifestLabel]: encodeManifest(manifest) };
    await bench.parts.clients.send(bench.context(), "ecs", "RegisterTaskDefinition", {
      family: familyOf(bench.scope, "run"),
      containerDefinitions: [{ name: "run", image: image.location, memory: 64, dockerLabels }],
      tags: lowerTags(appTags(bench.settings, bench.scope, { [tagKey.release]: String(number) })),
    });
  };

  it("is in the log as that of every release of its image, without the secrets of the build", async () => {
    await says("CHATTER $BUILD_TOKEN");
    const image = await build();
    const stored = await lines({ processes: ["build"] });
    const texts = stored.map(({ text }) => text);
    expect(texts[0]).toBe("CHATTER <redacted>");
    expect(texts.join("\n")).toMatch(/COPY app/);
    expect(stored[0]).toMatchObject({ process: "build", instance: "build.1" });
    expect(stored[0]).not.toHaveProperty("release");
    expect(JSON.stringify([stored, bench.said])).not.toContain(secret);

    for (const number of [3, 4]) await record(number, image);
    await record(5, { ...image, digest: `sha256:${"5".repeat(64)}` });
    expect((await lines()).map(({ release }) => release)).toEqual(stored.map(() => 3));
    const ofFour = await lines({ release: 4 });
    expect(ofFour.map(({ text, release }) => [text, release])).toEqual(texts.map((text) => [text, 4]));
    expect(await lines({ processes: ["build"], release: 5 })).toEqual([]);
  });

  it("is there of a build that failed as well, and is no release's", async () => {
    await says("CHATTER fails", "exit 7");
    await expect(build()).rejects.toMatchObject({ code: "images.build-failed", details: { exitCode: 7 } });
    const stored = await lines({ processes: ["build"] });
    expect(stored.map(({ text }) => text)).toEqual(["CHATTER fails"]);
    expect(stored[0]).not.toHaveProperty("release");
  });

  it("is not missed where there is no log group", async () => {
    await bench.parts.clients.send(bench.context(), "logs", "DeleteLogGroup", {
      logGroupName: "/deploy/shop/production",
    });
    await says("CHATTER");
    await build();
    expect(bench.said.join()).not.toContain("not stored");
  });
});
