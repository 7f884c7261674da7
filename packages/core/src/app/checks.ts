import { DeployError } from "../errors.js";
import { parseDuration, parseSize } from "./durations.js";
import { closest, suggest } from "./edit-distance.js";
import { formatPath, type Path, type Report } from "./report.js";

/** Looks at one value of a declaration and reports what is wrong with it. */
export type Check = (value: unknown, path: Path, report: Report) => void;

/** An object with keys of its own: what a declaration is made of. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether `value` is an object that is neither a list nor null. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The members of `value` that are set; nothing when it is no object. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isFields(value) ? Object.entries(value).filter(([, member]) => member !== undefined) : [];
}

/** The member `key` of `value` that is its own, or undefined. */
export function memberOf(value: unknown, key: string): unknown {
  return isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** What `value` is, in words and without showing it: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

/** Reports that `value` is not what has to be there. */
export function wrongType(value: unknown, path: Path, report: Report, wanted: string, hint?: string): void {
  const place = path.length === 0 ? "The declaration" : formatPath(path);
  report.problem(path, `${place} has to be ${wanted}, but is ${kindOf(value)}.`, hint);
}

/** What other tools call it, to what it is called here. */
const synonyms: Readonly<Record<string, string>> = {
  count: "instances",
  cron: "schedule",
  cwd: "context",
  databases: "addons",
  env: "config",
  envs: "environments",
  environment: "config",
  healthcheck: "health",
  hosts: "domains",
  provider: "target",
  quantity: "instances",
  replicas: "instances",
  scale: "instances",
  services: "processes",
  vars: "config",
};

/** An object with these members and no others. */
export function shape(
  members: Readonly<Record<string, Check>>,
  options: { readonly required?: readonly string[] } = {},
): Check {
  const known = Object.keys(members).filter((key) => !key.includes("."));
  return (value, path, report) => {
    if (!isFields(value)) return wrongType(value, path, report, "an object");
    for (const key of options.required ?? []) {
      if (memberOf(value, key) === undefined) {
        const place = path.length === 0 ? "The app" : formatPath(path);
        report.problem(path, `${place} has no ${key}.`, requiredHints[key]);
      }
    }
    for (const [key, member] of entriesOf(value)) {
      const check = Object.hasOwn(members, key) ? members[key] : undefined;
      if (check !== undefined) check(member, [...path, key], report);
      else reportUnknown(key, known, path, report);
    }
  };
}

const requiredHints: Readonly<Record<string, string>> = {
  command: 'Say what to run: command: "python app.py".',
  kind: 'Say what it is: kind: "postgres".',
  name: 'Give it one: name: "my-app".',
  path: 'Say what to ask for: path: "/healthz".',
  redirect: 'Say where to: { redirect: "example.org" }.',
  schedule: 'Say when, in cron\'s five fields: schedule: "0 3 * * *".',
};

function reportUnknown(key: string, known: readonly string[], path: Path, report: Report): void {
  const place = path.length === 0 ? "" : ` in ${formatPath(path)}`;
  const synonym = Object.hasOwn(synonyms, key) ? synonyms[key]! : "";
  const hint =
    closest(key, known) === undefined && known.includes(synonym)
      ? `It is called "${synonym}" here.`
      : suggest(key, known, "Remove it.");
  report.problem([...path, key], `Unknown option "${key}"${place}.`, hint);
}

/** An object whose keys the user chooses. */
export function mapOf(checkKey: (key: string, path: Path, report: Report) => void, check: Check): Check {
  return (value, path, report) => {
    if (!isFields(value)) return wrongType(value, path, report, "an object");
    for (const [key, member] of entriesOf(value)) {
      checkKey(key, [...path, key], report);
      check(member, [...path, key], report);
    }
  };
}

/** A list of what `check` accepts. */
export function listOf(check: Check): Check {
  return (value, path, report) => {
    if (!Array.isArray(value)) return wrongType(value, path, report, "a list");
    for (const [index, item] of value.entries()) check(item, [...path, String(index)], report);
  };
}

/** Text that is not empty. */
export const text: Check = (value, path, report) => {
  if (typeof value !== "string") wrongType(value, path, report, "text");
  else if (value.trim() === "")
    report.problem(path, `${formatPath(path)} is empty.`, "Fill it in or remove it.");
};

/** True or false. */
export const flag: Check = (value, path, report) => {
  if (typeof value !== "boolean") wrongType(value, path, report, "true or false");
};

/** A whole number within limits. */
export function wholeNumber(least: number, greatest: number): Check {
  return (value, path, report) => {
    if (typeof value !== "number") return wrongType(value, path, report, "a number");
    if (Number.isInteger(value) && value >= least && value <= greatest) return;
    report.problem(
      path,
      `${formatPath(path)} is ${value}.`,
      `It has to be a whole number from ${least} to ${greatest}.`,
    );
  };
}

/** A command: text, or a list of program and arguments. */
export const command: Check = (value, path, report) => {
  const empty = (hint: string): void => report.problem(path, `${formatPath(path)} is empty.`, hint);
  if (typeof value === "string") {
    if (value.trim() === "") empty('Say what to run, such as "python app.py".');
    else if (value.includes("\0")) report.problem(path, `${formatPath(path)} has a NUL character in it.`);
  } else if (Array.isArray(value)) {
    const wrong = value.findIndex((part) => typeof part !== "string");
    if (wrong !== -1) wrongType(value[wrong], [...path, String(wrong)], report, "text");
    else if (value.length === 0 || value[0].trim() === "") empty("The first item is the program to run.");
  } else {
    wrongType(value, path, report, "a command: text, or a list of program and arguments");
  }
};

/** A length of time. */
export const duration: Check = (value, path, report) => {
  if (typeof value !== "string" && typeof value !== "number") {
    return wrongType(value, path, report, 'a length of time, such as "30 s"');
  }
  withoutThrowing(() => parseDuration(value), path, report);
};

/** A size of memory; below a megabyte a unit was forgotten. */
export const memorySize: Check = (value, path, report) => {
  if (typeof value !== "string" && typeof value !== "number") {
    return wrongType(value, path, report, 'a size, such as "512 MB"');
  }
  const bytes = withoutThrowing(() => parseSize(value), path, report);
  if (bytes !== undefined && bytes < 1_000_000) {
    report.problem(
      path,
      `${formatPath(path)} is ${bytes} bytes, and nothing runs in that.`,
      typeof value === "number" ? `Write the unit: "${value} MB".` : "Give it a megabyte or more.",
    );
  }
};

/** The result of `parse`; what it throws is reported as a problem of `path`. */
export function withoutThrowing<T>(parse: () => T, path: Path, report: Report): T | undefined {
  try {
    return parse();
  } catch (thrown) {
    if (!DeployError.is(thrown)) throw thrown;
    report.problem(path, `${formatPath(path)}: ${thrown.message}`, thrown.hint);
    return undefined;
  }
}
