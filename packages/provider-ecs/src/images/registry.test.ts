import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageReference, ImageSource, ResolvedBuild } from "@deploy/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createElementBench, type ElementBench } from "../../test/support/element-bench.js";
import { has } from "../../test/support/needs.js";
import {
  missingRegistry,
  registryUser,
  startRegistry,
  type TestRegistry,
} from "../../test/support/oci-registry.js";
import { registry } from "./registry.js";

const missing = missingRegistry();
if (missing !== undefined) console.warn(`skipped: ${missing}`);
const ready = missing === undefined && (await has("docker"));

const build: ResolvedBuild = { context: ".", args: { VERSION: "1" } };
const source: ImageSource = { kind: "build", build };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "deploy-image-"));
  await writeFile(
    join(directory, "Dockerfile"),
    "FROM scratch\nARG VERSION\nLABEL version=$VERSION\nCOPY app /app\n",
  );
  await writeFile(join(directory, "app"), "one");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const variables = { REGISTRY_USERNAME: registryUser.username, REGISTRY_PASSWORD: registryUser.password };

async function release(
  bench: ElementBench,
  images: ReturnType<typeof registry>["images"],
  from: ImageSource = source,
): Promise<{ readonly image: ImageReference; readonly done: readonly string[] }> {
  const plan = await images.image(bench.context(), bench.scope, from);
  const applied = await bench.apply(plan.resources);
  return { image: applied.resolve(plan.image) as ImageReference, done: applied.done };
}

describe.skipIf(!ready).each([false, true])("a registry (wants to know who asks: %s)", (auth) => {
  let host: TestRegistry;
  beforeAll(async () => {
    host = await startRegistry({ auth });
  });
  afterAll(() => host?.stop());

  it("gets an image once for each source, by Docker, and names it by its digest", async () => {
    const bench = createElementBench({ directory, env: variables });
    const { images } = registry(`${host.host}/acme`);
    const first = await release(bench, images);
    expect(first.image.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(first.image.location).toBe(`${host.host}/acme/shop@${first.image.digest}`);
    expect(first.done).toHaveLength(1);
    bench.calls.length = 0;
    expect(await release(bench, images)).toEqual({ ...first, done: [] });
    // Without a login one call; else the registry's own question comes before it.
    expect(bench.calls.length).toBe(auth ? 2 : 1);
    await writeFile(join(directory, "app"), "two");
    expect((await release(bench, images)).image.digest).not.toBe(first.image.digest);
    expect(JSON.stringify(bench.said)).not.toContain(registryUser.password);
  });

  it("copies an image to another repository and to another registry, without Docker", async () => {
    const bench = createElementBench({ directory, env: variables });
    const { image } = await release(bench, registry(`${host.host}/acme`).images);
    const elsewhere = await startRegistry();
    try {
      const withoutDocker = createElementBench({ directory, env: { ...variables, PATH: "/nowhere" } });
      const existing: ImageSource = { kind: "existing", image };
      const mounted = await release(withoutDocker, registry(`${host.host}/other`).images, existing);
      expect(mounted.image).toEqual({
        digest: image.digest,
        location: `${host.host}/other/shop@${image.digest}`,
      });
      expect(withoutDocker.calls.some((call) => call.startsWith("PATCH"))).toBe(false);
      if (auth) return;
      const copied = await release(withoutDocker, registry(`${elsewhere.host}/acme`).images, existing);
      expect(copied.image.digest).toBe(image.digest);
      expect(
        (await release(withoutDocker, registry(`${elsewhere.host}/acme`).images, existing)).done,
      ).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });

  it("tells an image that is gone and one for another processor, before anything is changed", async () => {
    const bench = createElementBench({ directory, env: variables });
    const { image } = await release(bench, registry(`${host.host}/acme`).images);
    const gone = {
      digest: `sha256:${"0".repeat(64)}`,
      location: `${host.host}/acme/shop@sha256:${"0".repeat(64)}`,
    };
    await expect(
      release(bench, registry(`${host.host}/acme`).images, { kind: "existing", image: gone }),
    ).rejects.toMatchObject({
      code: "images.unknown",
    });
    const arm = registry(`${host.host}/acme`, { architecture: "arm64" });
    await expect(release(bench, arm.images, { kind: "existing", image })).rejects.toMatchObject({
      code: "images.wrong-architecture",
      details: { has: ["amd64"], needs: "arm64" },
    });
  });

  if (!auth) return;
  it("refuses to build for it without credentials, and says when they are wrong", async () => {
    const nobody = createElementBench({ directory });
    await expect(release(nobody, registry(`${host.host}/acme`).images)).rejects.toMatchObject({
      code: "images.unauthenticated",
    });
    const wrong = createElementBench({
      directory,
      env: { ...variables, REGISTRY_PASSWORD: "another-password" },
    });
    const error = await release(wrong, registry(`${host.host}/acme`).images).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "images.unauthenticated" });
    expect(JSON.stringify(error)).not.toContain("another-password");
  });
});

describe.skipIf(!ready)("a build", () => {
  let host: TestRegistry;
  beforeAll(async () => {
    host = await startRegistry();
  });
  afterAll(() => host?.stop());
  const bench = (env: Readonly<Record<string, string | undefined>> = {}): ElementBench =>
    createElementBench({ directory, env: { ...variables, ...env } });

  it("that fails ends with the builder's last lines, and leaves no image", async () => {
    await writeFile(join(directory, "Dockerfile"), "FROM scratch\nCOPY not-there /\n");
    const { images } = registry(`${host.host}/acme`);
    const own = bench();
    await expect(release(own, images)).rejects.toMatchObject({
      code: "images.build-failed",
      details: { lines: expect.arrayContaining([expect.stringContaining("not-there")]) },
    });
    const plan = await images.image(own.context(), own.scope, source);
    expect((await own.plan(plan.resources)).plan.changes).toHaveLength(1);
  });

  it("says what to do where there is no Docker, where it does not run, and where it has no BuildKit", async () => {
    const { images } = registry(`${host.host}/acme`);
    await expect(release(bench({ PATH: "/nowhere" }), images)).rejects.toMatchObject({
      code: "images.docker-missing",
    });
    await expect(
      release(bench({ DOCKER_HOST: "unix:///nowhere/docker.sock" }), images),
    ).rejects.toMatchObject({
      code: "images.docker-not-running",
    });
    const secret = registry(`${host.host}/acme`, { secrets: { npm: { env: "NPM_TOKEN" } } });
    await expect(release(bench(), secret.images)).rejects.toMatchObject({ code: "images.secret-missing" });
    const answer = release(bench({ NPM_TOKEN: "t" }), secret.images);
    // An engine with BuildKit builds it.
    await answer.catch((error: unknown) => expect(error).toMatchObject({ code: "images.no-buildkit" }));
  });
});
