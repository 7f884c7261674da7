import { existsSync, readFileSync } from "node:fs";
import { Ajv2019, type ValidateFunction } from "ajv/dist/2019.js";
import formats from "ajv-formats";
import { rulesetPaths } from "./ruleset-schema.js";
import { type Schema, schemaPatches } from "./schema-patches.js";

/** Something said to the double, or by it, that Cloudflare's schema does not allow. */
export interface Violation {
  readonly side: "request" | "query" | "answer" | "route";
  readonly method: string;
  readonly path: string;
  readonly message: string;
}

/** Judges calls by Cloudflare's OpenAPI document. */
export interface Judge {
  /** Says what is wrong with a call's path, query and body. */
  request(method: string, path: string, query: URLSearchParams, body: unknown): void;
  /** Says what is wrong with an answer's body. */
  answer(method: string, path: string, status: number, body: unknown): void;
  /** The permissions any one of which an operation needs, as the document names them; undefined where it names none. */
  permissions(method: string, path: string): readonly string[] | undefined;
}

interface Operation {
  readonly method: string;
  readonly template: string;
  readonly pattern: RegExp;
  readonly schema: Schema;
}

interface Book {
  readonly operations: readonly Operation[];
  compile(pointer: string, strict: boolean): ValidateFunction;
  parameter(schema: unknown): ValidateFunction;
}

/**
 * Reads the published schema, patches its known gaps, and judges by it; undefined when the file is not there.
 *
 * Stricter than the document where that finds faults: a body takes no fields that it does not name.
 */
export function createJudge(file: string, violations: Violation[]): Judge | undefined {
  if (!existsSync(file)) return;
  const book = openBook(file);
  const find = (method: string, path: string): Operation | undefined =>
    book.operations.find((one) => one.method === method && one.pattern.test(path));
  const pointerTo = (operation: Operation): string =>
    `#/paths/${escapePointer(operation.template)}/${operation.method.toLowerCase()}`;
  return {
    request(method, path, query, body) {
      const operation = find(method, path);
      if (operation === undefined) {
        violations.push({ side: "route", method, path, message: "the schema has no such route" });
        return;
      }
      for (const message of wrongQuery(book, operation, query)) {
        violations.push({ side: "query", method, path, message });
      }
      const takesBody = operation.schema.requestBody !== undefined;
      if (!takesBody) {
        const isEmpty = body === undefined || Object.keys(body as object).length === 0;
        if (!isEmpty) violations.push({ side: "request", method, path, message: "this route takes no body" });
        return;
      }
      const pointer = `${pointerTo(operation)}/requestBody/content/application~1json/schema`;
      const message = complaint(book.compile(pointer, true), body ?? {});
      if (message !== undefined) violations.push({ side: "request", method, path, message });
    },
    answer(method, path, status, body) {
      const operation = find(method, path);
      if (operation === undefined) return;
      const message =
        status < 400 && (body as { success?: unknown }).success !== false
          ? complaint(
              book.compile(`${pointerTo(operation)}/responses/200/content/application~1json/schema`, false),
              body,
            )
          : wrongFailure(book, body);
      if (message !== undefined) violations.push({ side: "answer", method, path, message });
    },
    permissions: (method, path) =>
      find(method, path)?.schema["x-api-token-group"] as readonly string[] | undefined,
  };
}

/** Failures are all of one form, which the document repeats in each operation, in parts against itself. */
function wrongFailure(book: Book, body: unknown): string | undefined {
  return complaint(book.compile("#/components/schemas/dns-records_api-response-common-failure", false), body);
}

function wrongQuery(book: Book, operation: Operation, query: URLSearchParams): string[] {
  const known = ((operation.schema.parameters as Schema[] | undefined) ?? [])
    .filter((one) => one.in === "query")
    .map((one) => [String(one.name), one.schema as Schema] as const);
  const parameters = new Map(known);
  const messages: string[] = [];
  for (const [name, value] of query) {
    const schema = parameters.get(name);
    if (schema === undefined) messages.push(`query ${name} is not known`);
    else {
      const wrong = complaint(book.parameter(schema), value);
      if (wrong !== undefined) messages.push(`query ${name}: ${wrong}`);
    }
  }
  return messages;
}

