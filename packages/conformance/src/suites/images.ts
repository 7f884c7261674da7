import assert from "node:assert/strict";
import { type ImageReference, isSupported, UNKNOWN } from "@deploy/core";
import { type Scenario, skip } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { defineScenario } from "../workbench/define.js";
import { buildOf } from "./alone.js";

const element = "images" as const;
const requires = ["images"];
const fixtures = ["app"] as const;

async function build(
  bench: Bench,
): Promise<{ readonly image: ImageReference; readonly done: readonly string[] }> {
  const source = { kind: "build", build: buildOf(bench) } as const;
  const plan = await bench.part("images").image(bench.context(), bench.scope, source);
  const applied = await bench.apply(plan.resources);
  const image = applied.resolve(plan.image);
  assert.ok(image !== UNKNOWN, "the image is still not known after it was built");
  return { image, done: applied.done };
}

/** Images: from source to something immutable that runs. */
export const images: readonly Scenario[] = [
  defineScenario({
    name: "images: the same source is the same image and is not built again, another one is another",
    element,
    requires,
    fixtures,
    async try(bench) {
      const first = await build(bench);
      assert.match(first.image.digest, /^sha256:[0-9a-f]{64}$/, "the digest is not sha256:… in full");
      assert.ok(first.image.location.length > 0, "an image without a location");
      const again = await build(bench);
      assert.equal(again.image.digest, first.image.digest, "the same source has two digests");
      assert.deepEqual(again.done, [], "the same source is built twice");
      bench.workplace.write("version.txt", "another");
      const other = await build(bench);
      assert.notEqual(other.image.digest, first.image.digest, "another source has the same digest");
    },
  }),
  defineScenario({
    name: "images: an image that exists is found by its reference, in this environment and for a promotion in another",
    element,
    requires,
    fixtures,
    async try(bench) {
      const { image } = await build(bench);
      const promotion = isSupported(bench.part("images").capabilities.promotion);
      for (const scope of promotion ? [bench.scope, bench.otherScope("other")] : [bench.scope]) {
        const plan = await bench.part("images").image(bench.context(), scope, { kind: "existing", image });
        const applied = await bench.apply(plan.resources, { scope });
        assert.deepEqual(applied.done, [], "an image that exists is made again");
        assert.equal((applied.resolve(plan.image) as ImageReference).digest, image.digest);
      }
    },
  }),
  defineScenario({
    name: "images: one that nobody holds blocks the plan with images.unknown",
    element,
    requires,
    fixtures,
    async try(bench) {
      const { image } = await build(bench);
      const gone = `sha256:${"0".repeat(64)}`;
      const location = image.location.replaceAll(image.digest, gone);
      const unknown = { kind: "existing", image: { digest: gone, location } } as const;
      // Found out while composing, or by the plan: both are before anything is changed.
      const code = await bench
        .part("images")
        .image(bench.context(), bench.scope, unknown)
        .then(async ({ resources }) => (await bench.plan(resources)).plan.blocks[0]?.code)
        .catch((error: { readonly code?: string }) => error.code);
      assert.equal(code, "images.unknown");
    },
  }),
  defineScenario({
    name: "images: a build context that is not there is refused with images.context-missing",
    element,
    requires,
    fixtures,
    async try(bench) {
      const error = await bench.failure("a build without its directory", () =>
        bench.part("images").image(bench.context(), bench.scope, {
          kind: "build",
          build: { ...buildOf(bench), context: "no-such-directory" },
        }),
      );
      assert.equal(error.code, "images.context-missing");
    },
  }),
  defineScenario({
    name: "images: a build that fails says so, shows its output and leaves no image",
    element,
    requires: ["images", "images.buildCommand"],
    fixtures,
    async try(bench) {
      const command = "echo the build says why; exit 3";
      const source = { kind: "build", build: { ...buildOf(bench), command } } as const;
      const lines: string[] = [];
      const graph = (): Promise<{ readonly resources: readonly never[] }> =>
        bench.part("images").image(bench.context(), bench.scope, source) as never;
      const emit = (event: { readonly type: string; readonly message: string }): void => {
        if (event.type === "output") lines.push(JSON.stringify(event));
      };
      await bench.failure("a build that fails", async () => bench.apply((await graph()).resources, { emit }));
      assert.match(lines.join("\n"), /the build says why/, "the output of the build is not passed on");
      const { plan } = await bench.plan((await graph()).resources);
      assert.notDeepEqual(plan.changes, [], "the image counts as built although its build has failed");
    },
  }),
  defineScenario({
    name: "images: a Dockerfile that is not there is refused with images.no-dockerfile",
    element,
    requires: ["images", "images.dockerfile"],
    fixtures,
    async try(bench) {
      if (buildOf(bench).command !== undefined) skip("the app is built by a command");
      const error = await bench.failure("a build without its Dockerfile", () =>
        bench.part("images").image(bench.context(), bench.scope, {
          kind: "build",
          build: { ...buildOf(bench), dockerfile: "no-such-Dockerfile" },
        }),
      );
      assert.equal(error.code, "images.no-dockerfile");
    },
  }),
];
