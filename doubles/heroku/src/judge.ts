import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import { outsideSchema } from "./outside-schema.js";
import { schemaPatches } from "./schema-patches.js";

/** Which of the two published forms of the schema a call asked for in its Accept header. */
export type Variant = "3" | "3.sdk";

/** Something said to the double, or by it, that Heroku's schema does not allow. */
export interface Violation {
  readonly side: "request" | "answer" | "route";
  readonly method: string;
  readonly path: string;
  readonly variant: Variant;
  readonly message: string;
}

/** A JSON schema, as far as this file reads one. */
export type Schema = { [key: string]: unknown };

/** A link of the schema that a path belongs to. */
export interface Link {
  readonly method: string;
  readonly pattern: RegExp;
  readonly resource: string;
  readonly pointer: string;
  readonly takesBody: boolean;
  readonly answers: boolean;
}

/** Judges calls by Heroku's hyper-schema. */
export interface Judge {
  /** The link a call belongs to; absent when the schema has none. */
  link(method: string, path: string, variant: Variant): Link | undefined;
  /** Says what is wrong with a call's path and body. */
  request(method: string, path: string, variant: Variant, body: unknown): void;
  /** Says what is wrong with an answer's body. */
  answer(method: string, path: string, variant: Variant, body: unknown): void;
}

const files: Readonly<Record<Variant, string>> = {
  "3": "heroku-platform-api.schema.json",
  "3.sdk": "heroku-platform-api-3.sdk.schema.json",
};

/**
 * Reads both published schemas from a directory, patches their known gaps, and judges by them.
 *
 * Stricter than JSON Schema where that finds faults: `strictProperties` is honoured (every property, and no other),
 * and an object with named properties takes no others, so that a misspelled field is a violation. Undefined when the
 * directory has no schemas.
 */
export function createJudge(directory: string, violations: Violation[]): Judge | undefined {
  if (!existsSync(join(directory, files["3"])) || !existsSync(join(directory, files["3.sdk"]))) return;
  const books = { "3": openBook(directory, "3"), "3.sdk": openBook(directory, "3.sdk") };
  const report = (violation: Violation): void => {
    violations.push(violation);
  };

  function link(method: string, path: string, variant: Variant): Link | undefined {
    return books[variant].links.find((one) => one.method === method && one.pattern.test(path));
  }

  function check(book: Book, pointer: string, body: unknown): string | undefined {
    const validate = book.compile(pointer);
    if (validate(body)) return;
    return book.ajv.errorsText(validate.errors, { dataVar: "body" });
  }

  return {
    link,
    request(method, path, variant, body) {
      const found = link(method, path, variant);
      const base = { method, path, variant };
      if (found === undefined) {
        if (outsideSchema.some((one) => one.method === method && one.path.test(path))) return;
        const other = variant === "3" ? link(method, path, "3.sdk") : undefined;
        const message = other
          ? "only variant 3.sdk of the schema has this route"
          : "the schema has no such route";
        return report({ side: "route", ...base, message });
      }
      if (found.takesBody) {
        const message = check(books[variant], `${found.pointer}/schema`, body ?? {});
        if (message !== undefined) report({ side: "request", ...base, message });
      } else if (body !== undefined && Object.keys(body as object).length > 0)
        report({ side: "request", ...base, message: "the schema gives this route no request body" });
    },
    answer(method, path, variant, body) {
      const found = link(method, path, variant);
      if (!found?.answers) return;
      const message = check(books[variant], `${found.pointer}/targetSchema`, body);
      if (message !== undefined) report({ side: "answer", method, path, variant, message });
    },
  };
}

interface Book {
  readonly links: readonly Link[];
  readonly ajv: Ajv;
  compile(pointer: string): ValidateFunction;
}

function openBook(directory: string, variant: Variant): Book {
  const schema = JSON.parse(readFileSync(join(directory, files[variant]), "utf8")) as Schema;
  for (const patch of schemaPatches)
    if (patch.variants === undefined || patch.variants.includes(variant)) patch.apply(schema);
  const definitions = schema.definitions as Record<string, Schema>;
  const links = Object.entries(definitions).flatMap(([resource, definition]) =>
    ((definition.links ?? []) as Schema[]).map((link, index) => readLink(resource, link, index)),
  );
  for (const definition of Object.values(definitions)) {
    harden(definition);
    for (const link of (definition.links ?? []) as Schema[]) {
      harden(link.schema);
      harden(link.targetSchema);
    }
  }
  // Draft 4 names a schema's address `id`, and this one a dialect of its own, which today's validators refuse.
  delete schema.id;
  delete schema.$schema;
  const ajv = new Ajv({
    strict: false,
    logger: false,
    allErrors: true,
    validateSchema: false,
    unicodeRegExp: false,
  });
  formats.default(ajv);
  ajv.addSchema(schema, "heroku");
  const compiled = new Map<string, ValidateFunction>();
  return {
    links,
    ajv,
    compile(pointer) {
      const known = compiled.get(pointer) ?? ajv.compile({ $ref: `heroku#${pointer}` });
      compiled.set(pointer, known);
      return known;
    },
  };
}

function readLink(resource: string, link: Schema, index: number): Link {
  const href = String(link.href).replace(/\{[^}]*\}/g, "{}");
  const source = href
    .split("{}")
    .map((piece) => piece.replace(/[.*+?^$()|[\]\\]/g, "\\$&"))
    .join("[^/]+");
  return {
    // One link of the schema says "Get".
    method: String(link.method ?? "GET").toUpperCase(),
    pattern: new RegExp(`^${source}$`),
    resource,
    pointer: `/definitions/${resource}/links/${index}`,
    takesBody: link.schema !== undefined,
    answers: link.targetSchema !== undefined,
  };
}

/** Makes a schema, and all in it, refuse unknown properties, and honour `strictProperties`. */
function harden(schema: unknown): void {
  if (typeof schema !== "object" || schema === null) return;
  const node = schema as Schema;
  const properties = node.properties as Record<string, unknown> | undefined;
  if (properties !== undefined) {
    if (node.additionalProperties === undefined && node.patternProperties === undefined)
      node.additionalProperties = false;
    if (node.strictProperties === true) node.required = Object.keys(properties);
    for (const one of Object.values(properties)) harden(one);
  }
  harden(node.items);
  for (const key of ["anyOf", "oneOf", "allOf"])
    for (const one of (node[key] as unknown[] | undefined) ?? []) harden(one);
  for (const one of Object.values((node.definitions as Record<string, unknown> | undefined) ?? {}))
    harden(one);
}
