import { dynoSizeRef } from "./dyno-sizes.js";
import { currentRelease, type Dynos } from "./dynos.js";
import { answer, type Call, invalid, notFound, type Route, refuse, text } from "./http.js";
import { fixedId, newId, now } from "./ids.js";
import { appOf, appRef } from "./lookup.js";
import { lines, start } from "./process.js";
import type { Account, App, Artifact, OutputStream, ProcessSource, Release } from "./state.js";
import { end, newStream, takeScript, type World, write } from "./world.js";

/** What a new release is made of. */
export interface NewRelease {
  readonly description: string;
  /** Default: that of the release which runs. */
  readonly artifact?: Artifact;
  /** Whether the release command runs. Default true. */
  readonly runsCommand?: boolean;
}

/** The releases of all apps. */
export interface Releases {
  readonly routes: Route[];
  create(app: App, by: Account, input: NewRelease): Release;
}

/** Makes releases, runs their commands, and hands what succeeded to the dynos. */
export function createReleases(world: World, dynos: Dynos): Releases {
  function create(app: App, by: Account, input: NewRelease): Release {
    const artifact = input.artifact ?? currentRelease(app)?.artifact;
    const source = input.runsCommand === false ? undefined : artifact?.processes.release;
    const stream = source && newStream(world, newId(), false);
    const version = (app.releases.at(-1)?.version ?? 0) + 1;
    const release: Release = {
      id: newId(),
      version,
      description: input.description,
      status: source ? "pending" : "succeeded",
      user: { id: by.id, email: by.email },
      config: { ...app.config },
      artifact,
      addonPlans: world.state.addons.filter((one) => one.app === app.id).map((one) => one.plan),
      stream: stream?.id,
      createdAt: now(),
      updatedAt: now(),
    };
    app.releases.push(release);
    world.log(app, "app", "api", `${input.description} by user ${by.email}`);
    world.log(app, "app", "api", `Release v${version} created by user ${by.email}`);
    if (source && stream)
      void command(app, release, source, stream).catch((thrown) => world.failures.push(thrown));
    else serve(app, release);
    return release;
  }

  /** Runs a release command; only then does the release count. */
  async function command(
    app: App,
    release: Release,
    source: ProcessSource,
    stream: OutputStream,
  ): Promise<void> {
    const script = takeScript(world.scripts.releases, (one) => (one.app ?? app.name) === app.name);
    const name = `release.${1000 + Math.floor(Math.random() * 8999)}`;
    world.log(app, "heroku", name, `Starting process with command \`${source.command}\``);
    const child = start(source, source.argv, { ...release.config, DYNO: name });
    stream.open = true;
    const say = (line: string): void => {
      write(stream, `${line}\n`);
      world.log(app, "app", name, line);
    };
    lines(child.child.stdout, say);
    lines(child.child.stderr, say);
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      void child.stop(world.delays.shutdown);
    }, world.delays.releaseCommand);
    const code = await child.exited;
    clearTimeout(timer);
    world.log(app, "heroku", name, `Process exited with status ${code}`);
    end(stream);
    const wait = script?.pendingAfterOutput ?? world.delays.releaseSettles;
    const status = script?.ends ?? (expired ? "expired" : code === 0 ? "succeeded" : "failed");
    const settle = (): void => {
      release.status = status;
      release.updatedAt = now();
      if (status === "succeeded") serve(app, release);
      else world.log(app, "app", "api", `Release v${release.version} command ${status}`);
    };
    if (wait === 0) settle();
    else world.later(wait, settle);
  }

  /** Lets a release that succeeded run: its process types become the formation. */
  function serve(app: App, release: Release): void {
    app.releasedAt = now();
    const types = Object.entries(release.artifact?.processes ?? {});
    if (types.length === 0) return;
    app.stack = app.buildStack;
    app.formation = types.map(([type, source]) => {
      const known = app.formation.find((one) => one.type === type);
      if (known) return Object.assign(known, { command: source.command, updatedAt: now() });
      const first = type === "web" && !app.releases.some((one) => one !== release && one.artifact);
      return {
        id: newId(),
        type,
        command: source.command,
        quantity: first ? 1 : 0,
        size: app.space ? "Private-S" : "Basic",
        createdAt: now(),
        updatedAt: now(),
      };
    });
    void dynos.deploy(app).catch((thrown) => world.failures.push(thrown));
  }

  function find(app: App, name: string): Release {
    const release = app.releases.find(
      (one) => one.id === name || String(one.version) === name.replace(/^v/, ""),
    );
    return release ?? notFound("release");
  }

  function post(call: Call): Release {
    const app = appOf(world, call, "deploy");
    const { body, account } = call;
    const back = text(body, "release");
    if (back !== undefined) {
      const release = find(app, back);
      if (!eligible(release))
        invalid(`Cannot roll back to v${release.version}: it is not eligible for rollback.`);
      app.config = { ...release.config };
      return create(app, account, {
        description: `Rollback to v${release.version}`,
        artifact: release.artifact as Artifact,
      });
    }
    const wanted = text(body, "slug") ?? text(body, "oci_image");
    const artifact = world.state.apps
      .flatMap((one) => one.releases)
      .find((one) => one.artifact?.id === wanted)?.artifact;
    if (artifact === undefined) refuse(422, "invalid_params", "No slug or release with that id was found.");
    return create(app, account, { description: text(body, "description") ?? "Deploy", artifact });
  }

  return {
    create,
    routes: [
      {
        method: "GET",
        path: "/apps/{app}/releases",
        list: true,
        shows: "release",
        handle: (call) => {
          const app = appOf(world, call);
          return answer(app.releases.map((release) => describeRelease(world, app, release)));
        },
      },
      {
        method: "POST",
        path: "/apps/{app}/releases",
        shows: "release",
        handle: (call) => answer(describeRelease(world, appOf(world, call), post(call)), 201),
      },
      {
        method: "GET",
        path: "/apps/{app}/releases/{release}",
        shows: "release",
        handle: (call) => {
          const app = appOf(world, call);
          return answer(describeRelease(world, app, find(app, call.params.release ?? "")));
        },
      },
      {
        method: "GET",
        path: "/apps/{app}/releases/{release}/config-vars",
        handle: (call) => {
          const app = appOf(world, call, "deploy");
          return answer(find(app, call.params.release ?? "").config);
        },
      },
      {
        method: "GET",
        path: "/apps/{app}/slugs/{slug}",
        handle: (call) => {
          const app = appOf(world, call);
          const artifact = app.releases.find((one) => one.artifact?.id === call.params.slug)?.artifact;
          if (artifact === undefined) notFound("slug");
          return answer(describeSlug(world, artifact));
        },
      },
    ],
  };
}

