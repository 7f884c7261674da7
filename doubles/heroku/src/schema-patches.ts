import type { Schema, Variant } from "./judge.js";

/** One correction of the published schema. */
export interface SchemaPatch {
  /** Why the schema as published is wrong, or cannot hold for a double. */
  readonly reason: string;
  /** The forms of the schema it is for; both when absent. */
  readonly variants?: readonly Variant[];
  readonly apply: (schema: Schema) => void;
}

/** Every correction made to Heroku's published schema before anything is judged by it. */
export const schemaPatches: readonly SchemaPatch[] = [
  {
    reason:
      "An image is released by `docker_image` in a formation update (Accept 3.docker-releases); the schema lacks it. null removes the type.",
    apply: (schema) => {
      for (const properties of formationUpdates(schema))
        properties.docker_image = { type: ["string", "null"], pattern: "^sha256:[0-9a-f]{64}$" };
    },
  },
  {
    reason:
      "The official CLI sends `size`, which the API takes; the schema knows only `dyno_size`, as an object.",
    apply: (schema) => {
      for (const properties of formationUpdates(schema)) {
        properties.size = { type: ["string"] };
        properties.dyno_size = { type: ["string", "object"], properties: { id: {}, name: {} } };
      }
    },
  },
  {
    reason: 'The official CLI sends `quantity` as text, also relative ("+1"); the schema says integer.',
    apply: (schema) => {
      for (const properties of formationUpdates(schema))
        properties.quantity = { type: ["integer", "string"], pattern: "^[+-]?[0-9]+$", minimum: 0 };
    },
  },
  {
    reason:
      "PATCH /apps/{app}/acm takes `acm_refresh`; the schema gives the link no body. Heroku patches it too.",
    apply: (schema) => {
      for (const link of linksOf(schema, "app"))
        if (String(link.href).endsWith("/acm") && link.method !== "DELETE")
          link.schema = { type: ["object"], properties: { acm_refresh: { type: ["boolean"] } } };
    },
  },
  {
    reason: "A host name is no URI, as `hostname` of a domain claims to be.",
    apply: (schema) => delete member(schema, "definitions", "domain", "definitions", "hostname").format,
  },
  {
    reason: "The double's apps answer on a port of the loopback interface, not below herokuapp.com.",
    apply: (schema) => delete member(schema, "definitions", "app", "definitions", "web_url").pattern,
  },
  {
    reason: "The form 3 names a log session's dyno `dyno_name`; the API and the official CLI say `dyno`.",
    variants: ["3"],
    apply: (schema) => {
      const properties = member(linkOf(schema, "log-session", "create"), "schema", "properties");
      properties.dyno = { type: ["string"] };
      properties.type = { type: ["string"] };
    },
  },
  {
    reason:
      "The name of a Git repository follows the app's name, which may have two to thirty characters more.",
    apply: (schema) => delete member(schema, "definitions", "app", "definitions", "git_url").pattern,
  },
  {
    reason:
      "Accept-Expansion and Accept-Inclusion make the plan of an add-on come in full; the schema knows its id and name.",
    apply: (schema) => {
      const properties = member(schema, "definitions", "add-on", "properties");
      const plan = properties.plan as Schema;
      properties.plan = { anyOf: [plan, { $ref: "#/definitions/plan" }] };
    },
  },
  {
    reason: "The official CLI resolves add-ons of any app with `app: null`, which the API takes.",
    apply: (schema) => {
      for (const resource of ["add-on", "add-on-attachment"]) {
        const properties = member(linkOf(schema, resource, "resolve"), "schema", "properties");
        for (const name of ["app", "addon_service"])
          properties[name] = { anyOf: [properties[name], { type: ["null"] }] };
      }
    },
  },
];

function member(schema: Schema, ...path: string[]): Schema {
  return path.reduce((node, key) => node[key] as Schema, schema);
}

function linksOf(schema: Schema, resource: string): Schema[] {
  return member(schema, "definitions", resource).links as unknown as Schema[];
}

function linkOf(schema: Schema, resource: string, rel: string): Schema {
  const found = linksOf(schema, resource).find((link) => link.rel === rel);
  if (found === undefined) throw new Error(`the schema has no link ${rel} of ${resource}`);
  return found;
}

/** The properties of one update of a formation: alone, and in a batch. */
function formationUpdates(schema: Schema): Schema[] {
  const batch = member(schema, "definitions", "formation", "definitions", "update", "properties");
  const alone = linksOf(schema, "formation")
    .filter((link) => link.method === "PATCH")
    .map((link) => member(link, "schema", "properties"))
    .find((properties) => !("updates" in properties));
  return alone === undefined ? [batch] : [batch, alone];
}
