import { mkdirSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { JobStatus, Route } from "@deploy/core";
import { environmentFileName, type Home } from "../home.js";
import { readJson, writeFileAtomic } from "../operating-system/atomic-file.js";
import type { AddonRecord, ReleaseCommandRecord, ReleaseRecord, ServingRecord } from "../protocol.js";

/** Why an instance runs: it is being tried, it serves, or it ends what it has begun. */
export type InstanceRole = "starting" | "serving" | "draining";

/** One run of one instance, written down before it is started, so that no death of the supervisor loses it. */
export interface InstanceRecord {
  /** Unique to this run; the process carries it as `DEPLOY_RUN_ID`. */
  readonly run: string;
  /** `web.1`. */
  readonly name: string;
  readonly process: string;
  readonly release: number;
  readonly role: InstanceRole;
  readonly startedAt: string;
  readonly port?: number;
  /** Absent between the decision to start and the start. */
  readonly pid?: number;
  readonly startTime?: string;
}

/** A command of the supervisor's own (release command, job) that is running, so that an orphan can be found. */
export interface CommandRecord {
  readonly run: string;
  readonly pid?: number;
  readonly startTime?: string;
}

/** What is kept of one environment; everything here survives the supervisor. */
export interface EnvironmentState {
  readonly version: 1;
  readonly app: string;
  readonly environment: string;
  lastRelease: number;
  releases: ReleaseRecord[];
  serving?: ServingRecord | undefined;
  rollout?: { readonly release: number } | undefined;
  releaseCommand?: ReleaseCommandRecord | undefined;
  routes: readonly Route[];
  addons: AddonRecord[];
  ports: Record<string, number>;
  instances: InstanceRecord[];
  commands: CommandRecord[];
  jobs: Record<string, NonNullable<JobStatus["lastRun"]>>;
}

/** A new environment: nothing in it. */
export function emptyState(app: string, environment: string): EnvironmentState {
  return {
    version: 1,
    app,
    environment,
    lastRelease: 0,
    releases: [],
    routes: [],
    addons: [],
    ports: {},
    instances: [],
    commands: [],
    jobs: {},
  };
}

/** The directory of one environment: state, working directories, volumes. */
export function environmentDirectory(home: Home, app: string, environment: string): string {
  return join(home.environments, app, environmentFileName(environment));
}

function isState(value: unknown): value is EnvironmentState {
  const state = value as Partial<EnvironmentState> | null;
  return (
    typeof state === "object" &&
    state !== null &&
    state.version === 1 &&
    typeof state.app === "string" &&
    typeof state.environment === "string" &&
    typeof state.lastRelease === "number" &&
    [state.releases, state.routes, state.addons, state.instances, state.commands].every(Array.isArray)
  );
}

/**
 * The state of one environment as the disk has it.
 *
 * @throws `servers.state-corrupted`, with the bad file set aside.
 */
export function loadState(
  home: Home,
  app: string,
  environment: string,
): Promise<EnvironmentState | undefined> {
  return readJson(join(environmentDirectory(home, app, environment), "state.json"), isState);
}

/** Every environment there is a directory for, by app and file name. */
export function listEnvironments(home: Home): { readonly app: string; readonly file: string }[] {
  const list = (directory: string): string[] => {
    try {
      return readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name);
    } catch {
      return [];
    }
  };
  return list(home.environments).flatMap((app) =>
    list(join(home.environments, app)).map((file) => ({ app, file })),
  );
}

/** Writes the state of one environment, one write at a time; the last call's state wins. */
export interface StateWriter {
  /** On the disk when it resolves. */
  save(): Promise<void>;
  /** Removes the environment's directory, once no write is under way. */
  remove(): Promise<void>;
}

/** The writer of `state`, which the caller goes on changing. */
export function createStateWriter(home: Home, state: EnvironmentState): StateWriter {
  const directory = environmentDirectory(home, state.app, state.environment);
  let last: Promise<void> = Promise.resolve();
  let removed = false;
  return {
    save() {
      const write = async (): Promise<void> => {
        if (removed) return;
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        await writeFileAtomic(join(directory, "state.json"), `${JSON.stringify(state, undefined, 1)}\n`);
      };
      const done = last.then(write);
      last = done.catch(() => {});
      return done;
    },
    async remove() {
      removed = true;
      await last;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
