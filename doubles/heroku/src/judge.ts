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
interface Link {
  readonly method: string;
  readonly pattern: RegExp;
  readonly pointer: string;
  readonly takesBody: boolean;
  readonly answers: boolean;
}

/** Judges calls by Heroku's hyper-schema. */
export interface Judge {
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
 * Stricter than JSON Schema where that finds faults: answers honour `strictProperties` (every property, and no other),
 * and an object with named properties takes no others, so that a misspelled field is a violation. Undefined when the
 * directory has no schemas.
 */
export function createJudge(directory: string, violations: Violation[]): Judge | undefined {
  if (!existsSync(join(directory, files["3"])) || !existsSync(join(directory, files["3.sdk"]))) return;
  const books = { "3": openBook(directory, "3"), "3.sdk": openBook(directory, "3.sdk") };

  const linksOf = (method: string, path: string, variant: Variant): Link[] =>
    books[variant].links.filter((one) => one.method === method && one.pattern.test(path));

  /** What all of some schemas have against a body: nothing when one of them takes it. */
  function complaint(
    variant: Variant,
    side: Side,
    pointers: readonly string[],
    body: unknown,
  ): string | undefined {
    const complaints: string[] = [];
    for (const pointer of pointers) {
      const validate = books[variant].compile(side, pointer);
      if (validate(body)) return;
      complaints.push(errorsText(validate));
    }
    return complaints.length === 0 ? undefined : complaints.join("; or ");
  }

  return {
    request(method, path, variant, body) {
      const links = linksOf(method, path, variant);
      const base = { method, path, variant };
      if (links.length === 0) {
        if (outsideSchema.some((one) => one.method === method && one.path.test(path))) return;
        const elsewhere = variant === "3" && linksOf(method, path, "3.sdk").length > 0;
        const message = elsewhere
          ? "only form 3.sdk of the schema has this route"
          : "the schema has no such route";
        violations.push({ side: "route", ...base, message });
        return;
      }
      const taking = links.filter((one) => one.takesBody);
      const isEmpty = body === undefined || Object.keys(body as object).length === 0;
      const message =
        taking.length === 0
          ? isEmpty
            ? undefined
            : "the schema gives this route no request body"
          : complaint(
              variant,
              "request",
              taking.map((one) => `${one.pointer}/schema`),
              body ?? {},
            );
      if (message !== undefined) violations.push({ side: "request", ...base, message });
    },
    answer(method, path, variant, body) {
      const pointers = linksOf(method, path, variant)
        .filter((one) => one.answers)
        .map((one) => `${one.pointer}/targetSchema`);
      const message = complaint(variant, "answer", pointers, body);
      if (message !== undefined) violations.push({ side: "answer", method, path, variant, message });
    },
  };
}

type Side = "request" | "answer";

interface Book {
  readonly links: readonly Link[];
  compile(side: Side, pointer: string): ValidateFunction;
}

/** Schemas that were read already: tests start many doubles in one process. */
const opened = new Map<string, Book>();

function openBook(directory: string, variant: Variant): Book {
  const path = join(directory, files[variant]);
  const book = opened.get(path) ?? readBook(path, variant);
  opened.set(path, book);
  return book;
}

function readBook(path: string, variant: Variant): Book {
  const schema = JSON.parse(readFileSync(path, "utf8")) as Schema;
  for (const patch of schemaPatches)
    if (patch.variants === undefined || patch.variants.includes(variant)) patch.apply(schema);
  // Draft 4 names a schema's address `id`, and this one a dialect of its own, which today's validators refuse.
  delete schema.id;
  delete schema.$schema;
  const definitions = schema.definitions as Record<string, Schema>;
  const links = Object.entries(definitions).flatMap(([resource, definition]) =>
    ((definition.links ?? []) as Schema[]).map((link, index) => readLink(resource, link, index)),
  );
  const validators = { request: open(schema, "request"), answer: open(schema, "answer") };
  const compiled = new Map<string, ValidateFunction>();
  return {
    links,
    compile(side, pointer) {
      const known = compiled.get(pointer) ?? validators[side].compile({ $ref: `heroku#${pointer}` });
      compiled.set(pointer, known);
      return known;
    },
  };
}

function open(schema: Schema, side: Side): Ajv {
  const copy = structuredClone(schema);
  for (const definition of Object.values(copy.definitions as Record<string, Schema>)) {
    harden(definition, side);
    for (const link of (definition.links ?? []) as Schema[]) {
      harden(link.schema, side);
      harden(link.targetSchema, side);
    }
  }
  const ajv = new Ajv({
    strict: false,
    logger: false,
    allErrors: true,
    validateSchema: false,
    unicodeRegExp: false,
  });
  formats.default(ajv);
  return ajv.addSchema(copy, "heroku");
}

function errorsText(validate: ValidateFunction): string {
  const words = (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const name = (params as { additionalProperty?: string }).additionalProperty;
    return `body${instancePath} ${message}${name === undefined ? "" : ` (${name})`}`;
  });
  return words.join(", ");
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
    pointer: `/definitions/${resource}/links/${index}`,
    takesBody: link.schema !== undefined,
    answers: link.targetSchema !== undefined,
  };
}

/** Makes a schema, and all in it, refuse unknown properties; an answer has every property of what is strict. */
function harden(schema: unknown, side: Side): void {
  if (typeof schema !== "object" || schema === null) return;
  const node = schema as Schema;
  const properties = node.properties as Record<string, unknown> | undefined;
  if (properties !== undefined) {
    if (node.additionalProperties === undefined && node.patternProperties === undefined)
      node.additionalProperties = false;
    if (side === "answer" && node.strictProperties === true) node.required = Object.keys(properties);
    for (const one of Object.values(properties)) harden(one, side);
  }
  harden(node.items, side);
  for (const key of ["anyOf", "oneOf", "allOf"])
    for (const one of (node[key] as unknown[] | undefined) ?? []) harden(one, side);
  for (const one of Object.values((node.definitions as Record<string, unknown> | undefined) ?? {}))
    harden(one, side);
}
