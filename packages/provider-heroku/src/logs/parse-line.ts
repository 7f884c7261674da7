import type { LogStream } from "@deploy/core";

/** One line of a log session, taken apart. */
export interface HerokuLine {
  /** As Heroku wrote it, microseconds included: `2022-09-06T21:18:59.003757+00:00`. */
  readonly stamp: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `app` is what the app and its add-ons print, `heroku` is the platform. */
  readonly source: string;
  /** What stands in brackets: `web.1`, `router`, `api`, `release.4711`, `heroku-postgres`. */
  readonly emitter: string;
  readonly text: string;
}

/** Where a line belongs in the terms of every provider. */
export interface LinePlace {
  readonly process: string;
  readonly instance: string;
  readonly stream: LogStream;
}

/** `<time> <source>[<emitter>]: <text>`, the layout of Heroku's log sessions (Dev Center, "Logging"). */
const layout =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) ([^\s[\]]+)\[([^\]]*)\]: ?/;

/**
 * Takes a line apart. The text is untrusted and left as it is, escape sequences and all.
 *
 * @returns undefined for what has another layout: half a line, or a note of a proxy on the way.
 */
export function parseLine(line: string): HerokuLine | undefined {
  const found = layout.exec(line);
  if (found === null) return undefined;
  const [head, stamp = "", source = "", emitter = ""] = found;
  const at = Date.parse(stamp);
  if (Number.isNaN(at)) return undefined;
  return { stamp, at, source, emitter, text: line.slice(head.length) };
}

/** Number of a dyno, at the end of its name. */
const dynoName = /^([-\w]+)\.(\d+)$/;

/**
 * The process and the instance that a line is about.
 *
 * The router names the dyno that it has asked in the line itself. What the API says about builds belongs to `build`,
 * about all else to `release`. Heroku does not tell the two outputs of a process apart: all of it is `stdout`.
 */
export function placeOf(line: HerokuLine): LinePlace {
  const stream: LogStream = line.source === "app" && line.emitter !== "api" ? "stdout" : "system";
  const dyno = dynoName.exec(line.emitter);
  if (dyno !== null) return { process: dyno[1]!, instance: line.emitter, stream };
  if (line.emitter === "api") {
    const process = line.text.startsWith("Build ") ? "build" : "release";
    return { process, instance: "api", stream };
  }
  if (line.emitter === "router") {
    const asked = /(?:^|\s)dyno=([-\w]+)\.(\d+)(?=\s|$)/.exec(line.text);
    if (asked !== null) return { process: asked[1]!, instance: `${asked[1]}.${asked[2]}`, stream };
    return { process: "web", instance: "router", stream };
  }
  return { process: line.emitter, instance: line.emitter, stream };
}
