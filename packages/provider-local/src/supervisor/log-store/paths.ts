import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DeployError } from "@deploy/core";

/** Whose logs: every environment of every app has its own segments, order and bounds. */
export interface LogScope {
  readonly app: string;
  /** May hold slashes, such as `review/12`. */
  readonly environment: string;
}

/** Where one environment's logs are on disk. */
export interface LogPaths {
  readonly base: string;
  readonly segments: string;
  readonly releases: string;
}

const appName = /^[a-z0-9][a-z0-9-]*$/;
const environmentName = /^[a-z0-9][a-z0-9-]*(?:\/[a-z0-9][a-z0-9-]*)*$/;

/**
 * The folders of one environment under `directory`; a slash in its name is percent-encoded.
 *
 * @throws `logs.bad-name` when a name could lead anywhere else.
 */
export function logPaths(directory: string, scope: LogScope): LogPaths {
  if (!appName.test(scope.app)) throw badName("app", scope.app);
  if (!environmentName.test(scope.environment)) throw badName("environment", scope.environment);
  const base = join(directory, scope.app, encodeURIComponent(scope.environment));
  return { base, segments: join(base, "segments"), releases: join(base, "releases") };
}

function badName(what: string, name: string): DeployError {
  return new DeployError({
    code: "logs.bad-name",
    message: `${JSON.stringify(name)} is not the name of an ${what}.`,
    hint: "Use lower-case letters, digits and dashes.",
  });
}

/** What the name of a segment file says: enough to skip it without opening it. */
export interface SegmentName {
  readonly file: string;
  /** Sequence number of its first line. */
  readonly sequence: number;
  /** No line in it is older, in milliseconds since 1970. */
  readonly time: number;
  /** Changes when logs were removed and begun anew, so that old cursors are recognised. */
  readonly epoch: string;
}

const segmentPattern = /^(\d{16})\.(\d{1,15})\.([0-9a-z]{1,16})\.log$/;

/** The file name of a segment. */
export function segmentFile(sequence: number, time: number, epoch: string): string {
  return `${String(sequence).padStart(16, "0")}.${time}.${epoch}.log`;
}

/** Reads a segment's file name; `undefined` for files that are none. */
function parseSegmentFile(file: string): SegmentName | undefined {
  const match = segmentPattern.exec(file);
  if (match === null) return undefined;
  return { file, sequence: Number(match[1]), time: Number(match[2]), epoch: match[3]! };
}

/** Turns the entries of a folder into its segments, oldest first. */
export function sortSegments(entries: readonly string[]): SegmentName[] {
  const segments: SegmentName[] = [];
  for (const entry of entries) {
    const name = parseSegmentFile(entry);
    if (name !== undefined) segments.push(name);
  }
  return segments.sort((left, right) => left.sequence - right.sequence || left.time - right.time);
}

/** The segments in a folder, oldest first; none when the folder does not exist. */
export async function listSegments(folder: string): Promise<SegmentName[]> {
  try {
    return sortSegments(await readdir(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
