import { newId, now } from "./ids.js";
import { freePort, lines, listens, type Running, start } from "./process.js";
import type { App, Dyno, Formation, ProcessSource, Release } from "./state.js";
import type { World } from "./world.js";

/** What a one-off dyno is asked for. */
export interface OneOff {
  readonly command: string;
  readonly type: string;
  readonly size: string;
  readonly env: Record<string, string>;
  /** Seconds after which it is ended. */
  readonly timeToLive?: number;
  /** Handles its input and output instead of the log; gives the URL for the client. */
  readonly attach?: (dyno: Dyno, begin: () => Running) => string;
}

/** The processes of all apps. */
export interface Dynos {
  /** Starts all process types of an app again, on a release. */
  deploy(app: App): Promise<void>;
  /** Starts or stops dynos until their number is the formation's. */
  scale(app: App, type: string): Promise<void>;
  restart(app: App, fits: (dyno: Dyno) => boolean): Promise<void>;
  stop(app: App, fits: (dyno: Dyno) => boolean): Promise<void>;
  run(app: App, oneOff: OneOff): Dyno;
  stopAll(app: App): Promise<void>;
}

/** The release an app runs: the last one that succeeded. */
export function currentRelease(app: App): Release | undefined {
  return app.releases.findLast((release) => release.status === "succeeded");
}

