import {
  type AddonStatus,
  type Addons,
  type Backup,
  type Context,
  DeployError,
  output,
  type Redacted,
  type Resource,
  redact,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { connect, idOf, localResource, pathOf, readView, type Settings } from "./resources.js";
import { supervisorResource } from "./servers.js";
import type { Backup as StoredBackup, AddonStatus as StoredStatus } from "./supervisor/databases/types.js";

interface DesiredAddon {
  readonly name: string;
  readonly kind: string;
  readonly extensions: readonly string[];
  readonly version: string | null;
}

type ObservedAddon = DesiredAddon & { readonly url: Redacted; readonly running: boolean };

/** What the user may call each kind. */
const titles: Readonly<Record<string, string>> = { postgres: "PostgreSQL", redis: "Redis" };

/** Backing services on this machine: a real PostgreSQL or Redis for each add-on. */
export function createAddons(settings: Settings): Addons {
  return {
    capabilities: { kinds: { postgres: true, redis: true }, backup: true, restore: true, connect: true },

    addon(scope, addon) {
      const database = localResource<DesiredAddon, ObservedAddon>("addons", {
        id: idOf("addons", scope, addon.name),
        label: `${addon.kind} ${addon.name}`,
        holdsData: `database ${addon.name}`,
        desired: {
          name: addon.name,
          kind: addon.kind,
          extensions: addon.extensions,
          version: addon.version ?? null,
        } as never,
        after: [supervisorResource(settings)],
        async read(context) {
          const known = (await readView(context, scope))?.addons.find((one) => one.name === addon.name);
          if (known === undefined) return undefined;
          const { client } = connect(context);
          const answer = await client
            .call<{ url: string } | null>("GET", pathOf(scope, "addons", addon.name, "url"))
            .catch((thrown: unknown) => {
              if (DeployError.is(thrown) && thrown.code === "servers.not-running") return null;
              throw thrown;
            });
          return {
            name: known.name,
            kind: known.kind,
            extensions: known.extensions,
            version: known.version ?? null,
            url: redact(answer?.url ?? ""),
            running: answer !== null,
          };
        },
        diff(desired, observed) {
          if (desired === UNKNOWN) return [];
          const changes = [];
          if (addon.kind !== observed.kind)
            changes.push({ path: "kind", from: observed.kind, to: addon.kind });
          const missing = addon.extensions.filter((one) => !observed.extensions.includes(one));
          if (missing.length > 0)
            changes.push({ path: "extensions", from: observed.extensions, to: addon.extensions });
          if (addon.version !== undefined && addon.version !== observed.version) {
            changes.push({ path: "version", from: observed.version, to: addon.version });
          }
          if (!observed.running) changes.push({ path: "state", from: "stopped", to: "running" });
          return changes;
        },
        create: (context, desired) => ensure(context, scope, desired),
        update(context, desired, observed) {
          if (desired.kind === observed.kind) return ensure(context, scope, desired);
          throw new DeployError({
            code: "addons.other-kind",
            message: `${addon.name} is a ${titles[observed.kind] ?? observed.kind} already.`,
            hint: "Give the new add-on another name; the old one is kept until you name it for deletion.",
          });
        },
      });
      return {
        resources: [database],
        config: { [addon.as]: output(database, (observed) => observed.url) },
        ready: [database],
      };
    },

    backupBefore(scope, addon, release) {
      const id = idOf("addons", scope, `${addon.name}/backup`);
      const take = async (context: Context, desired: { release: number }): Promise<{ release: number }> => {
        // Before the first release there is nothing that a migration could spoil.
        if (desired.release > 1) {
          await connect(context).client.call("POST", pathOf(scope, "addons", addon.name, "backups"), {
            release: desired.release,
            beforeRelease: true,
          });
        }
        return { release: desired.release };
      };
      return localResource<{ release: number }, { release: number }>("addons", {
        id,
        label: `backup of ${addon.name}`,
        verb: "back up",
        desired: { release },
        async read(context) {
          const view = await readView(context, scope);
          const known = view?.addons.find((one) => one.name === addon.name);
          if (known === undefined) return undefined;
          // What is in service needs no backup any more; only the next release does.
          return { release: Math.max(known.backedUpBefore, view?.serving?.release ?? 0) };
        },
        diff(desired, observed) {
          if (desired === UNKNOWN || desired.release === UNKNOWN) {
            return [{ path: "before release", from: observed.release, unknown: true }];
          }
          return desired.release > observed.release
            ? [{ path: "before release", from: observed.release, to: desired.release }]
            : [];
        },
        create: take,
        update: (context, desired) => take(context, desired),
      }) as Resource;
    },

    async status(context, scope) {
      const known = (await readView(context, scope))?.addons ?? [];
      const { client } = connect(context);
      return Promise.all(
        known.map(async ({ name, kind }): Promise<AddonStatus> => {
          const stored = await client.call<StoredStatus | null>("GET", pathOf(scope, "addons", name));
          if (stored === null)
            return { name, kind, state: "failed", description: "it is gone from the disk" };
          const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
          const version = [titles[kind] ?? kind, stored.version].filter(Boolean).join(" ");
          return {
            name,
            kind,
            state: stored.state,
            description: `${version}, ${megabytes(stored.bytes)}, backups ${megabytes(stored.backupBytes)}`,
          };
        }),
      );
    },

    async backups(context, scope, name) {
      const { client } = connect(context);
      return (await client.call<StoredBackup[]>("GET", pathOf(scope, "addons", name, "backups"))).map(
        describeBackup,
      );
    },

    async backup(context, scope, name) {
      const { client } = connect(context);
      // A backup by hand takes the number of the release it is of, and replaces that one's earlier backup.
      const release = (await client.view(scope.app, scope.environment))?.serving?.release ?? 0;
      return describeBackup(
        await client.call<StoredBackup>("POST", pathOf(scope, "addons", name, "backups"), { release }),
      );
    },

    async restore(context, scope, name, backup) {
      const from = /^\d+$/.test(backup) ? Number(backup) : backup;
      await connect(context).client.call("POST", pathOf(scope, "addons", name, "restore"), { backup: from });
    },

    async connect(context, scope, name) {
      const { argv, env } = await connect(context).client.call<{
        argv: string[];
        env: Record<string, string>;
      }>("GET", pathOf(scope, "addons", name, "connect"));
      return {
        argv,
        env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, redact(value)])),
      };
    },
  };
}

async function ensure(context: Context, scope: Scope, desired: DesiredAddon): Promise<ObservedAddon> {
  const { client } = connect(context);
  const { version, ...rest } = desired;
  const answer = await client.call<{ url: string }>("PUT", pathOf(scope, "addons", desired.name), {
    ...rest,
    ...(version === null ? {} : { version }),
    directory: context.directory,
  });
  return { ...desired, url: redact(answer.url), running: true };
}

function describeBackup(backup: StoredBackup): Backup {
  return { id: String(backup.release), createdAt: backup.at, bytes: backup.bytes, release: backup.release };
}
