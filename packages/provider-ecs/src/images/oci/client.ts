import { createHash } from "node:crypto";
import { DeployError } from "@deploy/core";
import { authorize, badAnswer, basic, type RegistryCredentials, unauthenticated } from "./authorize.js";
import { exchange, type RegistryContext } from "./exchange.js";
import { apiOf } from "./reference.js";

/** A manifest as a registry hands it out: bytes, because its digest is of these bytes. */
export interface Manifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** One registry, as the OCI distribution specification 1.1 has it; only what deploying needs. */
export interface Registry {
  readonly host: string;
  /** Digest of what a tag or digest names; undefined when there is none. One call, with a token already at hand. */
  resolve(repository: string, reference: string): Promise<string | undefined>;
  /** The manifest itself, its digest checked; undefined when there is none. */
  manifest(repository: string, reference: string): Promise<Manifest | undefined>;
  /** Stores a manifest under its digest, or under a tag. */
  putManifest(repository: string, reference: string, manifest: Manifest): Promise<void>;
  /** Whether a layer is there. */
  hasBlob(repository: string, digest: string): Promise<boolean>;
  /** A layer, as a stream that somebody has to read. */
  blob(repository: string, digest: string): Promise<Response>;
  /** Takes a layer over from another repository of the same registry; false when the registry would not. */
  mountBlob(repository: string, digest: string, from: string): Promise<boolean>;
  /** Stores a layer. */
  putBlob(repository: string, digest: string, size: number, body: ReadableStream<Uint8Array>): Promise<void>;
}

/** How a registry is talked to. */
export interface RegistryOptions {
  readonly credentials?: RegistryCredentials;
  /** Credentials are sent unasked, as a registry without tokens wants it (ECR). Default: once it has asked. */
  readonly eager?: boolean;
}

/** Kinds of manifests that are understood: images and lists of images, in OCI's words and in Docker's. */
const manifestTypes = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

/** "Registries should accept manifests of at least 4 megabytes" (OCI distribution specification): no more is read. */
const largestManifest = 4 * 1024 * 1024;

/** A layer of several gigabytes over a slow line takes its time; the signal of the run ends it. */
const uploadTimeoutMs = 30 * 60_000;

/**
 * A client of one registry over the context's `fetch`; tokens are kept for as long as the client.
 *
 * @throws in every method: `images.unauthenticated`, `images.bad-answer`, and what {@link exchange} throws.
 */
export function createRegistry(
  context: RegistryContext,
  host: string,
  options: RegistryOptions = {},
): Registry {
  const api = apiOf(host);
  const { credentials } = options;
  const authorizations = new Map<string, Promise<string>>();

  const send = async (call: Call): Promise<Response> => {
    const { init = {}, from } = call;
    const write = init.method !== undefined && init.method !== "HEAD";
    const scopes = [
      `repository:${call.repository}:pull${write ? ",push" : ""}`,
      ...(from === undefined ? [] : [`repository:${from}:pull`]),
    ];
    const key = scopes.join(" ");
    const url = new URL(call.path, api);
    const attempt = async (): Promise<Response> => {
      const headers = new Headers(init.headers);
      const known = await authorizations.get(key);
      const authorization = known ?? (options.eager === true && credentials ? basic(credentials) : undefined);
      // An upload may be sent elsewhere, to a bucket: the registry's token is none of its business.
      if (authorization !== undefined && url.origin === api.origin)
        headers.set("authorization", authorization);
      const { timeoutMs = 30_000, safe } = call;
      return exchange(
        context,
        url,
        { ...init, headers },
        { timeoutMs, ...(safe === undefined ? {} : { safe }) },
      );
    };
    const first = await attempt();
    if (first.status !== 401) return first;
    const header = first.headers.get("www-authenticate");
    const authorization = authorize(context, host, header, scopes, credentials);
    authorizations.set(key, authorization);
    authorization.catch(() => authorizations.delete(key));
    const second = await attempt();
    if (second.status === 401) throw unauthenticated(host, credentials !== undefined);
    return second;
  };

  const readManifest: Registry["manifest"] = async (repository, reference) => {
    const path = `${repository}/manifests/${reference}`;
    const answer = await send({ repository, path, init: { headers: { accept: manifestTypes } } });
    if (answer.status === 404) return undefined;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (bytes.byteLength > largestManifest) throw badAnswer(host, "a manifest that is too large");
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (reference.startsWith("sha256:") && reference !== digest) {
      throw badAnswer(host, `another manifest than ${reference}`);
    }
    const mediaType = (answer.headers.get("content-type") ?? "").split(";")[0]!.trim();
    return { digest, mediaType, bytes };
  };

  return {
    host,
    manifest: readManifest,
    resolve: async (repository, reference) => {
      const path = `${repository}/manifests/${reference}`;
      const answer = await send({
        repository,
        path,
        init: { method: "HEAD", headers: { accept: manifestTypes } },
      });
      if (answer.status === 404) return undefined;
      // Some leave it out of the answer to HEAD.
      return (
        answer.headers.get("docker-content-digest") ?? (await readManifest(repository, reference))?.digest
      );
    },
    putManifest: async (repository, reference, { mediaType, bytes }) => {
      const init = { method: "PUT", headers: { "content-type": mediaType }, body: bytes };
      const path = `${repository}/manifests/${reference}`;
      found(await send({ repository, path, init, safe: true }), host, repository);
    },
    hasBlob: async (repository, digest) => {
      const path = `${repository}/blobs/${digest}`;
      return (await send({ repository, path, init: { method: "HEAD" } })).status !== 404;
    },
    blob: async (repository, digest) => {
      const path = `${repository}/blobs/${digest}`;
      return found(await send({ repository, path, timeoutMs: uploadTimeoutMs }), host, repository);
    },
    mountBlob: async (repository, digest, from) => {
      const path = `${repository}/blobs/uploads/?${new URLSearchParams({ mount: digest, from })}`;
      const answer = await send({ repository, path, init: { method: "POST" }, from });
      await answer.body?.cancel();
      return answer.status === 201;
    },
    putBlob: async (repository, digest, size, body) => {
      const begin = { repository, path: `${repository}/blobs/uploads/`, init: { method: "POST" } };
      const started = found(await send(begin), host, repository);
      const place = new URL(placeOf(started, host), api);
      const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
      const init = { method: "PATCH", headers, body, duplex: "half" as const };
      const sent = found(
        await send({ repository, path: place, init, timeoutMs: uploadTimeoutMs }),
        host,
        repository,
      );
      const end = new URL(placeOf(sent, host), api);
      end.searchParams.set("digest", digest);
      found(await send({ repository, path: end, init: { method: "PUT" } }), host, repository);
    },
  };
}

interface Call {
  readonly repository: string;
  readonly path: string | URL;
  readonly init?: RequestInit & { readonly duplex?: "half" };
  /** The repository that is read from besides. */
  readonly from?: string;
  readonly timeoutMs?: number;
  readonly safe?: boolean;
}

function placeOf(answer: Response, host: string): string {
  const place = answer.headers.get("location");
  if (place === null) throw badAnswer(host, "no place to store a layer");
  return place;
}

function found(answer: Response, host: string, repository: string): Response {
  if (answer.status !== 404) return answer;
  throw new DeployError({
    code: "images.no-repository",
    message: `There is no ${host}/${repository}, or these credentials may not see it.`,
    hint: "Make the repository, or correct its name.",
    details: { host, repository },
  });
}
