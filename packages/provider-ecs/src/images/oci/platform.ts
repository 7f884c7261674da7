import { DeployError } from "@deploy/core";
import { badAnswer } from "./authorize.js";
import type { Manifest, Registry } from "./client.js";

/** A manifest as data, as far as it is used: of an image, or a list of images. */
export interface ManifestData {
  readonly config?: { readonly digest: string; readonly size: number };
  readonly layers?: readonly { readonly digest: string; readonly size: number }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform?: { readonly architecture?: string; readonly os?: string };
  }[];
}

/** Reads a manifest. @throws `images.bad-answer`. */
export function readManifestData(registry: Pick<Registry, "host">, manifest: Manifest): ManifestData {
  try {
    return JSON.parse(new TextDecoder().decode(manifest.bytes)) as ManifestData;
  } catch {
    throw badAnswer(registry.host, "a manifest that is no JSON");
  }
}

/** The architectures that an image runs on, as Docker names them: from the list itself, or from the image's configuration. */
export async function architecturesOf(
  registry: Registry,
  repository: string,
  manifest: Manifest,
): Promise<readonly string[]> {
  const data = readManifestData(registry, manifest);
  if (data.manifests !== undefined) {
    const known = data.manifests.flatMap(({ platform }) => platform?.architecture ?? []);
    // Attestations stand in the list as images for "unknown".
    return [...new Set(known.filter((one) => one !== "unknown"))];
  }
  if (data.config === undefined) throw badAnswer(registry.host, "a manifest of neither an image nor a list");
  const answer = await registry.blob(repository, data.config.digest);
  const config = (await answer.json().catch(() => undefined)) as
    | { readonly architecture?: string }
    | undefined;
  return config?.architecture === undefined ? [] : [config.architecture];
}

/** The error of an image which the target's processors cannot run. */
export function wrongArchitecture(image: string, has: readonly string[], needs: string): DeployError {
  return new DeployError({
    code: "images.wrong-architecture",
    message: `${image} is for ${has.join(", ") || "an unknown processor"}, and the target runs ${needs}.`,
    hint: "Build it for this target (deploy the source instead of promoting it), or choose the same architecture for both.",
    details: { has, needs },
  });
}
