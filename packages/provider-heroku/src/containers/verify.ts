import type { Context, DeployError, ResolvedProcess, Scope } from "@deploy/core";
import { path } from "../api.js";
import type { HerokuApp, HerokuDyno } from "../api-types.js";
import { appOf, type Surroundings } from "../surroundings.js";
import { isOfFormation } from "./formation.js";
import { lastLines, processError } from "./log-tail.js";

const lookMs = 2_000;
/** Heroku gives web 60 s to bind its port (R10), and a dyno some time to be placed and pulled before. */
const bootMs = 120_000;
const answerMs = 10_000;
/** Looks in a row at the same dynos, all of them up: a process that ends within {@link lookMs} twice over is none. */
const steadyLooks = 3;

/** What has to run for a rollout to have succeeded. */
export interface Expectation {
  /** Dynos of this release, or of a newer one. */
  readonly release: number;
  readonly processes: readonly ResolvedProcess[];
  /** Dynos by type. */
  readonly quantities: Readonly<Record<string, number>>;
}

/**
 * Waits until every dyno runs the release, stays up, and web answers over HTTP. A release that "succeeded" says nothing
 * about that.
 *
 * @throws `containers.crashed` with Heroku's code (R10, H10 …), exit code and the last 30 lines;
 * `containers.rollout-timeout`; `containers.not-answering`.
 */
export async function verifyRollout(
  own: Surroundings,
  context: Context,
  scope: Scope,
  expected: Expectation,
): Promise<void> {
  const startedAt = context.clock.now();
  const patience = Math.max(0, ...expected.processes.map(({ health }) => health.startWithinMs)) + bootMs;
  const until = startedAt + patience;
  let steady: string | undefined;
  let looks = 0;
  for (;;) {
    const dynos = await listDynos(own, context, scope);
    const seen = judge(dynos, expected);
    if (seen.crashed !== undefined) throw await crashed(own, context, scope, seen.crashed, startedAt);
    if (seen.waiting === undefined) {
      // A process that ends at once is up for a moment: only the same dynos at several looks count.
      const picture = JSON.stringify(
        dynos
          .filter(isOfFormation)
          .map(({ id, updated_at }) => [id, updated_at])
          .sort(),
      );
      looks = picture === steady ? looks + 1 : 1;
      if (looks >= steadyLooks) break;
      steady = picture;
    } else {
      steady = undefined;
      context.log(`Waiting for ${seen.waiting}.`);
    }
    if (context.clock.now() > until) throw await tooLate(own, context, scope, seen.waiting, startedAt);
    await context.clock.sleep(lookMs, context.signal);
  }
  const web = expected.processes.find(({ name }) => name === "web");
  if (web !== undefined && (expected.quantities.web ?? 0) > 0) {
    await untilAnswered(own, context, scope, web, startedAt);
  }
}

/** The dynos of an app as they are now. */
export function listDynos(own: Surroundings, context: Context, scope: Scope): Promise<readonly HerokuDyno[]> {
  return own.api.list<HerokuDyno>(context, path`/apps/${appOf(own, scope)}/dynos`);
}

/** What is still missing, or has failed, among the dynos. */
export function judge(
  dynos: readonly HerokuDyno[],
  { release, quantities }: Pick<Expectation, "release" | "quantities">,
): { readonly waiting?: string; readonly crashed?: HerokuDyno } {
  for (const [type, quantity] of Object.entries(quantities)) {
    const here = dynos.filter((dyno) => dyno.type === type);
    const current = here.filter((dyno) => dyno.release.version >= release);
    const crashedOne = current.find((dyno) => dyno.state === "crashed" || dyno.state === "failed");
    if (crashedOne !== undefined) return { crashed: crashedOne };
    // A long-running process that has completed has ended: nobody starts it again before a while has passed.
    const ended = current.find((dyno) => dyno.state === "complete");
    if (ended !== undefined) return { crashed: ended };
    const up = current.filter((dyno) => dyno.state === "up" || dyno.state === "idle");
    if (up.length !== quantity) {
      const on = release === 0 ? "" : ` on release v${release}`;
      return { waiting: `${type}: ${up.length} of ${quantity} up${on}` };
    }
    if (here.length > current.length) {
      return { waiting: `${here.length - current.length} of ${type} to end, of an earlier release` };
    }
  }
  return {};
}

