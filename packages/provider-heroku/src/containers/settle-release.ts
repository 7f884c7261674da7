import { type Context, DeployError, type Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuRelease } from "../api-types.js";
import { readLines } from "../logs/line-reader.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { lastLines, processError } from "./log-tail.js";
import { readOutput } from "./output-stream.js";

/** Between two looks at a release that is pending. */
const lookMs = 2_000;
/** Heroku ends a release command after an hour; a while more for it to say so. */
const longestMs = 65 * 60_000;

/** The newest releases as they are now, newest first; not memoised. */
export function listReleases(
  own: Surroundings,
  context: Context,
  scope: Scope,
  limit = 20,
): Promise<readonly HerokuRelease[]> {
  return own.api.list<HerokuRelease>(context, path`/apps/${appOf(own, scope)}/releases`, {
    version: "3.sdk",
    by: "version",
    order: "desc",
    limit,
  });
}

/**
 * Waits until a release has ended, its command's output passed on as it comes.
 *
 * The end of the output says nothing: Heroku has been seen to leave a release pending after it (heroku/cli#1271), so that
 * only its status counts.
 *
 * @throws `containers.release-command-failed` with exit code and last lines, `containers.release-expired`,
 * `containers.release-pending` when it is still not decided after 65 minutes.
 */
export async function settleRelease(
  own: Surroundings,
  context: Context,
  scope: Scope,
  release: HerokuRelease,
): Promise<HerokuRelease> {
  const app = appOf(own, scope);
  const until = context.clock.now() + longestMs;
  const look = (): Promise<HerokuRelease> =>
    own.api.get<HerokuRelease>(context, path`/apps/${app}/releases/${release.id}`, { version: "3.sdk" });
  let present = release;
  // A quick command has ended by now: its output is shown all the same.
  if (present.output_stream_url !== null) {
    context.log(`Release v${release.version} runs its release command.`);
    present = await follow(context, present, look);
  }
  while (present.status === "pending") {
    if (context.clock.now() > until) throw undecided(app, release);
    context.log(`Waiting for release v${release.version}, which Heroku has not decided yet.`);
    await context.clock.sleep(lookMs, context.signal);
    present = await look();
  }
  if (present.status === "succeeded") return present;
  if (present.status === "expired") throw expired(app, present);
  throw await failed(own, context, app, present);
}

async function follow(
  context: Context,
  release: HerokuRelease,
  look: () => Promise<HerokuRelease>,
): Promise<HerokuRelease> {
  let newest = release;
  const pieces = readOutput(context, {
    url: release.output_stream_url ?? "",
    what: `the output of release v${release.version}`,
    mayBegin: async () => {
      newest = await look();
      return newest.status === "pending";
    },
  });
  try {
    for await (const line of readLines(pieces)) context.output(line, "stdout");
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    // The output is for people to read. How it ended is in the status.
    context.log(
      DeployError.is(error) ? error.message : `The output of release v${release.version} broke off.`,
    );
  }
  return newest.status === "pending" ? look() : newest;
}

async function failed(
  own: Surroundings,
  context: Context,
  app: string,
  release: HerokuRelease,
): Promise<DeployError> {
  const since = Date.parse(release.created_at);
  const lines = await lastLines(
    own,
    context,
    app,
    (line) => /^release\./.test(line.emitter) && line.at >= since - 1_000,
  );
  return processError({
    code: "containers.release-command-failed",
    what: `The release command of v${release.version} failed, and ${app} goes on with the release before`,
    hint: "Mend the release command and deploy again.",
    lines,
  });
}

function expired(app: string, release: HerokuRelease): DeployError {
  return new DeployError({
    code: "containers.release-expired",
    message: `Release v${release.version} of ${app} has expired: Heroku gave it up, or has deleted what it ran.`,
    hint: "Deploy again. Release commands may take an hour at most.",
    docs: "https://devcenter.heroku.com/articles/release-phase",
  });
}

function undecided(app: string, release: HerokuRelease): DeployError {
  return new DeployError({
    code: "containers.release-pending",
    message: `Release v${release.version} of ${app} is still pending, long after Heroku's own limit of an hour.`,
    hint: "Look at https://status.heroku.com, then run again: it goes on where this run stopped.",
  });
}
