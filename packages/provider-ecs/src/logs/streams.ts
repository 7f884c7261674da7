/** What the name of a log stream tells. */
export interface StreamName {
  /** As logs name it: `web`, `release`, `run`, `job:nightly`. */
  readonly process: string;
  /** The first part of the name: `web`, `job.nightly`. */
  readonly source: string;
  readonly release?: number;
  /** The id of the task. */
  readonly task?: string;
  /** `web/3`: what all streams of this process in this release begin with. */
  readonly prefix: string;
  /** A process, and nothing that runs once. */
  readonly isProcess: boolean;
}

/**
 * Reads the name of a stream: prefix, container and task, as the log driver joins them, with the prefix
 * `<process>/<release>` of our task definitions. Any other name is one of a process of its first part.
 */
export function readStream(name: string): StreamName {
  const found = /^([^/]+)\/(\d+)\/[^/]+\/([^/]+)$/.exec(name);
  const source = found?.[1] ?? name.split("/")[0] ?? name;
  const process = source.startsWith("job.") ? `job:${source.slice(4)}` : source;
  const isProcess =
    !source.startsWith("job.") && source !== "release" && source !== "run" && source !== "build";
  const task = found?.[3] ?? name.split("/").at(-1);
  return {
    process,
    source,
    isProcess,
    prefix: found === null ? source : `${found[1]}/${found[2]}`,
    ...(found === null ? {} : { release: Number(found[2]) }),
    ...(task === undefined ? {} : { task }),
  };
}

/** What the names of streams have to begin with for a query; undefined: anything. CloudWatch takes one beginning only. */
export function streamPrefixOf(query: {
  readonly processes?: readonly string[];
  readonly release?: number;
}): string | undefined {
  const [only, ...others] = query.processes ?? [];
  if (only === undefined || others.length > 0) return undefined;
  const source = only.replace(":", ".");
  // Builds are named by their images: several releases may be of one.
  if (source === "build") return "build/";
  return query.release === undefined ? `${source}/` : `${source}/${query.release}/`;
}
