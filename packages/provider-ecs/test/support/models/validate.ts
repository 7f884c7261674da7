import { type ServiceModel, type Shape, type ShapeRef, shapeOf } from "./model.js";

/**
 * What is wrong with a value by its shape: missing and unknown members, types, enums, patterns, lengths and ranges. Each
 * line begins with the member's path.
 *
 * Patterns that JavaScript cannot read (`\p{Print}`, possessive quantifiers) are not checked.
 */
export function violationsOf(model: ServiceModel, ref: ShapeRef, value: unknown, path = ""): string[] {
  const shape = shapeOf(model, ref);
  const what = whatIsWrong(shape, value).map((text) => `${path === "" ? "the input" : path} ${text}`);
  return [...what, ...inside(model, shape, value, path)];
}

/** What is wrong with a value itself. */
function whatIsWrong(shape: Shape, value: unknown): string[] {
  switch (shape.type) {
    case "structure":
      if (shape.document === true) return [];
      return isRecord(value) ? membership(shape, value) : [`is no structure but ${shown(value)}`];
    case "list":
      return Array.isArray(value) ? size(shape, value.length, "items") : [`is no list but ${shown(value)}`];
    case "map":
      return isRecord(value)
        ? size(shape, Object.keys(value).length, "entries")
        : [`is no map but ${shown(value)}`];
    case "string":
    case "character":
      return typeof value === "string" ? textual(shape, value) : [`is no string but ${shown(value)}`];
    case "integer":
    case "long":
      return Number.isInteger(value) ? range(shape, Number(value)) : [`is no integer but ${shown(value)}`];
    case "float":
    case "double":
      return typeof value === "number" ? range(shape, value) : [`is no number but ${shown(value)}`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`is no boolean but ${shown(value)}`];
    case "timestamp": {
      const isTime =
        typeof value === "number" || (typeof value === "string" && !Number.isNaN(Date.parse(value)));
      return isTime ? [] : [`is no time but ${shown(value)}`];
    }
    case "blob":
      return typeof value === "string" ? [] : [`is no blob but ${shown(value)}`];
  }
}

/** What is wrong with the parts of a value. */
function inside(model: ServiceModel, shape: Shape, value: unknown, path: string): string[] {
  const { member, key, value: inner, members = {} } = shape;
  if (shape.type === "list" && Array.isArray(value) && member !== undefined) {
    return value.flatMap((one, index) => violationsOf(model, member, one, `${path}[${index}]`));
  }
  if (!isRecord(value) || shape.document === true) return [];
  if (shape.type === "map" && key !== undefined && inner !== undefined) {
    return Object.entries(value).flatMap(([name, one]) => [
      ...violationsOf(model, key, name, `${path}[key ${name}]`),
      ...violationsOf(model, inner, one, `${path}[${name}]`),
    ]);
  }
  if (shape.type !== "structure") return [];
  return given(value).flatMap(([name, one]) => {
    const ref = members[name];
    if (ref === undefined || ref.streaming === true) return [];
    return violationsOf(model, ref, one, path === "" ? name : `${path}.${name}`);
  });
}

function given(value: Record<string, unknown>): [string, unknown][] {
  return Object.entries(value).filter(([, one]) => one !== undefined && one !== null);
}

function membership(shape: Shape, value: Record<string, unknown>): string[] {
  const present = given(value).map(([name]) => name);
  const lacking = (shape.required ?? []).filter((name) => !present.includes(name));
  const unknown = present.filter((name) => shape.members?.[name] === undefined);
  return [
    ...lacking.map((name) => `lacks ${name}`),
    ...unknown.map((name) => `has an unknown member ${name}`),
    ...(shape.union === true && present.length !== 1 ? [`is a union with ${present.length} members`] : []),
  ];
}

function textual(shape: Shape, value: string): string[] {
  const isOneOf = shape.enum === undefined || shape.enum.includes(value);
  const matches = shape.pattern === undefined || regexOf(shape.pattern)?.test(value) !== false;
  return [
    ...size(shape, [...value].length, "characters"),
    ...(isOneOf ? [] : [`is ${shown(value)}, no value of its enum`]),
    ...(matches ? [] : [`is ${shown(value)} and does not match ${shape.pattern}`]),
  ];
}

function size({ min = 0, max = Number.POSITIVE_INFINITY }: Shape, length: number, what: string): string[] {
  if (length < min) return [`has ${length} ${what}, fewer than ${min}`];
  return length > max ? [`has ${length} ${what}, more than ${max}`] : [];
}

function range(
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Shape,
  value: number,
): string[] {
  if (value < min) return [`is ${value}, less than ${min}`];
  return value > max ? [`is ${value}, more than ${max}`] : [];
}

const regexes = new Map<string, RegExp | undefined>();

/** AWS means the whole text, whether or not the pattern says so. */
function regexOf(pattern: string): RegExp | undefined {
  if (regexes.has(pattern)) return regexes.get(pattern);
  let regex: RegExp | undefined;
  try {
    // Java's classes mean something else, or nothing, to JavaScript without the flag `u`.
    if (!/\\p\{(?:Print|Graph|ASCII|Alnum|Alpha|Digit|Punct|Space)\}|\\[QEAZzG]|[*+?}]\+/.test(pattern)) {
      const isUnicode = /\\p\{|\\u\{/.test(pattern);
      regex = new RegExp(`^(?:${pattern})$`, isUnicode ? "su" : "s");
    }
  } catch {
    regex = undefined;
  }
  regexes.set(pattern, regex);
  return regex;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Short, and without what may be secret: only what a program chooses is shown, up to 80 characters. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
