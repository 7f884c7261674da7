import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { get, processesOf } from "./look.mjs";
import { run } from "./program.mjs";

/** Asks the supervisor; answers with its result, and throws its error. */
export function askSupervisor(socketPath, path) {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, agent: false, timeout: 10_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { type, value, error } = JSON.parse(text.trim().split("\n").at(-1));
        if (type === "result") resolve(value);
        else reject(new Error(error?.message ?? `no result in ${text}`));
      });
    });
    sent.on("error", reject);
    sent.on("timeout", () => sent.destroy(new Error(`no answer to ${path} within 10 s`)));
    sent.end();
  });
}

/**
 * Everything that is there of an app, seen from outside and from inside, without times and random numbers: what two runs
 * that ended in the same place have in common.
 */
export async function pictureOf({ socketPath, home, port, app }) {
  const view = await askSupervisor(socketPath, `/environments/${app}/local`);
  const { instances, commands, databases } = processesOf(home);
  const ours = (run) => readRunApp(run) === app;
  return {
    releases: view?.releases.map(({ number, state, image, origin, config, secrets }) => ({
      number,
      state,
      image: image.digest,
      repeats: origin.repeats,
      config: Object.keys(config),
      secrets: secrets.map(({ name }) => name),
    })),
    serving: view?.serving,
    rollout: view?.rollout,
    releaseCommand: view?.releaseCommand && { ...view.releaseCommand, at: undefined },
    routes: view?.routes,
    addons: view?.addons,
    ports: Object.keys(view?.ports ?? {}),
    processes: view?.status.processes.map(({ name, desired, instances: list }) => ({
      name,
      desired,
      instances: list.map((one) => `${one.name} ${one.state} ${one.release}`),
    })),
    running: instances
      .filter((one) => one.leader && ours(one))
      .map((one) => one.run.split("-").slice(0, 2).join("-"))
      .sort(),
    commands: commands.filter(ours).length,
    databases: databases.length,
    migrations: view?.addons.length ? await migrations(socketPath, app) : undefined,
    answer: await get(port, `${app}.localhost`)
      .then(({ status, body }) => `${status} ${status === 200 ? body : ""}`)
      .catch((error) => error.code),
    disk: {
      leases: list(home, "leases"),
      environment: list(home, "environments", app, "local"),
      releases: list(home, "environments", app, "local", "releases"),
      secrets: list(home, "secrets").filter((name) => name.includes(app)),
      logs: list(home, "logs", app),
    },
  };
}

/** What of another app must not change: the very processes, and every byte that is written down about it. */
export async function bystanderOf({ home, port, app, supervisorPid }) {
  const { instances } = processesOf(home);
  return {
    supervisor: supervisorPid(),
    pids: instances.filter((one) => readRunApp(one) === app).map((one) => one.pid),
    state: readFileSync(join(home, "environments", app, "local", "state.json"), "utf8"),
    answer: (await get(port, `${app}.localhost`)).body,
  };
}

/** A process's app, by the directory it works in: `<home>/environments/<app>/…`. */
function readRunApp({ place }) {
  return /\/environments\/([^/]+)\//.exec(`${place}/`)?.[1];
}

async function migrations(socketPath, app) {
  const addon = await askSupervisor(socketPath, `/environments/${app}/local/addons/db/url`);
  const sql = "select release, count(*) from migrations group by 1 order by 1";
  const { code, output } = await run(["psql", addon.url, "-Atqc", sql]);
  return code === 0 ? output.trim().split("\n") : `psql: ${output}`;
}

function list(...parts) {
  const directory = join(...parts);
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}
