import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DeployError, redact } from "@deploy/core";
import { buildLogOf } from "../build-log.js";
import type { ReleaseRecord, ReleaseRequest } from "../protocol.js";
import { withSecretLock } from "../secret-lock.js";
import { type EnvironmentState, environmentDirectory, type StateWriter } from "./environment-state.js";
import { serviceId } from "./formation.js";
import type { Machinery } from "./machinery.js";
import { sensitivePrefix } from "./process-environment.js";
import { makeReleaseDirectory } from "./release-directory.js";

/** The releases of one environment: numbered, never edited, ready to run. */
export interface ReleaseBook {
  /** @throws `containers.unknown-release` with those there are. */
  find(number: number): ReleaseRecord;
  /** The one in service. @throws `containers.not-deployed`. */
  serving(): ReleaseRecord;
  /** Stores a release under the next number; the newest one again when it is the same. */
  create(request: ReleaseRequest): Promise<ReleaseRecord>;
  /** Makes the directory and the stable ports of a release; nothing to do when they are there. */
  prepare(release: ReleaseRecord): Promise<void>;
  /** A stable loopback port for a process: its fellows are told of it before anything of it runs. */
  reservePort(process: string): Promise<number>;
}

/** Opens the releases of one environment. */
export function createReleaseBook(
  machinery: Machinery,
  state: EnvironmentState,
  writer: StateWriter,
): ReleaseBook {
  const { app, environment } = state;
  const directory = environmentDirectory(machinery.home, app, environment);

  const find = (number: number): ReleaseRecord => {
    const release = state.releases.find((one) => one.number === number);
    if (release !== undefined) return release;
    throw new DeployError({
      code: "containers.unknown-release",
      message: `There is no release ${number} of ${app} in ${environment}.`,
      hint: `Known: ${state.releases.map((one) => one.number).join(", ") || "none"}.`,
    });
  };

  const openPort = async (process: string): Promise<number> => {
    const service = serviceId(app, environment, process);
    const known = state.ports[process];
    if (known !== undefined && machinery.proxy.servers().has(`service:${service}`)) return known;
    const { port } = await machinery.proxy.listenService(service, { port: known ?? 0, host: "127.0.0.1" });
    state.ports[process] = port;
    return port;
  };

  const prepare = async (release: ReleaseRecord): Promise<void> => {
    for (const process of release.processes) if (process.listens) await openPort(process.name);
    await makeReleaseDirectory({
      image: release.image.location,
      directory: join(directory, "releases", String(release.number)),
      volumes: join(directory, "volumes"),
      processes: release.processes,
    });
  };

  const storeSensitive = async (request: ReleaseRequest): Promise<ReleaseRecord["sensitiveConfig"]> => {
    const stored = [...request.storedSensitiveConfig];
    await withSecretLock(machinery.home, async (secrets) => {
      for (const [name, value] of Object.entries(request.sensitiveConfig)) {
        const key = `${sensitivePrefix}${name}`;
        const version = await secrets.set(app, environment, key, redact(value), { by: "release" });
        stored.push({ name, version: String(version) });
      }
    });
    return stored.sort((a, b) => (a.name < b.name ? -1 : 1));
  };

  const storeBuildOutput = async (release: ReleaseRecord): Promise<void> => {
    const text = await readFile(buildLogOf(release.image.location), "utf8").catch(() => "");
    if (text === "") return;
    const scope = { app, environment, release: release.number };
    await machinery.logs.appendReleaseOutput({ ...scope, command: "build", text });
  };

  return {
    find,
    prepare,
    serving() {
      if (state.serving !== undefined) return find(state.serving.release);
      throw new DeployError({
        code: "containers.not-deployed",
        message: `Nothing of ${app} is in service in ${environment}.`,
        hint: "Run: deploy up",
      });
    },
    async reservePort(process) {
      const port = await openPort(process);
      await writer.save();
      return port;
    },
    async create(request) {
      const sensitiveConfig = await storeSensitive(request);
      const { image, config, secrets, processes, jobs, origin, path } = request;
      const content = { image, config, secrets, processes, jobs, sensitiveConfig };
      const newest = state.releases.at(-1);
      // A lost answer is asked for again: the newest release with the same content is that answer, unless another one
      // was meant, as a rollback does.
      const asked = newest !== undefined && newest.origin.repeats === origin.repeats;
      if (asked && contentOf(newest) === contentOf(content)) return newest;
      const number = state.lastRelease + 1;
      const createdAt = new Date().toISOString();
      const release: ReleaseRecord = { ...content, number, state: "pending", origin, path, createdAt };
      await prepare(release);
      await storeBuildOutput(release);
      state.lastRelease = number;
      state.releases = [...state.releases, release];
      await writer.save();
      return release;
    },
  };
}

/** What makes one release another than the one before, as text to compare. */
function contentOf(
  release: Pick<ReleaseRecord, "image" | "config" | "secrets" | "processes" | "jobs" | "sensitiveConfig">,
): string {
  const config = Object.entries(release.config).sort(([a], [b]) => (a < b ? -1 : 1));
  const { image, secrets, processes, jobs, sensitiveConfig } = release;
  return JSON.stringify([image.digest, config, secrets, processes, jobs, sensitiveConfig]);
}