function complaint(validate: ValidateFunction, body: unknown): string | undefined {
  if (validate(body)) return;
  const words = (validate.errors ?? [])
    // What an alternative that was not meant has against it says nothing.
    .filter(({ schemaPath, params }) => !(schemaPath.includes("/type/enum") && "allowedValues" in params))
    .map(({ instancePath, message, params }) => {
      const name =
        (params as { unevaluatedProperty?: string }).unevaluatedProperty ??
        (params as { additionalProperty?: string }).additionalProperty;
      return `body${instancePath} ${message}${name === undefined ? "" : ` (${name})`}`;
    });
  return [...new Set(words)].slice(0, 12).join(", ") || "does not match";
}

/** Documents that were read already: tests start many doubles in one process. */
const opened = new Map<string, Book>();

function openBook(file: string): Book {
  const book = opened.get(file) ?? readBook(file);
  opened.set(file, book);
  return book;
}

function readBook(file: string): Book {
  const document = JSON.parse(readFileSync(file, "utf8")) as Schema;
  const components = document.components as {
    schemas: Record<string, Schema>;
    parameters: Record<string, Schema>;
  };
  for (const patch of schemaPatches) patch.apply(components.schemas);
  Object.assign(document.paths as object, rulesetPaths);
  const settings = { strict: false, logger: false, allErrors: true, validateSchema: false } as const;
  const ajv = new Ajv2019({ ...settings, unicodeRegExp: false });
  // A query has text alone: numbers and truth values are read out of it.
  const loose = new Ajv2019({ ...settings, coerceTypes: "array" });
  for (const one of [ajv, loose]) {
    formats.default(one);
    one.addSchema({ ...document, $id: "cloudflare" });
  }
  const operations = Object.entries(document.paths as Record<string, Record<string, Schema>>).flatMap(
    ([template, methods]) =>
      Object.entries(methods)
        .filter(([method]) => /^(get|post|put|patch|delete)$/.test(method))
        .map(([method, schema]) => ({
          method: method.toUpperCase(),
          template,
          pattern: new RegExp(`^${template.replace(/[.()]/g, "\\$&").replace(/\{[^}]+\}/g, "[^/]+")}$`),
          schema: { ...schema, parameters: resolved(schema.parameters, components.parameters) },
        })),
  );
  const compiled = new Map<string, ValidateFunction>();
  const parameters = new Map<unknown, ValidateFunction>();
  return {
    // A route that is all words comes before one with a parameter in its place.
    operations: operations.sort(
      (one, other) => one.template.split("{").length - other.template.split("{").length,
    ),
    compile(pointer, strict) {
      const known = compiled.get(pointer) ?? ajv.compile(at(pointer, strict));
      compiled.set(pointer, known);
      return known;
    },
    parameter(schema) {
      const known = parameters.get(schema) ?? loose.compile(withBase(schema));
      parameters.set(schema, known);
      return known;
    },
  };
}

function at(pointer: string, strict: boolean): Schema {
  const reference = { $ref: `cloudflare${encodeURI(pointer)}` };
  return strict ? { allOf: [reference], unevaluatedProperties: false } : reference;
}

/** A parameter's own schema stands alone: what it refers to is in the document. */
function withBase(schema: unknown): Schema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#', '"$ref":"cloudflare#')) as Schema;
}

function resolved(parameters: unknown, known: Record<string, Schema>): Schema[] {
  return ((parameters as Schema[] | undefined) ?? []).map((one) =>
    typeof one.$ref === "string" ? (known[one.$ref.split("/").pop() ?? ""] as Schema) : one,
  );
}

function escapePointer(text: string): string {
  return text.replaceAll("~", "~0").replaceAll("/", "~1");
}