function eligible(release: Release): boolean {
  return release.status === "succeeded" && release.artifact !== undefined;
}

/** A release as the API shows it. */
export function describeRelease(world: World, app: App, release: Release): unknown {
  const slug = release.artifact?.kind === "slug" ? { id: release.artifact.id } : null;
  return {
    addon_plan_names: release.addonPlans,
    app: appRef(app),
    artifacts: release.artifact ? [{ type: slug ? "slug" : "oci-image", id: release.artifact.id }] : [],
    created_at: release.createdAt,
    current: currentRelease(app) === release,
    description: release.description,
    eligible_for_rollback: eligible(release),
    id: release.id,
    oci_image: null,
    output_stream_url: release.stream ? `${world.urls.streams}/streams/${release.stream}` : null,
    slug,
    status: release.status,
    updated_at: release.updatedAt,
    user: release.user,
    version: release.version,
  };
}

function describeSlug(world: World, artifact: Artifact): unknown {
  return {
    blob: { method: "get", url: `${world.urls.streams}/slugs/${artifact.id}` },
    buildpack_provided_description: null,
    checksum: null,
    commit: artifact.commit,
    commit_description: null,
    created_at: now(),
    id: artifact.id,
    process_types: Object.fromEntries(
      Object.entries(artifact.processes).map(([type, one]) => [type, one.command]),
    ),
    size: null,
    stack: { id: fixedId("stack container"), name: "container" },
    updated_at: now(),
  };
}

/** What a formation looks like in the API. */
export function describeFormation(app: App, formation: App["formation"][number]): unknown {
  const { type, command, quantity, size, id } = formation;
  return {
    app: appRef(app),
    command,
    created_at: formation.createdAt,
    dyno_size: dynoSizeRef(size),
    id,
    quantity,
    size,
    type,
    updated_at: formation.updatedAt,
  };
}
