import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type EnvironmentState, environmentDirectory, type StateWriter } from "./environment-state.js";
import type { Machinery } from "./machinery.js";
import { sensitivePrefix } from "./process-environment.js";

/** Releases that stay, so that a rollback can go back four. */
export const releasesKept = 5;

/** Removes what releases older than the newest five have left: records, directories, stored output, secret versions. */
export async function pruneReleases(
  machinery: Machinery,
  state: EnvironmentState,
  writer: StateWriter,
): Promise<void> {
  const { app, environment } = state;
  const newest = new Set(state.releases.slice(-releasesKept).map((release) => release.number));
  const running = new Set(state.instances.map((instance) => instance.release));
  const stays = (number: number): boolean =>
    newest.has(number) || running.has(number) || number === state.serving?.release;
  const gone = state.releases.filter((release) => !stays(release.number));
  state.releases = state.releases.filter((release) => stays(release.number));
  await writer.save();
  for (const release of gone)
    await machinery.logs.removeRelease({ app, environment, release: release.number });

  const directory = join(environmentDirectory(machinery.home, app, environment), "releases");
  for (const name of await readdir(directory).catch(() => [])) {
    if (!stays(Number(name))) await rm(join(directory, name), { recursive: true, force: true });
  }
  const keep: Record<string, number[]> = {};
  for (const release of state.releases) {
    for (const { name, version } of [
      ...release.secrets,
      ...release.sensitiveConfig.map((one) => ({ ...one, name: `${sensitivePrefix}${one.name}` })),
    ]) {
      keep[name] = [...(keep[name] ?? []), Number(version)];
    }
  }
  await machinery.secrets.prune(app, environment, keep);
}
