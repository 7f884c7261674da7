import type { ResolvedAddon, Scope } from "@deploy/core";
import type { ContainerDefinition } from "../containers/task-definition.js";
import type { Parts } from "../parts.js";
import { addonImage, addonPort, awsCliImage, databaseUser, gateway } from "./names.js";

/** The part of a volume that containers of one task hand on to each other. */
export const sharedVolume: { readonly name: string } = { name: "backup" };
const shared = [{ sourceVolume: sharedVolume.name, containerPath: "/backup", readOnly: false }];

/** How a client of an add-on finds it: what `psql` and `redis-cli` read from their environment, and where the password is. */
export function clientOf(
  scope: Scope,
  addon: ResolvedAddon,
  password: string,
  at: { readonly host: string; readonly port: number } = {
    host: gateway,
    port: addonPort(scope, addon.name),
  },
): Pick<ContainerDefinition, "environment" | "secrets"> {
  if (addon.kind === "redis") {
    return {
      environment: [
        { name: "REDIS_HOST", value: at.host },
        { name: "REDIS_PORT", value: String(at.port) },
      ],
      secrets: [{ name: "REDISCLI_AUTH", valueFrom: password }],
    };
  }
  return {
    environment: [
      { name: "PGHOST", value: at.host },
      { name: "PGPORT", value: String(at.port) },
      { name: "PGUSER", value: databaseUser },
      { name: "PGDATABASE", value: databaseUser },
      { name: "PGCONNECT_TIMEOUT", value: "20" },
    ],
    secrets: [{ name: "PGPASSWORD", valueFrom: password }],
  };
}

function shell(name: string, image: string, script: string): ContainerDefinition {
  return { name, image, entryPoint: ["sh", "-c"], command: [script] };
}

/** Installs extensions; those that are there stay. The names are checked before they come here. */
export function extensionContainer(
  parts: Parts,
  addon: ResolvedAddon,
  client: ReturnType<typeof clientOf>,
): ContainerDefinition {
  const statements = addon.extensions.map((name) => `-c 'CREATE EXTENSION IF NOT EXISTS "${name}" CASCADE'`);
  return {
    ...shell(
      "extensions",
      addonImage(parts.settings, addon),
      `exec psql --no-psqlrc -v ON_ERROR_STOP=1 ${statements.join(" ")}`,
    ),
    essential: true,
    ...client,
  };
}

/**
 * Dumps to the shared volume, then copies to the bucket. What is there under its name is whole: the dump gets its name at its
 * end, and S3 shows an object once all of it has come.
 */
export function backupContainers(
  parts: Parts,
  addon: ResolvedAddon,
  client: ReturnType<typeof clientOf>,
  target: { readonly bucket: string; readonly key: string },
): readonly ContainerDefinition[] {
  const dump =
    addon.kind === "redis"
      ? 'redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" --rdb /backup/part'
      : "pg_dump --format=custom --file=/backup/part";
  return [
    {
      ...shell("dump", addonImage(parts.settings, addon), `set -e; ${dump}; mv /backup/part /backup/dump`),
      ...client,
      essential: false,
      mountPoints: shared,
    },
    {
      ...shell(
        "upload",
        awsCliImage(parts.settings),
        // When the dump has failed, its own exit code says so.
        `test -f /backup/dump || exit 1; exec aws s3 cp --only-show-errors /backup/dump 's3://${target.bucket}/${target.key}'`,
      ),
      environment: [{ name: "AWS_REGION", value: parts.settings.region }],
      essential: true,
      dependsOn: [{ containerName: "dump", condition: "COMPLETE" }],
      mountPoints: shared,
    },
  ];
}

/** Fetches a backup, loads it beside the present data, and puts it in its place in one step. */
export function restoreContainers(
  parts: Parts,
  addon: ResolvedAddon,
  client: ReturnType<typeof clientOf>,
  source: { readonly bucket: string; readonly key: string },
): readonly ContainerDefinition[] {
  return [
    {
      ...shell(
        "download",
        awsCliImage(parts.settings),
        `aws s3 cp --only-show-errors 's3://${source.bucket}/${source.key}' /backup/part && mv /backup/part /backup/dump`,
      ),
      environment: [{ name: "AWS_REGION", value: parts.settings.region }],
      essential: false,
      mountPoints: shared,
    },
    {
      ...shell("restore", addonImage(parts.settings, addon), restoreScript),
      ...client,
      essential: true,
      dependsOn: [{ containerName: "download", condition: "COMPLETE" }],
      mountPoints: shared,
    },
  ];
}

/**
 * Both renames are one transaction, which Postgres lets be made while nobody is connected: nobody may connect, and who is
 * there is sent away. Until then the present data is untouched.
 */
const restoreScript: string = [
  "set -e",
  "test -f /backup/dump",
  'sql() { psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=postgres "$@"; }',
  "sql -c 'DROP DATABASE IF EXISTS app_restored' -c 'CREATE DATABASE app_restored'",
  "pg_restore --exit-on-error --no-owner --dbname=app_restored /backup/dump",
  "sql -c 'DROP DATABASE IF EXISTS app_before'",
  `sql -c 'ALTER DATABASE ${databaseUser} ALLOW_CONNECTIONS false'`,
  `trap "sql -c 'ALTER DATABASE ${databaseUser} ALLOW_CONNECTIONS true'" EXIT`,
  `sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${databaseUser}'" >/dev/null`,
  `sql -c 'BEGIN; ALTER DATABASE ${databaseUser} RENAME TO app_before; ALTER DATABASE app_restored RENAME TO ${databaseUser}; COMMIT'`,
  "sql -c 'DROP DATABASE app_before'",
].join("\n");
