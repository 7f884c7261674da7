import type { Apps } from "./apps.js";
import type { Builds } from "./builds.js";
import { answer, type Body, type Call, notFound, part, type Route, text } from "./http.js";
import { newId, now } from "./ids.js";
import { appRef } from "./lookup.js";
import type { App, Build } from "./state.js";
import type { World } from "./world.js";

/** An app that is set up with its first build, in one go. */
export interface Setup {
  readonly id: string;
  status: "pending" | "succeeded" | "failed";
  failure: string | null;
  readonly app: App;
  readonly build: Build;
  readonly createdAt: string;
  updatedAt: string;
}

/** What app setups and review apps share. */
export interface Setups {
  readonly routes: Route[];
  /** Makes an app, sets its config vars, and starts the build of a source. */
  begin(call: Call, app: Body, blob: Body, env: Record<string, string>): Promise<Setup>;
}

/** Makes the family of app setups. */
export function createSetups(world: World, apps: Apps, builds: Builds): Setups {
  const setups: Setup[] = [];

  async function begin(call: Call, body: Body, blob: Body, env: Record<string, string>): Promise<Setup> {
    const wanted = text(body, "organization") ?? text(body, "team");
    const app = await apps.create(call, { stack: "container", ...body, team: wanted }, wanted !== undefined);
    app.config = { ...app.config, ...env };
    const version = text(blob, "version") ?? null;
    const build = builds.start(app, call, text(blob, "url") ?? "", version, text(blob, "checksum") ?? null);
    const setup: Setup = {
      id: newId(),
      status: "pending",
      failure: null,
      app,
      build,
      createdAt: now(),
      updatedAt: now(),
    };
    setups.push(setup);
    watch(setup);
    return setup;
  }

  /** A setup ends when its build and the release of it have. */
  function watch(setup: Setup): void {
    const release = setup.app.releases.find((one) => one.id === setup.build.release);
    const failed =
      setup.build.status === "failed"
        ? "app.json build failed"
        : release?.status === "failed"
          ? "release command failed"
          : undefined;
    if (failed !== undefined) Object.assign(setup, { status: "failed", failure: failed, updatedAt: now() });
    else if (release?.status === "succeeded") Object.assign(setup, { status: "succeeded", updatedAt: now() });
    else world.later(20, () => watch(setup));
  }

  return {
    begin,
    routes: [
      {
        method: "POST",
        path: "/app-setups",
        handle: async (call) => {
          const env = part(part(call.body, "overrides"), "env") as Record<string, string>;
          const setup = await begin(call, part(call.body, "app"), part(call.body, "source_blob"), env);
          return answer(describe(world, setup), 202);
        },
      },
      {
        method: "GET",
        path: "/app-setups/{setup}",
        handle: ({ params }) => {
          const found = setups.find((one) => one.id === params.setup);
          return answer(found ? describe(world, found) : notFound("app setup"));
        },
      },
    ],
  };
}

function describe(world: World, setup: Setup): unknown {
  const { build } = setup;
  return {
    app: appRef(setup.app),
    build: {
      id: build.id,
      status: build.status,
      output_stream_url: `${world.urls.streams}/streams/${build.stream}`,
    },
    created_at: setup.createdAt,
    failure_message: setup.failure,
    id: setup.id,
    manifest_errors: [],
    postdeploy: null,
    resolved_success_url: null,
    status: setup.status,
    updated_at: setup.updatedAt,
  };
}
