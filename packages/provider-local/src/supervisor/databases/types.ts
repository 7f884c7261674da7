import type { Redacted } from "@deploy/core";

/** The kinds of backing service this module can run. */
export type AddonKind = "postgres" | "redis";

/** Which add-on: one name inside one environment of one app. Letters, digits, `.`, `_`, `-`; `/` in `environment`. */
export interface AddonId {
  readonly app: string;
  readonly environment: string;
  readonly name: string;
}

/** What {@link Databases.ensure} is asked to bring about. */
export interface AddonRequest extends AddonId {
  readonly kind: AddonKind;
  /** Postgres only: extensions to create in the app's database. Default none. */
  readonly extensions?: readonly string[];
  /** Major version, such as `"16"`. Default: whatever this machine has. Fixed once the add-on exists. */
  readonly version?: string;
  /** Absolute directory of the app, where npm-installed Postgres binaries are looked for. */
  readonly directory?: string;
}

/** How one call is watched and stopped. */
export interface Operation {
  /** Stops the call; what was half made is finished or cleared by the next `ensure` or `remove`. */
  readonly signal?: AbortSignal | undefined;
  /** Hears one line per step, without secrets. */
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** An add-on that is running and accepts connections. */
export interface RunningAddon {
  readonly kind: AddonKind;
  /** `postgres://app:…@127.0.0.1:<port>/<database>` or `redis://:…@127.0.0.1:<port>/0`. */
  readonly url: Redacted<string>;
  readonly host: "127.0.0.1";
  /** Chosen when the add-on is created, and never changed afterwards. */
  readonly port: number;
  readonly pid: number;
  /** Full version of the server, such as `15.18`. */
  readonly version: string;
  /** True when this call made the add-on, false when it was there already. */
  readonly created: boolean;
  /** True when this call started the server, false when it was running already. */
  readonly started: boolean;
}

/** What is known about an add-on without changing anything. */
export interface AddonStatus extends AddonId {
  readonly kind: AddonKind;
  readonly state: "running" | "stopped";
  readonly port: number;
  readonly pid?: number;
  /** Full version of the server; absent before the first successful start. */
  readonly version?: string;
  /** Bytes on disk, backups not counted. */
  readonly bytes: number;
  /** Bytes of the backups kept. */
  readonly backupBytes: number;
  /** Absolute path of the server's log. */
  readonly logFile: string;
  /** Absolute path of the directory that holds all of the add-on. */
  readonly directory: string;
}

/** How a backup is written: `pg_dump -Fc`, a gzipped physical base backup with its WAL, or a Redis RDB file. */
export type BackupFormat = "pg-dump" | "base-backup" | "rdb";

/** One backup that is kept. */
export interface Backup {
  readonly release: number;
  /** Absolute path. */
  readonly file: string;
  readonly format: BackupFormat;
  readonly bytes: number;
  /** When it was finished, ISO 8601, UTC. */
  readonly at: string;
}

/** A command for a terminal: spawn `argv` with `env` added to its own environment. */
export interface Connection {
  readonly argv: readonly [string, ...string[]];
  /** Holds the password: never in `argv`, where every user of the machine could read it. */
  readonly env: Readonly<Record<string, Redacted<string>>>;
}

/** What the backing services need from their surroundings. */
export interface DatabasesOptions {
  /** Absolute path of Deploy's own directory; add-ons live in `<home>/databases`. */
  readonly home: string;
  /** Environment to find binaries by (`PATH`) and to install them with (proxies, npm settings). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hears what an operator should know, one line, without secrets. */
  readonly log: (line: string) => void;
}

/** The backing services of one user on this machine; all state is in the file system, so any number of restarts is fine. */
export interface Databases {
  /** Creates, starts or adopts the add-on, until it accepts connections. Errors: `addons.*`. */
  ensure(addon: AddonRequest, operation?: Operation): Promise<RunningAddon>;
  /** What is there; `undefined` when the add-on does not exist. */
  status(addon: AddonId): Promise<AddonStatus | undefined>;
  /** Every add-on that exists, in the order of their names. */
  list(): Promise<readonly AddonStatus[]>;
  /** Stops the server and keeps its data. Stopping what is stopped or missing is fine. */
  stop(addon: AddonId, operation?: Operation): Promise<void>;
  /** Stops the server and deletes its data, backups, logs and sockets. Removing what is missing is fine. */
  remove(addon: AddonId, operation?: Operation): Promise<void>;
  /** Writes a backup named by release number and deletes all but the newest 5. The server must be running. */
  backup(addon: AddonId, release: number, operation?: Operation): Promise<Backup>;
  /** The backups kept, newest first. */
  listBackups(addon: AddonId): Promise<readonly Backup[]>;
  /**
   * Puts a backup in the place of the data: a file, or a release number.
   *
   * The backup is loaded beside the data first, and takes its place by rename: one that cannot be loaded changes nothing.
   * Connections of the app are ended, and what was written after the backup is lost.
   */
  restore(addon: AddonId, from: string | number, operation?: Operation): Promise<void>;
  /** The command that opens a shell on the add-on. Errors: `addons.psql-missing`, `addons.redis-cli-missing`. */
  connect(addon: AddonId): Promise<Connection>;
}
