import { DeployError, type Problem } from "../errors.js";
import type { Plan } from "./plan.js";

/** Whether a value is what a plan has in a place; answers with the problems, each with its path. */
type Shape = (value: unknown, path: string) => readonly Found[];
interface Found {
  readonly path: string;
  readonly expected: string;
}

const text: Shape = (value, path) => (typeof value === "string" ? [] : [{ path, expected: "a text" }]);
const anything: Shape = () => [];

const planShape = record({
  spec: oneOf(1),
  app: text,
  environment: text,
  operation: oneOf("up", "down", "rollback", "promote", "access"),
  createdAt: (value, path) =>
    typeof value === "string" && !Number.isNaN(Date.parse(value))
      ? []
      : [{ path, expected: "a time (ISO 8601)" }],
  identities: map(text),
  changes: list(
    record(
      {
        id: text,
        label: text,
        provider: text,
        element: oneOf(
          ...[
            "servers",
            "images",
            "containers",
            "logs",
            "secrets",
            "ingress",
            "dns",
            "certificates",
            "addons",
            "access",
          ],
        ),
        action: oneOf("create", "update", "adopt", "wait", "delete"),
        verb: text,
        fields: list(record({ path: text }, { from: anything, to: anything, unknown: oneOf(true) })),
        after: list(text),
      },
      { reason: text, holdsData: text },
    ),
  ),
  unchanged: (value, path) =>
    Number.isInteger(value) && (value as number) >= 0 ? [] : [{ path, expected: "a count" }],
  kept: list(record({ id: text, label: text, reason: text })),
  blocks: list(record({ id: text, code: text, message: text }, { hint: text })),
  notes: list(text),
  desired: map(text),
});

/**
 * Reads a saved plan.
 *
 * @throws DeployError `plan.malformed`, with the place of every member that is not what a plan has.
 */
export function parsePlan(text: string, file: string): Plan {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    // The parser's own message quotes the text, and a wrong file may hold anything: a key, a password.
    throw malformed(file, "it is not JSON", [], syntaxPlace(cause));
  }
  const found = planShape(data, "");
  if (found.length === 0) return data as Plan;
  const problems = found.slice(0, 20).map(({ path, expected }) => ({
    message: `${path === "" ? "the file" : path} should be ${expected}.`,
    location: { file, path },
  }));
  throw malformed(file, `${found[0]!.path || "the file"} should be ${found[0]!.expected}`, problems);
}

function malformed(file: string, what: string, problems: readonly Problem[], line?: number): DeployError {
  return new DeployError({
    code: "plan.malformed",
    message: `${file} is not a plan: ${what}.`,
    hint: "Make a new one with `deploy plan --json`, and leave the file as it is.",
    location: line === undefined ? { file } : { file, line },
    problems,
  });
}

function syntaxPlace(cause: unknown): number | undefined {
  const line = cause instanceof Error ? /line (\d+)/.exec(cause.message)?.[1] : undefined;
  return line === undefined ? undefined : Number(line);
}

function oneOf(...allowed: readonly unknown[]): Shape {
  const expected = allowed.map((one) => JSON.stringify(one)).join(" or ");
  return (value, path) => (allowed.includes(value) ? [] : [{ path, expected }]);
}

function list(item: Shape): Shape {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((one, index) => item(one, `${path}[${index}]`))
      : [{ path, expected: "a list" }];
}

function map(member: Shape): Shape {
  return (value, path) =>
    isObject(value)
      ? Object.entries(value).flatMap(([key, one]) => member(one, join(path, key)))
      : [{ path, expected: "an object" }];
}

/** Members which it does not know are let through: a later version may have added them. */
function record(
  required: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {},
): Shape {
  return (value, path) => {
    if (!isObject(value)) return [{ path, expected: "an object" }];
    const found = Object.entries(required).flatMap(([key, shape]) => shape(value[key], join(path, key)));
    for (const [key, shape] of Object.entries(optional)) {
      if (value[key] !== undefined) found.push(...shape(value[key], join(path, key)));
    }
    return found;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
