import { join } from "node:path";
import { type App, createDeployer, type Deployer, type Target, toDeployError } from "@deploy/core";
import type { LoadedApp, LoadedApps } from "../options.js";
import type { AppProblem, AppRegistry, ConsoleEnvironment, EnvironmentPattern } from "./types.js";
import { watchFiles } from "./watch-files.js";

/** What a registry is made with. */
export interface AppRegistryOptions {
  /** Loads the configuration; called again when one of its files changes. */
  load(): Promise<LoadedApps>;
  /** Target of environments that declare none. */
  readonly defaultTarget?: Target;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Milliseconds between two looks at the files. Default 1000. */
  readonly watchEveryMs?: number;
}

/** An app with its deployers, and the version of the file they were made from. */
interface KnownApp {
  readonly loaded: LoadedApp;
  readonly place: string;
  readonly stamp: string;
  readonly environments: readonly ConsoleEnvironment[];
  readonly problems: readonly AppProblem[];
}

/** Of the provider by which `deploy access` reaches a console. */
const ownProviderName = "console";

const patternReason =
  "The declaration names them by a pattern, and no provider lists what is there: see them with `deploy status <environment>`.";

/**
 * Loads the configuration, makes a deployer for each environment, and follows the files: what was broken or taken away
 * goes on as it was last right, and is a problem that is shown; everything else goes on untouched.
 */
export async function createAppRegistry(options: AppRegistryOptions): Promise<AppRegistry> {
  const closing = new AbortController();
  const signal =
    options.signal === undefined ? closing.signal : AbortSignal.any([options.signal, closing.signal]);
  const listeners = new Set<() => void>();
  let known: readonly KnownApp[] = [];
  let problems: readonly AppProblem[] = [];
  let loading: Promise<void> | undefined;
  let again = false;

  const watch = watchFiles({
    onChange: () => void reload(),
    ...(options.watchEveryMs === undefined ? {} : { everyMs: options.watchEveryMs }),
  });

  const load = async (): Promise<void> => {
    const answer = await options.load().catch((thrown: unknown): LoadedApps => {
      const { message, hint } = toDeployError(thrown, "config.failed");
      const problem = { place: "configuration", message, ...(hint === undefined ? {} : { hint }) };
      // Nothing is known of any file then: every app goes on as it was.
      return { apps: known.map(({ loaded }) => loaded), problems: [problem] };
    });
    const { apps, twins } = withoutTwins(answer.apps, known);
    const kept = known.filter(
      (one) => !apps.some((app) => sameSource(app, one.loaded)) && !isTwin(one, twins),
    );
    await watch.watch([
      ...[...answer.apps, ...kept.map(({ loaded }) => loaded)].map(fileOf),
      ...answer.problems.map(({ place }) => place),
    ]);
    const fresh = apps.map((app) => {
      const stamp = watch.stamp(fileOf(app));
      const before = known.find((one) => sameSource(one.loaded, app) && one.stamp === stamp);
      return before ?? knownApp(app, stamp, options, signal);
    });
    const names = new Set(fresh.map(({ loaded }) => loaded.app.name));
    const staying = kept.filter(({ loaded }) => !names.has(loaded.app.name));
    known = [...fresh, ...staying];
    problems = [
      ...answer.problems.map((problem) => ({ ...problem, ...stayingHint(problem, staying) })),
      ...staying.filter(({ place }) => !answer.problems.some((one) => one.place === place)).map(goneProblem),
      ...twins,
      ...fresh.flatMap((one) => one.problems),
    ];
  };

  const reload = (): Promise<void> => {
    if (loading !== undefined) {
      again = true;
      return loading;
    }
    loading = load().finally(() => {
      loading = undefined;
      if (closing.signal.aborted) return;
      for (const listener of listeners) listener();
      if (!again) return;
      again = false;
      void reload();
    });
    return loading;
  };
  await reload();

  return {
    list: () =>
      known
        .flatMap(({ environments }) => environments)
        .sort((one, other) => compare(one.app, other.app) || compare(one.environment, other.environment)),
    find: (app, environment) =>
      known
        .flatMap(({ environments }) => environments)
        .find((one) => one.app === app && one.environment === environment),
    patterns: () => known.flatMap(({ loaded }) => patternsOf(loaded)),
    problems: () => problems,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      watch.close();
      listeners.clear();
      closing.abort();
      await loading?.catch(() => undefined);
    },
  };
}

