import { readdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Context, ElementName, Owned, OwnedOptions, Scope } from "@deploy/core";
import { environmentFileName, findHome, type Home } from "./home.js";
import { listImages, pruneImages } from "./image-store/index.js";
import { isAlive } from "./operating-system/process-identity.js";
import { createStartAtBoot } from "./operating-system/start-at-boot.js";
import type { EnvironmentView } from "./protocol.js";
import { connect, idOf, pathOf, providerName, readView, type Settings } from "./resources.js";
import { changeSecrets, listSecrets } from "./secrets.js";
import { start } from "./servers.js";
import { listEnvironments, loadState } from "./supervisor/environment-state.js";
import { logPaths } from "./supervisor/log-store/paths.js";
import { sensitivePrefix } from "./supervisor/process-environment.js";

/** One thing of ours, without what is the same for all. */
type Part = Omit<Owned, "provider">;

/** Everything of a scope on this machine, and how each part is removed: what pruning and `down` work on. */
export async function findOwned(
  settings: Settings,
  context: Context,
  scope: Scope,
  options: OwnedOptions = {},
): Promise<readonly Owned[]> {
  const home = findHome(context.env);
  const view = await readView(context, scope);
  const call =
    (method: string, path: readonly string[], body?: Record<string, unknown>) => async (ctx: Context) => {
      // After a restart of the machine nobody is there yet who could stop and remove things properly.
      await start(ctx, { port: settings.port ?? null });
      await connect(ctx).client.call(method, path, body);
    };
  const parts: Part[] = [
    ...(view === undefined ? [] : partsOfView(scope, view, call)),
    ...(await secretParts(context, scope)),
    ...(await imageParts(home, scope)),
  ];
  const keepLogs = options.keepLogs === true;
  if (!keepLogs && (await exists(logPaths(home.logs, scope).base))) {
    const after = [idOf("containers", scope, "processes")];
    const remove = call("DELETE", pathOf(scope, "logs"));
    parts.push({
      id: idOf("logs", scope, "store"),
      label: "logs",
      element: "logs",
      history: true,
      after,
      remove,
    });
  }
  if (parts.length > 0 || (await exists(home.supervisorFile))) {
    const others = listEnvironments(home).filter(
      ({ app, file }) => app !== scope.app || file !== environmentFileName(scope.environment),
    );
    if (others.length === 0) parts.push(supervisorPart(home, parts, keepLogs));
  }
  return parts.map((part) => ({ provider: providerName, ...part }));
}

function partsOfView(
  scope: Scope,
  view: EnvironmentView,
  call: (
    method: string,
    path: readonly string[],
    body?: Record<string, unknown>,
  ) => (ctx: Context) => Promise<void>,
): Part[] {
  const parts: Part[] = [];
  const add = (element: ElementName, name: string, part: Omit<Part, "id" | "element">): string => {
    const id = idOf(element, scope, name);
    parts.push({ id, element, ...part });
    return id;
  };
  const routes = idOf("ingress", scope, "routes");
  const processes = idOf("containers", scope, "processes");
  if (view.routes.length > 0) {
    add("ingress", "routes", {
      label: "routes",
      remove: call("PUT", pathOf(scope, "routes"), { routes: [] }),
    });
  }
  if (view.serving !== undefined) {
    const remove = call("DELETE", pathOf(scope, "processes"));
    add("containers", "processes", { label: "processes", after: [routes], remove });
  }
  const addons = view.addons.map((addon) =>
    add("addons", addon.name, {
      label: `${addon.kind} ${addon.name}`,
      holdsData: `database ${addon.name}`,
      after: [processes],
      remove: call("DELETE", pathOf(scope, "addons", addon.name)),
    }),
  );
  const volumes = new Set(
    view.releases.flatMap((one) => one.processes.flatMap((process) => Object.keys(process.volumes))),
  );
  add("containers", "record", {
    label: "releases",
    history: true,
    ...(volumes.size === 0
      ? {}
      : { label: `releases and volumes ${[...volumes].join(", ")}`, holdsData: "volumes" }),
    after: [processes, ...addons],
    remove: call("DELETE", pathOf(scope)),
  });
  return parts;
}

async function secretParts(context: Context, scope: Scope): Promise<Part[]> {
  const entries = await listSecrets(context, scope).catch(() => []);
  return entries.map(({ name }): Part => {
    const own = name.startsWith(sensitivePrefix);
    return {
      id: idOf("secrets", scope, name),
      element: "secrets",
      ...(own
        ? { label: `stored ${name.slice(sensitivePrefix.length)}`, history: true as const }
        : { label: `secret ${name}`, holdsData: `secret ${name}` }),
      after: [idOf("containers", scope, "processes")],
      remove: (ctx) =>
        changeSecrets(ctx, async (store) => {
          await store.unset(scope.app, scope.environment, name);
          const left = await store.list(scope.app, scope.environment);
          if (left.length === 0) await store.remove(scope.app, scope.environment);
        }),
    };
  });
}

/** Images belong to an app, not to an environment: those that another environment still runs stay. */
async function imageParts(home: Home, scope: Scope): Promise<Part[]> {
  const used = new Set<string>();
  for (const { app, file } of listEnvironments(home)) {
    if (app !== scope.app || file === environmentFileName(scope.environment)) continue;
    const state = await loadState(home, app, file.replaceAll("--", "/")).catch(() => undefined);
    for (const release of state?.releases ?? []) used.add(release.image.digest);
  }
  const images = await listImages({ home: home.directory, app: scope.app }).catch(() => []);
  return images
    .filter((image) => !used.has(image.digest))
    .map((image) => ({
      id: idOf("images", { ...scope, environment: "all" }, image.digest.slice(7, 19)),
      label: `image ${image.digest.slice(7, 19)}`,
      element: "images" as const,
      history: true as const,
      after: [idOf("containers", scope, "processes")],
      async remove() {
        const all = await listImages({ home: home.directory, app: scope.app });
        const keep = all.map((one) => one.digest).filter((digest) => digest !== image.digest);
        await pruneImages({ home: home.directory, app: scope.app, keep });
      },
    }));
}

/** The supervisor goes last, and with it the home: nobody on this machine needs it any more. */
function supervisorPart(home: Home, others: readonly Part[], keepLogs: boolean): Part {
  return {
    id: "local/servers/supervisor",
    label: "supervisor",
    element: "servers",
    history: true,
    after: others.map((part) => part.id),
    async remove(context) {
      const { client } = connect(context);
      const facts = await client.facts();
      if (facts !== undefined) {
        await client.call("POST", ["supervisor", "shut-down"]);
        while (await isAlive(facts)) await context.clock.sleep(20, context.signal);
      }
      await createStartAtBoot().disable();
      if (!home.socket.startsWith(home.directory)) {
        await rm(home.socket, { force: true });
        // The sockets of the user's other homes may lie beside it.
        await rmdir(dirname(home.socket)).catch(() => {});
      }
      for (const name of await readdir(home.directory).catch(() => [])) {
        // The deploy lock of this very run is given back at its end.
        const path = join(home.directory, name);
        if (path !== home.leases && !(keepLogs && path === home.logs))
          await rm(path, { recursive: true, force: true });
      }
      await rmdir(home.directory).catch(() => {});
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === "ENOTDIR",
  );
}
