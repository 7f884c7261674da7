import { type Context, DeployError, type LogLine, type LogQuery, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuRelease } from "../api-types.js";
import { readOutput } from "../containers/output-stream.js";
import { listBuilds } from "../containers/state.js";
import { unlessMissing } from "../errors.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { readLines } from "./line-reader.js";

/**
 * The stored output of a release's build and of its release command, in this order.
 *
 * Heroku's lines do not say of which release a dyno was: of a release, nothing else can be shown. Stored output has no
 * times: its lines have the time at which the build or the release began.
 *
 * @throws `logs.unsupported` for other processes, `containers.unknown-release`.
 */
export async function* storedOutput(
  own: Surroundings,
  context: Context,
  scope: Scope,
  query: LogQuery,
): AsyncGenerator<LogLine, void, undefined> {
  const number = query.release ?? 0;
  const wanted = query.processes ?? ["build", "release"];
  const other = wanted.find((name) => name !== "build" && name !== "release");
  if (other !== undefined) {
    throw new DeployError({
      code: "logs.unsupported",
      message: `Heroku's lines of ${other} do not say of which release they are.`,
      hint: "Ask for a time instead (--since), or for the processes build and release.",
    });
  }
  const app = appOf(own, scope);
  const release = await unlessMissing(
    own.api.get<HerokuRelease>(context, path`/apps/${app}/releases/${number}`, { version: "3.sdk" }),
  );
  if (release === undefined) {
    throw new DeployError({
      code: "containers.unknown-release",
      message: `${app} has no release v${number}.`,
      hint: "`deploy releases` lists them.",
    });
  }
  const lines: LogLine[] = [];
  const take = async function* (
    process: "build" | "release",
    url: string | null,
    at: string,
  ): AsyncGenerator<LogLine> {
    if (url === null || !wanted.includes(process)) return;
    let index = 0;
    const pieces = readOutput(context, {
      url,
      what: `the output of v${number}`,
      mayBegin: async () => false,
    });
    for await (const text of readLines(pieces)) {
      index += 1;
      const time = new Date(at).toISOString();
      yield {
        time,
        process,
        instance: process,
        release: number,
        stream: "stdout",
        text,
        cursor: `stored:${process}:${number}:${index}`,
      };
    }
  };
  const build = wanted.includes("build")
    ? (await listBuilds(own, context, scope)).find((one) => one.release?.id === release.id)
    : undefined;
  const contains = query.contains?.toLowerCase();
  for await (const line of chain(
    take("build", build?.output_stream_url ?? null, build?.created_at ?? release.created_at),
    take("release", release.output_stream_url, release.created_at),
  )) {
    if (contains !== undefined && !line.text.toLowerCase().includes(contains)) continue;
    if (query.last === undefined) yield line;
    else {
      lines.push(line);
      if (lines.length > query.last) lines.shift();
    }
  }
  yield* lines;
}

async function* chain<T>(...parts: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  for (const part of parts) yield* part;
}