async function untilAnswered(
  own: Surroundings,
  context: Context,
  scope: Scope,
  web: ResolvedProcess,
  startedAt: number,
): Promise<void> {
  // Its dynos are up, which for web means that the port is bound: all that is left is the app's own warming up.
  const until = context.clock.now() + web.health.startWithinMs;
  const app = await own.api.get<HerokuApp>(context, path`/apps/${appOf(own, scope)}`);
  if (app.maintenance || app.internal_routing === true || app.web_url === null) {
    const why = app.maintenance ? "maintenance mode is on" : "it has no public address";
    context.log(`web is up; it was not asked over HTTP, because ${why}.`);
    return;
  }
  const url = new URL((web.health.path ?? "/").replace(/^\//, ""), app.web_url);
  for (;;) {
    const said = await ask(context, url, web);
    if (said === undefined) return;
    if (context.clock.now() > until) {
      const lines = await recentLines(own, context, scope, "web", startedAt);
      throw processError({
        code: "containers.not-answering",
        what: `web is up on the new release, but ${url.href} ${said}`,
        hint: 'Look at its lines, and at "health" of the process: a path that answers with 2xx or 3xx.',
        lines,
      });
    }
    context.log(`Waiting for ${url.href}, which ${said}.`);
    await context.clock.sleep(lookMs, context.signal);
    const crash = judge(await listDynos(own, context, scope), { release: 0, quantities: { web: 0 } }).crashed;
    if (crash !== undefined) throw await crashed(own, context, scope, crash, startedAt);
  }
}

/** Why the answer is none; undefined when it is. Without a health path any answer of the app itself will do. */
async function ask(context: Context, url: URL, web: ResolvedProcess): Promise<string | undefined> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  const timer = setTimeout(onAbort, Math.max(answerMs, web.health.timeoutMs));
  context.signal.addEventListener("abort", onAbort, { once: true });
  try {
    const response = await context.fetch(url, { redirect: "manual", signal: stop.signal });
    await response.body?.cancel();
    const { status } = response;
    const fine = web.health.path === undefined ? status < 500 : status >= 200 && status < 400;
    return fine ? undefined : `answers with ${status}`;
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    const code = (error as { cause?: { code?: unknown } }).cause?.code;
    return `does not answer${typeof code === "string" ? ` (${code})` : ""}`;
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener("abort", onAbort);
  }
}

/** The error of a dyno that ended although it should not. */
export async function crashed(
  own: Surroundings,
  context: Context,
  scope: Scope,
  dyno: HerokuDyno,
  since?: number,
): Promise<DeployError> {
  const lines = await recentLines(
    own,
    context,
    scope,
    dyno.name,
    since ?? Date.parse(dyno.created_at) - 1_000,
  );
  return processError({
    code: "containers.crashed",
    what: `${dyno.name} crashed on release v${dyno.release.version} of ${appOf(own, scope)}`,
    hint: "Mend what its last lines say and deploy again, or go back with `deploy rollback`.",
    lines,
  });
}

async function tooLate(
  own: Surroundings,
  context: Context,
  scope: Scope,
  waiting: string | undefined,
  since: number,
): Promise<DeployError> {
  const type = waiting?.split(":")[0] ?? "web";
  return processError({
    code: "containers.rollout-timeout",
    what: `The rollout of ${appOf(own, scope)} did not end in time${waiting === undefined ? "" : `: ${waiting}`}`,
    hint: "Look at its lines, then run again: it goes on waiting where this run stopped.",
    lines: await recentLines(own, context, scope, type, since),
  });
}

function recentLines(
  own: Surroundings,
  context: Context,
  scope: Scope,
  name: string,
  since: number,
): ReturnType<typeof lastLines> {
  // The clocks of this machine and of Heroku's need not agree to the second.
  const from = since - 60_000;
  return lastLines(
    own,
    context,
    appOf(own, scope),
    (line) => line.at >= from && (line.emitter === name || line.emitter.startsWith(`${name}.`)),
  );
}
