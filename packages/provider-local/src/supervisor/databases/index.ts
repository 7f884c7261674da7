import { mkdir, realpath, stat } from "node:fs/promises";
import { DeployError } from "@deploy/core";
import { makePassable, serviceAccount } from "./account.js";
import { chooseBackup, listBackups, pruneBackups } from "./backups.js";
import { clearTemporary, sizeOnDisk } from "./files.js";
import {
  allLayouts,
  directoryName,
  findLayout,
  finishRemovals,
  type Layout,
  makeLayout,
  removeEmptyBases,
  removeLayout,
} from "./layout.js";
import { exclusively } from "./locks.js";
import { postgres } from "./postgres/service.js";
import { type AddonRecord, ensureCredentials, ensureRecord, readRecord, writeRecord } from "./records.js";
import { redis } from "./redis/service.js";
import type { Service, ServiceContext } from "./service.js";
import type { AddonId, AddonKind, AddonStatus, Databases, DatabasesOptions, Operation } from "./types.js";

export { type FindPostgresOptions, findPostgres, type PostgresBinaries } from "./postgres/binaries.js";
export { embeddedPackage, embeddedVersion } from "./postgres/embedded.js";
export type * from "./types.js";

const services: Readonly<Record<AddonKind, Service>> = { postgres, redis };

function addonMissing(addon: AddonId): DeployError {
  return new DeployError({
    code: "addons.missing",
    message: `${addon.app} (${addon.environment}) has no add-on ${addon.name} on this machine.`,
    hint: "Deploy the app first: that creates its add-ons.",
  });
}

async function statusOf(layout: Layout, record: AddonRecord): Promise<AddonStatus> {
  const running = await services[record.kind].find(layout);
  const { app, environment, name, kind, port, version } = record;
  return {
    ...{ app, environment, name, kind, port },
    state: running === undefined ? "stopped" : "running",
    ...(running === undefined ? {} : { pid: running.pid }),
    ...(version === undefined ? {} : { version }),
    bytes: await sizeOnDisk(layout.root, (path) => path === layout.backups),
    backupBytes: await sizeOnDisk(layout.backups),
    logFile: layout.logFile,
    directory: layout.root,
  };
}

/**
 * The backing services of the local provider: a real PostgreSQL or Redis per add-on.
 *
 * Servers run in sessions of their own and outlive this process, which may be killed at any moment: `ensure` finds them
 * again, or finishes what was begun. All state is in the file system; only one process per `home` may use it at a time.
 */
export function createDatabases(options: DatabasesOptions): Databases {
  const { env, log } = options;
  let resolved: Promise<string> | undefined;
  // Paths are compared with those of running processes, which the system reports with links resolved.
  const home = (): Promise<string> => {
    resolved ??= mkdir(options.home, { recursive: true, mode: 0o700 }).then(() => realpath(options.home));
    return resolved;
  };

  const withAddon = async <T>(
    addon: AddonId,
    operation: Operation,
    work: (service: Service, context: ServiceContext) => Promise<T>,
  ): Promise<T> =>
    exclusively(directoryName(addon), async () => {
      operation.signal?.throwIfAborted();
      const layout = await findLayout(await home(), addon);
      const record = layout === undefined ? undefined : await readRecord(layout);
      if (layout === undefined || record === undefined) throw addonMissing(addon);
      const credentials = await ensureCredentials(layout);
      return work(services[record.kind], {
        home: await home(),
        env,
        log,
        layout,
        record,
        credentials,
        ...operation,
      });
    });

  /** Stops servers of both kinds: a creation may have been interrupted before its kind was written down. */
  const stopAll = async (layout: Layout): Promise<void> => {
    for (const service of Object.values(services)) await service.stop(layout);
  };

  return {
    ensure: async (request, operation = {}) =>
      exclusively(directoryName(request), async () => {
        operation.signal?.throwIfAborted();
        await finishRemovals(await home());
        const service = services[request.kind];
        const found = await findLayout(await home(), request);
        const account = await serviceAccount(found?.data ?? "", service.accounts);
        const layout = await makeLayout(await home(), request, account, log);
        for (const directory of [layout.root, layout.data, layout.backups]) await clearTemporary(directory);
        const running = (await service.find(layout)) !== undefined;
        const record = await ensureRecord(await home(), layout, request, running);
        const credentials = await ensureCredentials(layout);
        const context = { home: await home(), env, log, layout, record, credentials, ...operation };
        const up = await service.ensure(context, request);
        if (!record.ready || record.version !== up.version) {
          await writeRecord(layout, { ...record, ready: true, version: up.version });
        }
        const { url, version, created, started } = up;
        const place = {
          kind: request.kind,
          host: "127.0.0.1",
          port: record.port,
          pid: up.process.pid,
        } as const;
        return { ...place, url, version, created, started };
      }),

    status: async (addon) => {
      const layout = await findLayout(await home(), addon);
      const record = layout === undefined ? undefined : await readRecord(layout);
      return layout === undefined || record === undefined ? undefined : statusOf(layout, record);
    },

    list: async () => {
      const all: AddonStatus[] = [];
      for (const layout of await allLayouts(await home())) {
        const record = await readRecord(layout);
        if (record !== undefined) all.push(await statusOf(layout, record));
      }
      return all;
    },

    stop: async (addon, operation = {}) =>
      exclusively(directoryName(addon), async () => {
        operation.signal?.throwIfAborted();
        const layout = await findLayout(await home(), addon);
        if (layout !== undefined) await stopAll(layout);
      }),

    remove: async (addon, operation = {}) =>
      exclusively(directoryName(addon), async () => {
        operation.signal?.throwIfAborted();
        const layout = await findLayout(await home(), addon);
        if (layout !== undefined) {
          operation.onProgress?.(`Removing ${addon.name} with its data and backups.`);
          await stopAll(layout);
          await removeLayout(layout);
        }
        await finishRemovals(await home());
        await removeEmptyBases(await home());
      }),

    backup: (addon, release, operation = {}) =>
      withAddon(addon, operation, async (service, context) => {
        const { backups } = context.layout;
        await makePassable(backups);
        await pruneBackups(context.layout);
        const made = await service.backup(context, release);
        await pruneBackups(context.layout);
        const found = await stat(made.file);
        return { ...made, bytes: found.size, at: found.mtime.toISOString() };
      }),

    listBackups: async (addon) => {
      const layout = await findLayout(await home(), addon);
      return layout === undefined ? [] : listBackups(layout);
    },

    restore: (addon, from, operation = {}) =>
      withAddon(addon, operation, async (service, context) => {
        await service.restore(context, await chooseBackup(context.layout, from));
      }),

    connect: (addon) => withAddon(addon, {}, (service, context) => service.connect(context)),
  };
}
