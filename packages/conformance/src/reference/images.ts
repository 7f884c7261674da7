import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DeployError, type ImageReference, type Images, output, type Resource } from "@deploy/core";
import { call, idOf, type Surroundings } from "./api.js";

/** Element two of the reference provider: an image is the digest of its source. */
export function createImages(own: Surroundings): Images {
  return {
    capabilities: { dockerfile: { no: "it builds nothing" }, buildCommand: true, promotion: true },
    async image(context, scope, source) {
      context.signal.throwIfAborted();
      const built = source.kind === "build";
      const digest = built ? digestOf(resolve(context.directory, source.build.context)) : source.image.digest;
      const found: ImageReference = { digest, location: `reference/${scope.app}@${digest}` };
      const image: Resource<{ digest: string }, ImageReference> = {
        id: idOf(own, "images", { app: scope.app, environment: "all" }, digest.slice(7, 19)),
        label: `image ${digest.slice(7, 19)}`,
        provider: own.name,
        element: "images",
        verb: "build",
        desired: { digest },
        pollEvery: 5,
        async read(asked) {
          const { held } = await asked.shared(`${own.name}/images/${scope.app}`, () =>
            call<{ held: string[] }>(own, asked, "GET", ["images", scope.app]),
          );
          return held.includes(digest) ? found : undefined;
        },
        diff: () => [],
        blocked: (observed) =>
          observed === undefined && !built
            ? {
                code: "images.unknown",
                message: `The image ${digest} is not held any more.`,
                hint: "Deploy the source again.",
              }
            : undefined,
        async create(asked) {
          const { command } = source.kind === "build" ? source.build : {};
          if (String(command ?? "").includes("exit")) {
            asked.output("the build says why", "stderr");
            throw new DeployError({
              code: "images.build-failed",
              message: "The build command failed.",
              hint: "Look at its output.",
            });
          }
          await call(own, asked, "PUT", ["images", scope.app], { body: { digest } });
          return found;
        },
      };
      return { resources: [image], image: output(image, (one) => one) };
    },
  };
}

function digestOf(directory: string): string {
  if (!existsSync(directory)) {
    throw new DeployError({
      code: "images.context-missing",
      message: `There is no build context at ${directory}.`,
      hint: "Correct build.context.",
    });
  }
  const hash = createHash("sha256");
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)));
  }
  return `sha256:${hash.digest("hex")}`;
}
