import type { Images } from "@deploy/core";
import type { Parts } from "../parts.js";
import { builtImage } from "./ecr-image.js";
import { existingImage } from "./existing-image.js";

export type { BuildOptions, BuildSecret } from "./build.js";
export { findRepository } from "./find-repository.js";

/** Element two on AWS: images built from the Dockerfile, kept in ECR, deployed by digest. */
export function createImages(parts: Parts): Images {
  return {
    capabilities: {
      dockerfile: true,
      buildCommand: { no: "containers are built from a Dockerfile" },
      promotion: true,
    },
    image: (context, scope, source) =>
      source.kind === "build"
        ? builtImage(parts, context, scope, source.build, parts.settings.build)
        : existingImage(parts, context, scope, source.image),
  };
}
