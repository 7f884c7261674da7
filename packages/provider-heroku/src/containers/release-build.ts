import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Context, DeployError, retry, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuBuild, HerokuRelease, HerokuSource } from "../api-types.js";
import { shownLines } from "../images/docker.js";
import { manifestFor } from "../images/manifest.js";
import type { Source } from "../images/sources.js";
import { tarOf } from "../images/tar.js";
import { readLines } from "../logs/line-reader.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { lineOf } from "./command-line.js";
import { readOutput } from "./output-stream.js";
import { readVersion, writeVersion } from "./source-version.js";
import { listBuilds } from "./state.js";
import type { Wanted } from "./wanted.js";

/** Between two looks at a build that is pending. */
const lookMs = 2_000;
/** Terraform's provider waits so long for a build; Heroku documents no limit. */
const longestMs = 26 * 60 * 60_000;
const uploadTimeoutMs = 30 * 60_000;

/**
 * Sends the source to Heroku, which builds and releases it; the build's output is passed on as it comes.
 *
 * A build of the same source that is under way already, or its release, of a run that was killed, is followed instead.
 *
 * @returns the release that came of it, not settled yet.
 * @throws `images.build-failed` with the last 30 lines, `images.unknown` when the source is not on this machine.
 */
export async function releaseBuild(
  own: Surroundings,
  context: Context,
  scope: Scope,
  wanted: Wanted,
  source: Source | undefined,
): Promise<HerokuRelease> {
  const app = appOf(own, scope);
  const released = (id: string): Promise<HerokuRelease> =>
    own.api.get<HerokuRelease>(context, path`/apps/${app}/releases/${id}`, { version: "3.sdk" });
  const running = (await listBuilds(own, context, scope)).find((build) => isSame(build, wanted));
  if (running?.status === "succeeded" && running.release !== null) {
    const begun = await released(running.release.id);
    if (begun.status === "pending") return begun;
  }
  let build = running?.status === "pending" ? running : undefined;
  if (build !== undefined) context.log("A build of the same source is under way already.");
  build ??= await startBuild(own, context, scope, wanted, source);
  const done = await follow(own, context, app, build);
  if (done.release === null) throw noRelease(app);
  return released(done.release.id);
}

function isSame(build: HerokuBuild, wanted: Wanted): boolean {
  return readVersion(build.source_blob, "")?.digest === wanted.digest;
}

