import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { listImages, pruneImages } from "../image-store/index.js";
import { withSecretLock } from "../secret-lock.js";
import {
  type EnvironmentState,
  environmentDirectory,
  listEnvironments,
  loadState,
  type StateWriter,
} from "./environment-state.js";
import type { Machinery } from "./machinery.js";
import { sensitivePrefix } from "./process-environment.js";

/** An image younger than this is never pruned, in milliseconds: one hour. */
const recentMs = 3_600_000;

/** Releases that stay, so that a rollback can go back four. */
const releasesKept = 5;

/** Removes what releases older than the newest five have left: records, directories, stored output, secret versions. */
export async function pruneReleases(
  machinery: Machinery,
  state: EnvironmentState,
  writer: StateWriter,
): Promise<void> {
  const { app, environment } = state;
  // Failed ones do not count: five that can be gone back to stay, and whatever came between them.
  const good = state.releases
    .filter((release) => release.state !== "failed")
    .map((release) => release.number);
  const oldest = good.at(-releasesKept) ?? 0;
  const running = new Set(state.instances.map((instance) => instance.release));
  const stays = (number: number): boolean =>
    number >= oldest || running.has(number) || number === state.serving?.release;
  const gone = state.releases.filter((release) => !stays(release.number));
  state.releases = state.releases.filter((release) => stays(release.number));
  await writer.save();
  for (const release of gone)
    await machinery.logs.removeRelease({ app, environment, release: release.number });

  const directory = join(environmentDirectory(machinery.home, app, environment), "releases");
  for (const name of await readdir(directory).catch(() => [])) {
    if (!stays(Number.parseInt(name, 10))) await rm(join(directory, name), { recursive: true, force: true });
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
  await withSecretLock(machinery.home, (secrets) => secrets.prune(app, environment, keep));
  await pruneImagesOf(machinery, app);
}

/** Removes images that no kept release of any environment is made of. */
async function pruneImagesOf(machinery: Machinery, app: string): Promise<void> {
  const keep = new Set<string>();
  for (const found of listEnvironments(machinery.home)) {
    if (found.app !== app) continue;
    const state = await loadState(machinery.home, app, found.file.replaceAll("--", "/"));
    for (const release of state?.releases ?? []) keep.add(release.image.digest);
  }
  const home = machinery.home.directory;
  const now = Date.now();
  for (const image of await listImages({ home, app })) {
    // Somebody may have built it a moment ago, and be about to make a release of it.
    if (now - Date.parse(image.createdAt) < recentMs) keep.add(image.digest);
  }
  await pruneImages({ home, app, keep: [...keep] });
}
