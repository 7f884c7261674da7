import type { Redacted, ResolvedAddon } from "@deploy/core";
import {
  type AnyResource,
  type Context,
  DeployError,
  output,
  type Resource,
  redact,
  type Scope,
  suggest,
} from "@deploy/core";
import { providerName } from "../names.js";
import { isOurs, readMarker } from "../ownership.js";
import { readConfigVars } from "../reads.js";
import type { Surroundings } from "../surroundings.js";
import { type Observed as AddonObserved, addonId } from "./addon-node.js";
import { withDatabase } from "./sql.js";

/** What an extension may be called here; Heroku's own list has no other characters. */
const namePattern = /^[a-z][a-z0-9_-]{0,62}$/;

interface Desired {
  readonly extensions: readonly string[];
  /** Of the database: there is none before it. */
  readonly url: Redacted;
}

interface Observed {
  readonly extensions: readonly string[];
}

/**
 * The extensions of a Postgres as a node of the plan: made by SQL, because Heroku has no call for them, and before the
 * first release, whose command may need them. None is ever removed.
 */
export function extensionsResource(
  own: Surroundings,
  scope: Scope,
  addon: ResolvedAddon,
  database: Resource<never, AddonObserved> | AnyResource,
): AnyResource {
  const wanted = [...new Set(addon.extensions)].sort();
  const bad = wanted.find((one) => !namePattern.test(one));
  const list = async (context: Context, url: Redacted): Promise<Observed> =>
    withDatabase(context, url, async (query) => {
      const rows = await query("SELECT extname FROM pg_extension ORDER BY extname");
      return { extensions: rows.map((row) => String(row.extname)) };
    });
  const make = async (context: Context, { url }: Desired): Promise<Observed> => {
    await withDatabase(context, url, async (query) => {
      const rows = await query("SELECT name FROM pg_available_extensions ORDER BY name");
      const known = rows.map((row) => String(row.name));
      for (const extension of wanted) {
        if (!known.includes(extension)) throw unknownExtension(addon.name, extension, known);
        await query(`CREATE EXTENSION IF NOT EXISTS "${extension}"`);
      }
    });
    return list(context, url);
  };
  const node: Resource<Desired, Observed> = {
    id: `${addonId(own, scope, addon.name)}/extensions`,
    label: `extensions of ${addon.name}`,
    provider: providerName,
    element: "addons",
    verb: "create",
    desired: {
      extensions: wanted,
      url: output(database as AnyResource, (observed) => (observed as AddonObserved).url ?? redact("")),
    },
    after: [database as AnyResource],
    blocked: () =>
      bad === undefined
        ? undefined
        : {
            code: "addons.bad-extension",
            message: `"${bad}" cannot be the name of a Postgres extension.`,
            hint: `Look at the extensions of ${addon.name}.`,
          },
    async read(context) {
      const vars = await readConfigVars(own, context, scope);
      const value = vars?.[addon.as];
      if (!isOurs(readMarker(vars), scope) || typeof value !== "string" || bad !== undefined)
        return undefined;
      return list(context, redact(value));
    },
    diff(_desired, observed) {
      const missing = wanted.filter((one) => !observed.extensions.includes(one));
      return missing.length === 0
        ? []
        : [{ path: "extensions", from: observed.extensions, to: [...observed.extensions, ...missing] }];
    },
    create: make,
    update: make,
  };
  return node as AnyResource;
}

function unknownExtension(addon: string, extension: string, known: readonly string[]): DeployError {
  return new DeployError({
    code: "addons.unknown-extension",
    message: `The Postgres of ${addon} has no extension "${extension}".`,
    hint: suggest(extension, known, "Look at what Heroku Postgres supports."),
    docs: "https://devcenter.heroku.com/articles/heroku-postgres-extensions-postgis-full-text-search",
  });
}
