import { createHash } from "node:crypto";
import { type Context, DeployError, isTransient, type Redacted, request, retry, reveal } from "@deploy/core";

/** Heroku's registry takes this layout of manifests and no other (Dev Center, "Container Registry & Runtime"). */
const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const configType = "application/vnd.docker.container.image.v1+json";
const layerType = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/** Something that a manifest points to. */
export interface Blob {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: string;
}

/** A manifest of one image, as the registry keeps it. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

/** The configuration of an image: what is used of it here; all else is kept as it is. */
export interface ImageConfig {
  readonly architecture?: string;
  readonly config?: {
    readonly Cmd?: readonly string[] | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly [name: string]: unknown;
  };
  readonly history?: readonly unknown[];
  readonly [name: string]: unknown;
}

/** One image in a registry. */
export interface StoredImage {
  readonly repository: string;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

/** A registry, spoken to over HTTP: no Docker is needed for what this does. */
export interface Registry {
  /** Host and port, as an image's name begins with them. */
  readonly host: string;
  /** An image by tag or manifest digest; undefined when there is none, or no such repository. */
  find(context: Context, repository: string, reference: string): Promise<StoredImage | undefined>;
  /**
   * Puts an image into a repository, taking the layers from where they are. Safe to repeat.
   *
   * @param tags the first has to be taken; the others are for finding it again, where the registry lets them.
   */
  put(context: Context, repository: string, tags: readonly string[], image: StoredImage): Promise<void>;
}

/** Where a registry is, and who asks. */
export interface RegistryOptions {
  /** Such as `https://registry.heroku.com`. */
  readonly url: string;
  /** Sent as the password; Heroku does not look at the user name. */
  readonly token: (context: Context) => Promise<Redacted> | Redacted;
}

/** A client of a container registry; the calls are those of the Distribution specification. */
export function createRegistry(options: RegistryOptions): Registry {
  const base = new URL(options.url);

  const call = async (context: Context, path: string | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(path, base);
    const headers = new Headers(init.headers);
    // A registry may send a client elsewhere, to a store of blobs; the password stays at home.
    if (url.origin === base.origin) headers.set("authorization", basic(reveal(await options.token(context))));
    return request(context, url, { ...init, headers }, { code: "images" });
  };
  const has = async (context: Context, repository: string, digest: string): Promise<boolean> => {
    const answer = await orUndefined(call(context, `/v2/${repository}/blobs/${digest}`, { method: "HEAD" }));
    return answer !== undefined;
  };
  /** Where the bytes of a new blob go; undefined when the registry took them from the other repository. */
  const beginUpload = async (
    context: Context,
    repository: string,
    mount?: { readonly digest: string; readonly from: string },
  ): Promise<URL | undefined> => {
    const query =
      mount === undefined ? "" : `?${new URLSearchParams({ mount: mount.digest, from: mount.from })}`;
    const answer = await call(context, `/v2/${repository}/blobs/uploads/${query}`, { method: "POST" });
    await answer.body?.cancel();
    const location = answer.headers.get("location");
    if (answer.status === 201) return undefined;
    if (location === null) throw unexpected(base.host, "did not say where a layer is to be put");
    return new URL(location, base);
  };
  const endUpload = async (
    context: Context,
    target: URL,
    blob: Pick<Blob, "digest" | "size">,
    body: NonNullable<RequestInit["body"]>,
  ): Promise<void> => {
    target.searchParams.set("digest", blob.digest);
    const headers = { "content-type": "application/octet-stream", "content-length": String(blob.size) };
    const init = { method: "PUT", body, headers, duplex: "half" } as RequestInit;
    const answer = await call(context, target, init);
    await answer.body?.cancel();
  };
  const copy = async (context: Context, from: string, to: string, blob: Blob): Promise<void> => {
    if (await has(context, to, blob.digest)) return;
    const target = await beginUpload(context, to, { digest: blob.digest, from });
    if (target === undefined) return;
    const source = await call(context, `/v2/${from}/blobs/${blob.digest}`);
    if (source.body === null) throw unexpected(base.host, "sent an empty layer");
    await endUpload(context, target, blob, source.body);
  };

  return {
    host: base.host,
    async find(context, repository, reference) {
      const answer = await orUndefined(
        call(context, `/v2/${repository}/manifests/${reference}`, { headers: { accept: manifestType } }),
      );
      if (answer === undefined) return undefined;
      const manifest = (await readJson(answer, base.host)) as Manifest;
      if (manifest.schemaVersion !== 2 || typeof manifest.config?.digest !== "string") return undefined;
      const blob = await orUndefined(call(context, `/v2/${repository}/blobs/${manifest.config.digest}`));
      if (blob === undefined) return undefined;
      return { repository, manifest, config: (await readJson(blob, base.host)) as ImageConfig };
    },
    async put(context, repository, tags, image) {
      const again = { isRetryable: isTransient };
      for (const layer of image.manifest.layers) {
        await retry(context, () => copy(context, image.repository, repository, layer), again);
      }
      const config = Buffer.from(JSON.stringify(image.config));
      const { digest } = image.manifest.config;
      await retry(
        context,
        async () => {
          if (await has(context, repository, digest)) return;
          const target = await beginUpload(context, repository);
          if (target !== undefined) await endUpload(context, target, { digest, size: config.length }, config);
        },
        again,
      );
      const body = JSON.stringify(image.manifest);
      for (const [index, tag] of tags.entries()) {
        const init = { method: "PUT", body, headers: { "content-type": manifestType } };
        // A manifest under a tag is the same however often it is put there.
        const put = retry(context, () => call(context, `/v2/${repository}/manifests/${tag}`, init), again);
        await (index === 0 ? put : put.catch(passOverRefusal));
      }
    },
  };
}

/** What makes an image of a process out of the image of the app. */
export interface Derivation {
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The same layers with another command and more labels: an image of its own, made without running anything.
 *
 * The same input gives the same digest, so that what has not changed is not released again.
 */
export function deriveImage(base: StoredImage, { command, labels }: Derivation): StoredImage {
  const present = base.config.config ?? {};
  const config: ImageConfig = {
    ...base.config,
    config: { ...present, Cmd: command, Labels: { ...present.Labels, ...labels } },
  };
  const bytes = Buffer.from(JSON.stringify(config));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, size: bytes.length, digest },
    layers: base.manifest.layers.map(({ size, digest: of }) => ({ mediaType: layerType, size, digest: of })),
  };
  return { repository: base.repository, manifest, config };
}

function passOverRefusal(error: unknown): void {
  if (isTransient(error) || !DeployError.is(error) || error.details.status === undefined) throw error;
}

function basic(token: string): string {
  return `Basic ${Buffer.from(`_:${token}`).toString("base64")}`;
}

async function orUndefined(answer: Promise<Response>): Promise<Response | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (DeployError.is(error) && error.details.status === 404) return undefined;
    throw error;
  }
}

async function readJson(answer: Response, host: string): Promise<unknown> {
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the body.
    throw unexpected(host, "answered with something that is no JSON");
  }
}

function unexpected(host: string, what: string): DeployError {
  return new DeployError({
    code: "images.unavailable",
    message: `The registry ${host} ${what}.`,
    hint: "Run the same again; if it stays so, look at https://status.heroku.com.",
    retryable: true,
  });
}
