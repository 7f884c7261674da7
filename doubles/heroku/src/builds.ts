import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stackRef } from "./account.js";
import { containerProcesses, procfileProcesses } from "./build-processes.js";
import { answer, type Call, invalid, notFound, part, type Route, text } from "./http.js";
import { newId, now } from "./ids.js";
import { unpackSource } from "./images.js";
import { appOf } from "./lookup.js";
import type { Releases } from "./releases.js";
import type { App, Build, ProcessSource } from "./state.js";
import { end, newStream, takeScript, type World, write } from "./world.js";

/** The builds of all apps. */
export interface Builds {
  readonly routes: Route[];
  /** Starts a build of a source at a URL; the same as POST /apps/{app}/builds. */
  start(app: App, call: Call, url: string, version: string | null, checksum: string | null): Build;
}

/** Makes the family of builds: sources are uploaded, unpacked, built, and released. */
export function createBuilds(world: World, releases: Releases): Builds {
  const turns = new Map<string, Promise<void>>();

  function start(app: App, call: Call, url: string, version: string | null, checksum: string | null): Build {
    const stream = newStream(world, newId(), true);
    const build: Build = {
      id: newId(),
      status: "pending",
      url,
      version,
      checksum,
      user: { id: call.account.id, email: call.account.email },
      stream: stream.id,
      release: null,
      createdAt: now(),
      updatedAt: now(),
    };
    app.builds.push(build);
    world.log(app, "app", "api", `Build started by user ${call.account.email}`);
    // One build of an app at a time.
    const turn = (turns.get(app.id) ?? Promise.resolve()).then(() => work(app, call, build));
    turns.set(
      app.id,
      turn.catch((thrown: unknown) => void world.failures.push(thrown)),
    );
    return build;
  }

  async function work(app: App, call: Call, build: Build): Promise<void> {
    if (build.status !== "pending") return;
    const stream = world.state.streams.get(build.stream);
    if (stream === undefined) return;
    const script = takeScript(world.scripts.builds, (one) => (one.app ?? app.name) === app.name);
    const say = (line: string): void => write(stream, `${line}\n`);
    const finish = (status: "succeeded" | "failed"): void => {
      if (build.status === "pending") build.status = status;
      build.updatedAt = now();
      world.log(
        app,
        "app",
        "api",
        build.status === "succeeded" ? "Build succeeded" : "Build failed -- check your build output",
      );
      end(stream);
    };
    try {
      for (const line of script?.output?.split("\n") ?? []) {
        say(line);
        if (script?.pace) await new Promise<void>((resolve) => world.later(script.pace ?? 0, resolve));
      }
      if (script?.ends === "failed") throw new Error("Build failed");
      const processes = await processesOf(app, build, say);
      if (build.status !== "pending") return finish("failed");
      const kind = app.buildStack === "container" ? "images" : "slug";
      const artifact = { id: newId(), kind, processes, commit: build.version } as const;
      const description = build.version ? `Deploy ${build.version.slice(0, 8)}` : "Deploy";
      const release = releases.create(app, call.account, { description, artifact });
      build.release = release.id;
      say("Verifying deploy... done.");
      finish("succeeded");
    } catch (thrown) {
      say(` !     ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      say(" !     Push failed");
      finish("failed");
    }
  }

  async function processesOf(
    app: App,
    build: Build,
    say: (line: string) => void,
  ): Promise<Record<string, ProcessSource>> {
    const archive = await download(world, build.url);
    const sum = createHash("sha256").update(archive).digest("hex");
    if (build.checksum !== null && build.checksum !== `SHA256:${sum}`)
      throw new Error(`The source's checksum is SHA256:${sum}, not ${build.checksum}`);
    const directory = join(world.directory, "builds", build.id);
    await mkdir(join(world.directory, "builds"), { recursive: true });
    await unpackSource(archive, directory).catch(() => {
      throw new Error("Invalid source: no gzipped tar archive");
    });
    return app.buildStack === "container"
      ? containerProcesses(world, directory, say)
      : procfileProcesses(directory, say);
  }

  function create(call: Call): { app: App; build: Build } {
    const app = appOf(world, call, "deploy");
    const blob = part(call.body, "source_blob");
    const url = text(blob, "url") ?? invalid("source_blob[url] is required.");
    return {
      app,
      build: start(app, call, url, text(blob, "version") ?? null, text(blob, "checksum") ?? null),
    };
  }

  const find = (app: App, id = ""): Build => app.builds.find((one) => one.id === id) ?? notFound("build");
  const show = (app: App, build: Build): unknown => describeBuild(world, app, build);
  const source = (): unknown => {
    const id = newId();
    world.state.sources.set(id, undefined);
    const url = `${world.urls.streams}/sources/${id}`;
    return { source_blob: { get_url: `${url}?get`, put_url: `${url}?put` } };
  };
  const path = "/apps/{app}/builds";
  return {
    start,
    routes: [
      { method: "POST", path: "/sources", handle: () => answer(source(), 201) },
      {
        method: "POST",
        path: "/apps/{app}/sources",
        handle: (call) => {
          appOf(world, call, "deploy");
          return answer(source(), 201);
        },
      },
      {
        method: "GET",
        path,
        list: true,
        shows: "build",
        handle: (call) => {
          const app = appOf(world, call);
          return answer(app.builds.map((one) => show(app, one)));
        },
      },
      {
        method: "POST",
        path,
        shows: "build",
        handle: (call) => {
          const { app, build } = create(call);
          return answer(show(app, build), 201);
        },
      },
      {
        method: "GET",
        path: `${path}/{build}`,
        shows: "build",
        handle: (call) => {
          const app = appOf(world, call);
          return answer(show(app, find(app, call.params.build)));
        },
      },
      {
        method: "DELETE",
        path: `${path}/{build}`,
        shows: "build",
        handle: (call) => {
          const app = appOf(world, call, "deploy");
          const build = find(app, call.params.build);
          if (build.status !== "pending") invalid("Only a build that runs can be cancelled.");
          build.status = "failed";
          build.updatedAt = now();
          const stream = world.state.streams.get(build.stream);
          if (stream) {
            write(stream, " !     Build canceled.\n");
            end(stream);
          }
          return answer(show(app, build));
        },
      },
    ],
  };
}

async function download(world: World, url: string): Promise<Buffer> {
  const id = /\/sources\/([^/?]+)/.exec(url)?.[1];
  const mine =
    url.startsWith(world.urls.streams) && id !== undefined ? world.state.sources.get(id) : undefined;
  if (mine !== undefined) return mine;
  const answered = await fetch(url).catch(() => undefined);
  if (!answered?.ok)
    throw new Error(`Could not download the source from its URL: ${answered?.status ?? "no answer"}`);
  return Buffer.from(await answered.arrayBuffer());
}

function describeBuild(world: World, app: App, build: Build): unknown {
  return {
    app: { id: app.id },
    buildpacks: null,
    created_at: build.createdAt,
    id: build.id,
    labs: {},
    output_stream_url: `${world.urls.streams}/streams/${build.stream}`,
    release: build.release === null ? null : { id: build.release },
    slug: null,
    source_blob: {
      checksum: build.checksum,
      url: build.url,
      version: build.version,
      version_description: null,
    },
    stack: stackRef(app.buildStack).name,
    status: build.status,
    updated_at: build.updatedAt,
    user: build.user,
  };
}
