import type { HerokuDouble } from "@deploy/heroku-double";

/** What lies at Heroku as plain data, without ids, times, passwords and numbers of releases. */
export interface Picture {
  /** Every app of the account: a lock that stays, or a second app, would be one more. */
  readonly apps: readonly Record<string, unknown>[];
  readonly addons: readonly string[];
  /** Add-ons that were bought since the account was set up, also those which are gone again. */
  readonly bought: number;
}

/** Config vars that are somebody else's, in an app of ours. */
export const theirVars: Readonly<Record<string, string>> = { BY_HAND: "theirs", EMPTY: "" };

/** The app of somebody else, which stands beside ours in the same account. */
export const theirApp = "blog";

/** A picture of what is there; `theirApp` has one of its own. */
export async function pictureOf(double: HerokuDouble): Promise<Picture> {
  const { apps, addons } = double.state;
  const ours = apps.filter(({ name }) => name !== theirApp).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    apps: await Promise.all(ours.map((app) => picture(double, app))),
    addons: addonsOf(double, (app) => app !== theirApp),
    bought: double.ledger.calls.filter(
      ({ method, route, status }) => method === "POST" && route === "/apps/{app}/addons" && status === 201,
    ).length,
  };

  function addonsOf({ state }: HerokuDouble, wanted: (app: string | undefined) => boolean): string[] {
    const nameOf = new Map(apps.map(({ id, name }) => [id, name]));
    return addons
      .filter(({ app }) => wanted(nameOf.get(app)))
      .map(({ id, name, plan, state: is, app }) => {
        const as = state.attachments.filter(({ addon }) => addon === id).map(({ name: alias }) => alias);
        return `${nameOf.get(app)} ${name} ${plan} ${is} as ${as.sort().join(", ")}`;
      })
      .sort();
  }
}

/** What nobody of us has any business with: another app, and config vars and an add-on in ours. */
export function foreignPictureOf({ state }: HerokuDouble): unknown {
  const blog = state.apps.find(({ name }) => name === theirApp);
  const shop = state.apps.find(({ name }) => name !== theirApp && !name.startsWith("lock-"));
  return {
    blog: { config: blog?.config, formation: blog?.formation, releases: blog?.releases.length },
    addons: state.addons
      .filter(({ app, name }) => app === blog?.id || (app === shop?.id && name.startsWith("their")))
      .map(({ id, plan }) => `${id} ${plan}`),
    vars: Object.fromEntries(
      Object.entries(shop?.config ?? {}).filter(
        ([name]) => name in theirVars || name.startsWith("PAPERTRAIL_"),
      ),
    ),
  };
}

type App = HerokuDouble["state"]["apps"][number];

async function picture({ state }: HerokuDouble, app: App): Promise<Record<string, unknown>> {
  const aliases = state.attachments.filter((one) => one.app === app.id).map(({ name }) => `${name}_`);
  const marker = JSON.parse(app.config.DEPLOY_OWNER ?? "{}") as Marker;
  const record = JSON.parse(app.config.DEPLOY_RELEASE ?? "{}") as ReleaseRecord;
  const config = Object.entries(app.config).map(([name, value]) => {
    if (name.startsWith("DEPLOY_")) return [name, "of ours"];
    return [name, aliases.some((alias) => name.startsWith(alias)) ? "of an add-on" : value];
  });
  const newest = app.releases.at(-1);
  return {
    name: app.name,
    stack: app.stack,
    maintenance: app.maintenance,
    acm: app.acm,
    config: Object.fromEntries(config),
    marker: { app: marker.app, config: marker.config, secrets: Object.keys(marker.secrets ?? {}) },
    record: { image: record.image, processes: record.processes, release: record.release },
    formation: app.formation.map(({ type, quantity, size, command }) => ({ type, quantity, size, command })),
    // Of which release a dyno is counts, and not what number that has.
    dynos: app.dynos
      .map(({ name, state: is, size, release }) => `${name} ${is} ${size} ${release.id === newest?.id}`)
      .sort(),
    release: newest?.status,
    builds: app.builds.filter(({ status }) => status === "pending").length,
    domains: app.domains
      .map(({ kind, hostname, acmStatus }) => `${kind === "custom" ? hostname : "heroku's"} ${acmStatus}`)
      .sort(),
    collaborators: app.collaborators.map(({ email }) => email),
    answer: app.dynos.length === 0 ? undefined : await answerOf(app.webUrl),
  };
}

interface Marker {
  readonly app?: string;
  readonly config?: readonly string[];
  readonly secrets?: Readonly<Record<string, unknown>>;
}

interface ReleaseRecord {
  readonly image?: string;
  readonly processes?: unknown;
  readonly release?: unknown;
}

async function answerOf(url: string): Promise<string> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
  } catch (error) {
    return String(error);
  }
}
