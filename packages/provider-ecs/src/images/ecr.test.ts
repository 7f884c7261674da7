import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageReference, ImageSource } from "@deploy/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench, removeAll } from "../../test/support/element-bench.js";
import { type Emulator, startMinistack, startMoto } from "../../test/support/emulators.js";
import { has } from "../../test/support/needs.js";
import { repository, sharedRepository } from "./ecr-repository.js";
import { createImages, findRepository } from "./index.js";

const source: ImageSource = { kind: "build", build: { context: ".", args: {} } };

describe.skipIf(!(await has("python")))("the app's repository", () => {
  let emulator: Emulator;
  let bench: ElementBench;
  beforeAll(async () => {
    emulator = await startMoto();
  }, 120_000);
  afterAll(() => emulator?.stop());
  beforeEach(async () => {
    await emulator.reset();
    bench = createElementBench({ url: emulator.url });
  });

  it("is made scanned, with tags that cannot be moved and lifecycle rules, and then there is nothing to do", async () => {
    const place = repository(bench.parts, bench.scope);
    await bench.apply([place]);
    expect((await bench.plan([place])).plan.changes).toEqual([]);
    const found = await sharedRepository(bench.parts, bench.context(), bench.scope);
    expect(found).toMatchObject({
      name: "deploy/shop",
      scanOnPush: true,
      immutableTags: true,
      tags: { "deploy:app": "shop", "deploy:environment:production": "true" },
    });
  });

  it("shows and mends what somebody has changed by hand", async () => {
    const place = repository(bench.parts, bench.scope);
    await bench.apply([place]);
    const { clients } = bench.parts;
    const repositoryName = "deploy/shop";
    const context = bench.context();
    await clients.send(context, "ecr", "PutImageTagMutability", {
      repositoryName,
      imageTagMutability: "MUTABLE",
    });
    await clients.send(context, "ecr", "PutImageScanningConfiguration", {
      repositoryName,
      imageScanningConfiguration: { scanOnPush: false },
    });
    const lifecyclePolicyText = JSON.stringify({
      rules: [
        {
          rulePriority: 1,
          selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 1 },
          action: { type: "expire" },
        },
      ],
    });
    await clients.send(context, "ecr", "PutLifecyclePolicy", { repositoryName, lifecyclePolicyText });
    const { plan } = await bench.plan([place]);
    expect(plan.changes[0]?.fields.map((field) => field.path)).toEqual([
      "scanOnPush",
      "immutableTags",
      "lifecycle",
    ]);
    await bench.apply([place]);
    expect((await bench.plan([place])).plan.changes).toEqual([]);
  });

  it("that is not ours blocks the plan, until it is adopted by word", async () => {
    await bench.parts.clients.send(bench.context(), "ecr", "CreateRepository", {
      repositoryName: "deploy/shop",
    });
    const place = repository(bench.parts, bench.scope);
    const { plan } = await bench.plan([place]);
    expect(plan.blocks.map((block) => block.code)).toEqual(["plan.foreign"]);
    expect(await findRepository(bench.parts)(bench.context(), bench.scope, {})).toEqual([]);
    await bench.apply([place], { adopt: [place.id] });
    expect((await bench.plan([place])).plan.changes).toEqual([]);
  });

  it("stays while another environment uses it, and is data to the last one", async () => {
    const staging = createElementBench({ url: emulator.url, scope: { app: "shop", environment: "staging" } });
    await bench.apply([repository(bench.parts, bench.scope)]);
    await staging.apply([repository(staging.parts, staging.scope)]);
    const found = await findRepository(staging.parts)(staging.context(), staging.scope, {});
    expect(found.map((one) => one.holdsData)).toEqual([undefined]);
    await removeAll(staging, found);
    expect(await findRepository(staging.parts)(staging.context(), staging.scope, {})).toEqual([]);
    const review = { app: "shop", environment: "review/12" };
    const ofReview = await findRepository(bench.parts)(bench.context(), review, {});
    expect(ofReview.map((one) => one.shared)).toEqual([true]);
    const last = await findRepository(bench.parts)(bench.context(), bench.scope, {});
    expect(last).toMatchObject([{ id: "ecs/images/us-east-1/shop/repository", holdsData: "images of shop" }]);
    await removeAll(bench, last);
    await removeAll(bench, last);
    expect(await sharedRepository(bench.parts, bench.context(), bench.scope)).toBeUndefined();
  });
});

describe.skipIf(!(await has("python", "docker")))("an image in ECR", () => {
  let emulator: Emulator;
  let bench: ElementBench;
  let directory: string;
  beforeAll(async () => {
    emulator = await startMinistack({ docker: true });
  }, 120_000);
  afterAll(() => emulator?.stop());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-ecr-"));
    await writeFile(join(directory, "Dockerfile"), "FROM scratch\nCOPY app /app\n");
    await writeFile(join(directory, "app"), "one");
    await emulator.reset();
    bench = createElementBench({
      url: emulator.url,
      directory,
      options: { registryHost: emulator.url.host },
    });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const release = async (
    own: ElementBench,
    from: ImageSource = source,
  ): Promise<{ readonly image: ImageReference; readonly done: readonly string[] }> => {
    const plan = await createImages(own.parts).image(own.context(), own.scope, from);
    const applied = await own.apply(plan.resources);
    return { image: applied.resolve(plan.image) as ImageReference, done: applied.done };
  };

  it("is built and pushed once, and is found by one call from then on", async () => {
    const first = await release(bench);
    expect(first.image.location).toBe(`${emulator.url.host}/deploy/shop@${first.image.digest}`);
    expect(first.done).toHaveLength(2);
    bench.calls.length = 0;
    expect(await release(bench)).toEqual({ ...first, done: [] });
    expect(bench.calls.filter((call) => call === "DescribeImages")).toHaveLength(1);
    expect(bench.calls).not.toContain("GetAuthorizationToken");
  });

  it("goes from staging to production as it is, without Docker", async () => {
    const scope = { app: "shop", environment: "staging" };
    const staging = createElementBench({
      url: emulator.url,
      directory,
      scope,
      options: { registryHost: emulator.url.host },
    });
    const { image } = await release(staging);
    const production = createElementBench({
      url: emulator.url,
      env: { PATH: "/nowhere" },
      options: { registryHost: emulator.url.host },
    });
    const promoted = await release(production, { kind: "existing", image });
    expect(promoted.image).toEqual(image);
    expect(promoted.done.map((id) => id.split("/").at(-1))).toEqual(["repository"]);
  });

  it("that nobody holds, or for another processor, is refused before anything is changed", async () => {
    const { image } = await release(bench);
    const arm = createElementBench({
      url: emulator.url,
      options: {
        registryHost: emulator.url.host,
        capacity: { kind: "fargate", spot: 0, architecture: "arm64" },
      },
    });
    await expect(release(arm, { kind: "existing", image })).rejects.toMatchObject({
      code: "images.wrong-architecture",
    });
    const digest = `sha256:${"0".repeat(64)}`;
    const gone = { digest, location: image.location.replace(image.digest, digest) };
    await expect(release(bench, { kind: "existing", image: gone })).rejects.toMatchObject({
      code: "images.unknown",
    });
  });
});