async function startBuild(
  own: Surroundings,
  context: Context,
  scope: Scope,
  wanted: Wanted,
  source: Source | undefined,
): Promise<HerokuBuild> {
  const app = appOf(own, scope);
  if (source === undefined) {
    throw new DeployError({
      code: "images.unknown",
      message:
        "The source of this release is not here: Heroku builds a source once, and does not give it back.",
      hint: 'Deploy it from its commit, or promote it through a pipeline ("pipeline" of heroku()).',
    });
  }
  const directory = await mkdtemp(join(tmpdir(), "deploy-source-"));
  try {
    const file = join(directory, "source.tgz");
    const manifest = await manifestFor({
      source: source.context,
      build: source.build,
      processes: wanted.processes.map((process) => ({ name: process.name, command: lineOf(process) })),
      ...(wanted.releaseCommand === undefined ? {} : { release: wanted.releaseCommand }),
    });
    const written = [{ path: "heroku.yml", text: manifest }];
    const tar = Readable.from(tarOf(source.context.directory, source.context.entries, written), {
      objectMode: false,
    });
    await pipeline(tar, createGzip(), createWriteStream(file), { signal: context.signal });
    const checksum = await checksumOf(file);
    const blob = await upload(own, context, file);
    const { message } = wanted.origin;
    const newest = (await listBuilds(own, context, scope))[0]?.id;
    const body = {
      source_blob: {
        url: blob.get_url,
        checksum: `SHA256:${checksum}`,
        version: writeVersion(wanted.digest, wanted.origin),
        ...(message === undefined ? {} : { version_description: message }),
      },
    };
    try {
      return await own.api.post<HerokuBuild>(context, path`/apps/${app}/builds`, body, { sensitive: true });
    } catch (error) {
      // The answer was lost, perhaps: what counts is whether there is such a build now.
      if (!DeployError.is(error) || !error.retryable) throw error;
      const builds = await listBuilds(own, context, scope);
      const made = builds.find(
        (build) => build.id !== newest && build.status !== "failed" && isSame(build, wanted),
      );
      if (made === undefined) throw error;
      return made;
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function checksumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest("hex");
}

/** An upload is safe to repeat: each time to an address of its own. */
function upload(own: Surroundings, context: Context, file: string): Promise<HerokuSource["source_blob"]> {
  return retry(
    context,
    async () => {
      const { source_blob: blob } = await own.api.post<HerokuSource>(context, "/sources");
      const { size } = await stat(file);
      context.log(`Sending ${(size / 1e6).toFixed(1)} MB of source to Heroku.`);
      const stop = new AbortController();
      const onAbort = (): void => stop.abort(context.signal.reason);
      const timer = setTimeout(onAbort, uploadTimeoutMs);
      context.signal.addEventListener("abort", onAbort, { once: true });
      try {
        const response = await context.fetch(blob.put_url, {
          method: "PUT",
          body: Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>,
          // The address is signed for an upload without a Content-Type (travis-ci/dpl clears it as well).
          headers: { "content-length": String(size) },
          signal: stop.signal,
          duplex: "half",
        } as RequestInit);
        await response.body?.cancel();
        if (!response.ok) throw uploadFailed(response.status);
      } catch (error) {
        if (context.signal.aborted) throw context.signal.reason;
        // What fetch says has the address, which is a secret.
        throw DeployError.is(error) ? error : uploadFailed(undefined);
      } finally {
        clearTimeout(timer);
        context.signal.removeEventListener("abort", onAbort);
      }
      return blob;
    },
    { attempts: 3 },
  );
}

async function follow(
  own: Surroundings,
  context: Context,
  app: string,
  build: HerokuBuild,
): Promise<HerokuBuild> {
  const until = context.clock.now() + longestMs;
  const look = (): Promise<HerokuBuild> =>
    own.api.get<HerokuBuild>(context, path`/apps/${app}/builds/${build.id}`);
  const lines: string[] = [];
  let present = build;
  const pieces = readOutput(context, {
    url: build.output_stream_url,
    what: "the output of the build",
    mayBegin: async () => {
      present = await look();
      return present.status === "pending";
    },
  });
  try {
    for await (const line of readLines(pieces)) {
      context.output(line, "stdout");
      lines.push(line);
      if (lines.length > shownLines) lines.shift();
    }
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    context.log(DeployError.is(error) ? error.message : "The output of the build broke off.");
  }
  // The end of the output says nothing: only the build's status does.
  for (
    present = await look();
    present.status === "pending" || waitsForRelease(present);
    present = await look()
  ) {
    if (context.clock.now() > until) throw neverEnds(app);
    context.log("Waiting for the build, which Heroku has not decided yet.");
    await context.clock.sleep(lookMs, context.signal);
    if (present.status !== "pending" && context.clock.now() > until - longestMs + 5 * 60_000) break;
  }
  if (present.status === "succeeded") return present;
  throw new DeployError({
    code: "images.build-failed",
    message: `The build at Heroku failed:\n${lines.map((line) => line.replace(/[\p{Cc}\p{Cf}]/gu, "")).join("\n")}`,
    hint: "Mend what its last lines say, and deploy again.",
    details: { build: build.id, lastLines: lines },
  });
}

/** A build that has succeeded names its release a moment later. */
function waitsForRelease(build: HerokuBuild): boolean {
  return build.status === "succeeded" && build.release === null;
}

function uploadFailed(status: number | undefined): DeployError {
  return new DeployError({
    code: "images.upload-failed",
    message: `The source could not be sent to Heroku${status === undefined ? "" : ` (${status})`}.`,
    hint: "Run the same again.",
    retryable: status === undefined || status >= 500,
  });
}

function noRelease(app: string): DeployError {
  return new DeployError({
    code: "containers.no-release",
    message: `The build of ${app} succeeded, but Heroku made no release of it.`,
    hint: "Look at `deploy releases`, and run again: a build is repeated if need be.",
    retryable: true,
  });
}

function neverEnds(app: string): DeployError {
  return new DeployError({
    code: "images.build-pending",
    message: `The build of ${app} has not ended within 26 hours.`,
    hint: "Cancel it with `heroku builds:cancel`, and deploy again.",
  });
}