/** One app of each name: the one that was there before, else the first; the others are problems. */
function withoutTwins(
  apps: readonly LoadedApp[],
  known: readonly KnownApp[],
): { readonly apps: readonly LoadedApp[]; readonly twins: readonly AppProblem[] } {
  const chosen = new Map<string, LoadedApp>();
  // Whoever has the name keeps it: rights and stored logs go by it.
  const before = (app: LoadedApp): number =>
    known.some(({ loaded }) => sameSource(loaded, app) && loaded.app.name === app.app.name) ? 0 : 1;
  for (const app of [...apps].sort((one, other) => before(one) - before(other))) {
    if (!chosen.has(app.app.name)) chosen.set(app.app.name, app);
  }
  const twins = apps.flatMap((app): AppProblem[] => {
    const first = chosen.get(app.app.name);
    if (first === undefined || sameSource(first, app)) return [];
    return [
      {
        place: fileOf(app),
        message: `Its app is called "${app.app.name}", as the one of ${fileOf(first)} is: only that one is shown.`,
        hint: "Give one of them another name: rights and stored logs go by it.",
      },
    ];
  });
  return {
    apps: apps.filter((app, index) => chosen.get(app.app.name) === app && apps.indexOf(app) === index),
    twins,
  };
}

function isTwin(one: KnownApp, twins: readonly AppProblem[]): boolean {
  return twins.some(({ place }) => place === one.place);
}

function sameSource(one: LoadedApp, other: LoadedApp): boolean {
  return fileOf(one) === fileOf(other);
}

/** What is watched for changes of an app; one that was inferred comes from the Procfile of its directory. */
function fileOf(app: LoadedApp): string {
  return app.file ?? join(app.directory, "Procfile");
}

function stayingHint(problem: AppProblem, staying: readonly KnownApp[]): Partial<AppProblem> {
  const last = staying.find(({ place }) => place === problem.place);
  if (last === undefined) return {};
  const shown = `${last.loaded.app.name} is shown as it was before.`;
  return { hint: problem.hint === undefined ? shown : `${problem.hint} ${shown}` };
}

function goneProblem({ place, loaded }: KnownApp): AppProblem {
  return {
    place,
    message: "It is no longer found.",
    hint: `${loaded.app.name} is shown as it was before, until the file is back or the console is started without it.`,
  };
}

function knownApp(
  loaded: LoadedApp,
  stamp: string,
  options: AppRegistryOptions,
  signal: AbortSignal,
): KnownApp {
  const place = fileOf(loaded);
  const environments: ConsoleEnvironment[] = [];
  const problems: AppProblem[] = [];
  for (const environment of environmentNames(loaded, options.defaultTarget !== undefined)) {
    const make = (author?: string): Deployer =>
      createDeployer(withoutOurselves(loaded.app), {
        environment,
        directory: loaded.directory,
        signal,
        ...(options.defaultTarget === undefined ? {} : { defaultTarget: options.defaultTarget }),
        ...(loaded.file === undefined ? {} : { file: loaded.file }),
        ...(author === undefined
          ? options.env === undefined
            ? {}
            : { env: options.env }
          : { env: { ...(options.env ?? process.env), DEPLOY_AUTHOR: author } }),
      });
    try {
      const deployer = make();
      const { name } = deployer.app;
      const { directory } = loaded;
      environments.push({ app: name, environment, deployer, file: place, directory, actingAs: make });
    } catch (thrown) {
      const { message, hint } = toDeployError(thrown, "config.invalid");
      problems.push({
        place,
        message: `${environment}: ${message}`,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
  return { loaded, place, stamp, environments, problems };
}

/** What is asked of the console by others must not be asked of it by itself: its own grants it has at hand. */
function withoutOurselves(app: App): App {
  const environments = Object.entries(app.environments ?? {}).map(([name, environment]) => {
    const { access, ...rest } = environment;
    return [name, access?.name === ownProviderName ? rest : environment] as const;
  });
  return app.environments === undefined ? app : { ...app, environments: Object.fromEntries(environments) };
}

/** Those that are declared by their own name; `local` too where there is something that it would run on. */
function environmentNames({ app }: LoadedApp, hasDefault: boolean): readonly string[] {
  const declared = Object.keys(app.environments ?? {}).filter((name) => !name.endsWith("*"));
  return hasDefault ? [...new Set(["local", ...declared])] : declared;
}

function patternsOf({ app }: LoadedApp): readonly EnvironmentPattern[] {
  return Object.keys(app.environments ?? {})
    .filter((name) => name.endsWith("*"))
    .map((pattern) => ({ app: app.name, pattern, reason: patternReason }));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
