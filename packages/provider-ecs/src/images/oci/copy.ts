import { DeployError } from "@deploy/core";
import { badAnswer } from "./authorize.js";
import type { Manifest, Registry } from "./client.js";
import { readManifestData } from "./platform.js";

/** A repository in a registry. */
export interface Place {
  readonly registry: Registry;
  readonly repository: string;
}

/** Layers that are copied at the same time. */
const concurrency = 4;

/**
 * Copies an image by its digest, without an engine: what is there already stays, layers of the same registry are mounted
 * where it allows that, everything else streams through. The manifest comes last, so that a copy is whole or absent.
 *
 * @throws `images.unknown` when the source does not hold it.
 */
export async function copyImage(from: Place, to: Place, digest: string, tag?: string): Promise<void> {
  const manifest = await from.registry.manifest(from.repository, digest);
  if (manifest === undefined) throw unknownImage(`${from.registry.host}/${from.repository}@${digest}`);
  await copyContents(from, to, manifest);
  await to.registry.putManifest(to.repository, digest, manifest);
  if (tag !== undefined) await to.registry.putManifest(to.repository, tag, manifest);
}

async function copyContents(from: Place, to: Place, manifest: Manifest): Promise<void> {
  const data = readManifestData(from.registry, manifest);
  for (const child of data.manifests ?? []) await copyImage(from, to, child.digest);
  const blobs = [...(data.config === undefined ? [] : [data.config]), ...(data.layers ?? [])];
  const unique = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const queue = unique.values();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next())
      await copyBlob(from, to, next.value);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, unique.length) }, worker));
}

async function copyBlob(
  from: Place,
  to: Place,
  blob: { readonly digest: string; readonly size: number },
): Promise<void> {
  if (await to.registry.hasBlob(to.repository, blob.digest)) return;
  const same = from.registry.host === to.registry.host;
  if (same && (await to.registry.mountBlob(to.repository, blob.digest, from.repository))) return;
  const answer = await from.registry.blob(from.repository, blob.digest);
  if (answer.body === null) throw badAnswer(from.registry.host, "an empty layer");
  await to.registry.putBlob(to.repository, blob.digest, blob.size, answer.body);
}

/** The error of an image that is gone, or never was. */
export function unknownImage(image: string): DeployError {
  return new DeployError({
    code: "images.unknown",
    message: `The image ${image} is not there.`,
    hint: "It was removed from the registry: deploy the source again.",
    details: { image },
  });
}
