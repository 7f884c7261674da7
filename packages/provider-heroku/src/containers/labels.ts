import type { ReleaseOrigin } from "@deploy/core";
import type { StoredImage } from "../images/registry.js";

/** Label of an image: the digest of the source it was built from. */
export const contentLabel = "deploy.content";
/** Label of an image: who released it of what, as JSON. */
export const originLabel = "deploy.origin";

/** What the labels of an image say about it. */
export interface ImageLabels {
  readonly content?: string;
  readonly origin?: ReleaseOrigin;
}

/** Reads our labels; what is no label of ours is left out. */
export function labelsOf(image: StoredImage): ImageLabels {
  const labels = image.config.config?.Labels ?? {};
  const content = labels[contentLabel];
  return {
    ...(content === undefined ? {} : { content }),
    ...originOf(labels[originLabel]),
  };
}

function originOf(text: string | undefined): Pick<ImageLabels, "origin"> {
  try {
    const origin = JSON.parse(text ?? "null") as ReleaseOrigin | null;
    return typeof origin?.author === "string" ? { origin } : {};
  } catch {
    return {};
  }
}