/** Starts, watches and ends the processes. */
export function createDynos(world: World): Dynos {
  const running = new Map<string, Running>();
  const ended = new Set<string>();
  const crashes = new Map<string, number>();
  let closed = false;
  world.closing.push(async () => {
    // What ends now has not crashed: it is not started again.
    closed = true;
    while (running.size > 0) await Promise.all([...running.values()].map((one) => one.stop(500)));
  });

  function changeState(app: App, dyno: Dyno, state: Dyno["state"]): void {
    if (dyno.state === state) return;
    world.log(app, "heroku", dyno.name, `State changed from ${dyno.state} to ${state}`);
    dyno.state = state;
    dyno.updatedAt = now();
  }

  function follow(app: App, dyno: Dyno, child: Running): void {
    const write = (line: string): void => world.log(app, "app", dyno.name, line);
    lines(child.child.stdout, write);
    lines(child.child.stderr, write);
  }

  async function startDyno(app: App, formation: Formation, name: string): Promise<void> {
    const release = currentRelease(app);
    const source = release?.artifact?.processes[formation.type];
    if (release === undefined || source === undefined) return;
    const dyno: Dyno = {
      id: newId(),
      name,
      type: formation.type,
      command: formation.command,
      size: formation.size,
      state: "starting",
      release: { id: release.id, version: release.version },
      attachUrl: null,
      port: undefined,
      createdAt: now(),
      updatedAt: now(),
    };
    app.dynos = [...app.dynos.filter((one) => one.name !== name), dyno];
    const port = formation.type === "web" ? await freePort() : undefined;
    if (closed || ended.has(dyno.id)) return;
    Object.assign(dyno, { port });
    world.log(app, "heroku", name, `Starting process with command \`${formation.command}\``);
    const child = start(source, source.argv, {
      ...release.config,
      DYNO: name,
      ...(port !== undefined && { PORT: String(port) }),
    });
    running.set(dyno.id, child);
    follow(app, dyno, child);
    void child.exited
      .then((code) => finished(app, formation, dyno, code))
      .catch((thrown) => world.failures.push(thrown));
    if (port === undefined) changeState(app, dyno, "up");
    else void watchBoot(app, dyno, child, port);
  }

  async function watchBoot(app: App, dyno: Dyno, child: Running, port: number): Promise<void> {
    const until = Date.now() + world.delays.boot;
    while (running.get(dyno.id) === child) {
      if (await listens(port)) return changeState(app, dyno, "up");
      if (Date.now() > until) {
        const seconds = Math.max(1, Math.round(world.delays.boot / 1000));
        const reason = `Web process failed to bind to $PORT within ${seconds} seconds of launch`;
        world.log(app, "heroku", dyno.name, `Error R10 (Boot timeout) -> ${reason}`);
        world.log(app, "heroku", dyno.name, "Stopping process with SIGKILL");
        return child.stop(0);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async function finished(app: App, formation: Formation, dyno: Dyno, code: number): Promise<void> {
    running.delete(dyno.id);
    world.log(app, "heroku", dyno.name, `Process exited with status ${code}`);
    if (ended.delete(dyno.id)) return;
    changeState(app, dyno, "crashed");
    // A crashed dyno is started again at once, the first time; then Heroku waits 20 minutes and more.
    const key = `${app.id} ${dyno.name} ${dyno.release.version}`;
    const count = (crashes.get(key) ?? 0) + 1;
    crashes.set(key, count);
    if (count > 1 || !app.formation.includes(formation)) return;
    world.log(app, "heroku", dyno.name, "State changed from crashed to starting");
    await startDyno(app, formation, dyno.name);
  }

  async function endDyno(app: App, dyno: Dyno): Promise<void> {
    app.dynos = app.dynos.filter((one) => one.id !== dyno.id);
    ended.add(dyno.id);
    const child = running.get(dyno.id);
    if (child === undefined) return;
    world.log(app, "heroku", dyno.name, "Stopping all processes with SIGTERM");
    await child.stop(world.delays.shutdown);
  }

  async function scale(app: App, type: string): Promise<void> {
    const formation = app.formation.find((one) => one.type === type);
    const here = app.dynos.filter((one) => one.type === type);
    const wanted = formation?.quantity ?? 0;
    const number = (dyno: Dyno): number => Number(dyno.name.split(".")[1]);
    const surplus = here.filter((dyno) => number(dyno) > wanted || dyno.size !== formation?.size);
    const gone = Promise.all(surplus.map((dyno) => endDyno(app, dyno)));
    for (let index = 1; index <= wanted && formation !== undefined; index++) {
      const name = `${type}.${index}`;
      if (!app.dynos.some((dyno) => dyno.name === name)) await startDyno(app, formation, name);
    }
    void gone.catch((thrown) => world.failures.push(thrown));
  }

  async function restart(app: App, fits: (dyno: Dyno) => boolean): Promise<void> {
    const chosen = app.dynos.filter((dyno) => fits(dyno));
    for (const dyno of chosen) {
      void endDyno(app, dyno).catch((thrown) => world.failures.push(thrown));
      crashes.delete(`${app.id} ${dyno.name} ${dyno.release.version}`);
    }
    for (const type of new Set(chosen.map((dyno) => dyno.type))) await scale(app, type);
  }

  return {
    scale,
    restart,
    async deploy(app) {
      for (const dyno of app.dynos.filter((one) => one.type !== "run"))
        void endDyno(app, dyno).catch((thrown) => world.failures.push(thrown));
      for (const { type } of app.formation) await scale(app, type);
    },
    async stop(app, fits) {
      await Promise.all(app.dynos.filter((dyno) => fits(dyno)).map((dyno) => endDyno(app, dyno)));
    },
    async stopAll(app) {
      await Promise.all(app.dynos.map((dyno) => endDyno(app, dyno)));
    },
    run(app, oneOff) {
      const release = currentRelease(app);
      const name = `${oneOff.type}.${1000 + Math.floor(Math.random() * 8999)}`;
      const dyno: Dyno = {
        id: newId(),
        name,
        type: oneOff.type,
        command: oneOff.command,
        size: oneOff.size,
        state: "starting",
        release: { id: release?.id ?? newId(), version: release?.version ?? 0 },
        attachUrl: null,
        port: undefined,
        createdAt: now(),
        updatedAt: now(),
      };
      app.dynos = [...app.dynos, dyno];
      const begin = (): Running => {
        const source = oneOffSource(world, release);
        world.log(app, "heroku", name, `Starting process with command \`${oneOff.command}\``);
        const child = start(source, ["sh", "-c", oneOff.command], {
          ...release?.config,
          ...oneOff.env,
          DYNO: name,
        });
        running.set(dyno.id, child);
        changeState(app, dyno, "up");
        if (oneOff.timeToLive !== undefined)
          world.later(
            oneOff.timeToLive * 1000,
            () => void (running.has(dyno.id) && child.stop(world.delays.shutdown)),
          );
        void child.exited.then((code) => {
          running.delete(dyno.id);
          world.log(app, "heroku", name, `Process exited with status ${code}`);
          if (!ended.delete(dyno.id)) world.log(app, "heroku", name, "State changed from up to complete");
          app.dynos = app.dynos.filter((one) => one.id !== dyno.id);
        });
        return child;
      };
      if (oneOff.attach === undefined) follow(app, dyno, begin());
      else dyno.attachUrl = oneOff.attach(dyno, begin);
      return dyno;
    },
  };
}

/** Where a one-off command runs: in the web process's files, or in those of any other type. */
function oneOffSource(world: World, release: Release | undefined): ProcessSource {
  const processes = release?.artifact?.processes ?? {};
  const source = processes.web ?? Object.values(processes)[0];
  return source ?? { command: "", argv: [], directory: world.directory, env: {} };
}
