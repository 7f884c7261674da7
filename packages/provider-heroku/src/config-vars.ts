import { type Context, DeployError, retry, type Scope } from "@deploy/core";
import { type HerokuApi, path } from "./api.js";
import { hasCode, unlessMissing } from "./errors.js";
import { appNameOf } from "./names.js";
import type { HerokuOptions } from "./options.js";
import {
  type ConfigVars,
  isOurs,
  type Marker,
  markerVariable,
  newMarker,
  readMarker,
  reservedPrefix,
  writeMarker,
} from "./ownership.js";

/** What an app holds after a change. */
export interface ConfigState {
  readonly vars: ConfigVars;
  readonly marker: Marker;
}

/** One part of a change set. */
export interface ConfigChange {
  /** New values by name; null deletes, and deleting what is not there is fine. */
  readonly set: Readonly<Record<string, string | null>>;
  /** The marker from then on: the names that become ours, or stop to be. `state` is as it was before. */
  readonly mark?: (marker: Marker, state: ConfigState) => Marker;
  /** An app without a marker becomes ours: at its creation, and when it is adopted by word. */
  readonly claim?: true;
  /** Vars of these names may be overwritten although they are not ours: adopted by word. */
  readonly take?: readonly string[];
}

/** Writes config vars: one PATCH per change set, because each PATCH is a release, a release command and a restart. */
export interface ConfigWriter {
  /**
   * Applies a change. Changes of one app that come together are one PATCH, with the marker in it; what is as it should
   * be already is not sent at all. Reads the vars anew first, and writes nothing to an app that is not ours.
   *
   * @returns what the app holds then; undefined when there is no such app.
   * @throws `servers.foreign` when the app is not ours, `secrets.foreign` for a var that somebody else made.
   */
  change(context: Context, scope: Scope, change: ConfigChange): Promise<ConfigState | undefined>;
}

/** Milliseconds in which further changes of the same app join a PATCH: the steps of a plan begin together. */
const gatheringMs = 40;

interface Waiting {
  readonly context: Context;
  readonly scope: Scope;
  readonly change: ConfigChange;
  resolve(state: ConfigState | undefined): void;
  reject(error: unknown): void;
}

/** A writer with queues of its own, one per app. */
export function createConfigWriter(
  options: Pick<HerokuOptions, "app">,
  api: Pick<HerokuApi, "get" | "patch">,
): ConfigWriter {
  const queues = new Map<string, Waiting[]>();

  const work = async (app: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) {
      const { context, scope } = queue[0]!;
      let batch: Waiting[] = [];
      try {
        await context.clock.sleep(gatheringMs, context.signal);
        const vars = await unlessMissing(api.get<ConfigVars>(context, path`/apps/${app}/config-vars`));
        batch = queue.splice(0);
        const state = vars === undefined ? undefined : await apply(api, context, app, scope, vars, batch);
        for (const one of batch) one.resolve(state);
      } catch (error) {
        for (const one of batch.length > 0 ? batch : queue.splice(0)) one.reject(error);
      }
    }
    queues.delete(app);
  };

  return {
    change(context, scope, change) {
      context.signal.throwIfAborted();
      const app = appNameOf(scope, options.app);
      return new Promise((resolve, reject) => {
        const waiting: Waiting = { context, scope, change, resolve, reject };
        const queue = queues.get(app);
        if (queue !== undefined) {
          queue.push(waiting);
          return;
        }
        const made = [waiting];
        queues.set(app, made);
        void work(app, made);
      });
    },
  };
}

async function apply(
  api: Pick<HerokuApi, "patch">,
  context: Context,
  app: string,
  scope: Scope,
  vars: ConfigVars,
  batch: readonly Waiting[],
): Promise<ConfigState> {
  const found = readMarker(vars);
  const claimed = batch.some(({ change }) => change.claim === true) && found === undefined;
  if (!claimed && !isOurs(found, scope)) throw foreignError(app);
  const before: ConfigState = { vars, marker: claimed ? newMarker(scope) : found! };
  let marker = before.marker;
  const wanted: Record<string, string | null> = {};
  for (const { change } of batch) {
    refuseForeign(app, before, change);
    Object.assign(wanted, change.set);
    marker = change.mark?.(marker, before) ?? marker;
  }
  wanted[markerVariable] = writeMarker(marker);
  const changed = Object.entries(wanted).filter(([name, value]) => (vars[name] ?? null) !== value);
  if (changed.length === 0) return { vars, marker };
  const body = Object.fromEntries(changed);
  const send = (): Promise<ConfigVars> =>
    api.patch<ConfigVars>(context, path`/apps/${app}/config-vars`, body, { sensitive: true });
  // A new app is not known everywhere at once; a 404 has changed nothing.
  const after = claimed
    ? await retry(context, send, { isRetryable: (error) => hasCode(error, "heroku.not-found") })
    : await send();
  return { vars: after ?? merged(vars, body), marker };
}

function merged(vars: ConfigVars, change: Readonly<Record<string, string | null>>): ConfigVars {
  return Object.fromEntries(Object.entries({ ...vars, ...change }).filter(([, value]) => value !== null));
}

/** A var that is there, is to become something else, and was not made by us. */
function refuseForeign(app: string, { vars, marker }: ConfigState, change: ConfigChange): void {
  for (const [name, value] of Object.entries(change.set)) {
    const present = vars[name];
    if (present === undefined || present === value || name.startsWith(reservedPrefix)) continue;
    if (marker.config.includes(name) || Object.hasOwn(marker.secrets, name)) continue;
    if (change.take?.includes(name) === true) continue;
    throw new DeployError({
      code: "secrets.foreign",
      message: `The config var ${name} of ${app} exists already and was not set by Deploy: it belongs to an add-on or was set by hand.`,
      hint: "Rename one of the two, or adopt it by word.",
      details: { name },
    });
  }
}

function foreignError(app: string): DeployError {
  return new DeployError({
    code: "servers.foreign",
    message: `The Heroku app ${app} is not ours: it has no marker of this app and environment.`,
    hint: 'Choose another name with the option "app" of heroku(), or adopt the app by word.',
  });
}
