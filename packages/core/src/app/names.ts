import { formatPath, type Path, type Report } from "./report.js";

const appPattern = /^[a-z][a-z0-9-]{0,28}[a-z0-9]$/;
const partPattern = /^[a-z][a-z0-9-]{0,29}$/;
const laterPartPattern = /^[a-z0-9][a-z0-9-]{0,29}$/;
const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names that log lines, release output and one-off commands go by: no process can have them. */
export const reservedProcessNames: readonly string[] = ["release", "build", "run", "job"];

/** Variables that a provider sets by itself, and what to write instead. */
const reservedVariables: Readonly<Record<string, string>> = {
  PORT: "The provider chooses it; to fix it, set port on the process.",
};

/** What `name` would be as a valid name of at most `length` characters; undefined when nothing of it is left. */
export function asName(name: string, length: number): string | undefined {
  const valid = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, length)
    .replace(/-+$/, "");
  return valid === "" ? undefined : valid;
}

/** `api-v2` as the first part of a variable's name: `API_V2`. */
export function asVariable(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/** Reports what keeps `name` from being an app's name. */
export function checkAppName(name: string, path: Path, report: Report): void {
  if (appPattern.test(name)) return;
  const valid = asName(name, 30);
  report.problem(
    path,
    `${JSON.stringify(name)} cannot be the name of an app.`,
    `Lower case letters, digits and hyphens, 2 to 30 characters, starting with a letter and not ending with a hyphen${instead(valid !== undefined && valid.length > 1 ? valid : undefined)}.`,
  );
}

/** Reports what keeps `name` from being the name of a `what`: a process, a job, an add-on, a volume. */
export function checkName(what: string): (name: string, path: Path, report: Report) => void {
  return (name, path, report) => {
    if (!partPattern.test(name)) {
      report.problem(
        path,
        `${JSON.stringify(name)} cannot be the name of ${what}.`,
        `Lower case letters, digits and hyphens, 1 to 30 characters, starting with a letter${instead(asName(name, 30))}.`,
      );
    } else if (what === "a process" && reservedProcessNames.includes(name)) {
      report.problem(path, `No process can be called "${name}": logs use that name.`, reservedHint(name));
    }
  };
}

function reservedHint(name: string): string {
  if (name === "release") return 'The release command is an option of the app: release: "…".';
  if (name === "build") return "What builds the app is an option of the app: build: { command: … }.";
  if (name === "job") return "Tasks on a schedule belong in jobs.";
  return "Choose another name.";
}

/** Whether `part` can follow a slash in an environment's name: the `12` of `review/12`. */
export function isLaterPart(part: string): boolean {
  return laterPartPattern.test(part);
}

/** Reports what keeps `name` from being an environment's name: parts may follow after slashes, the last may be `*`. */
export function checkEnvironmentName(name: string, path: Path, report: Report): void {
  const [first = "", ...later] = name.split("/");
  const last = later.length - 1;
  const fits = (part: string, index: number): boolean =>
    isLaterPart(part) || (part === "*" && index === last);
  if (partPattern.test(first) && later.every(fits)) return;
  report.problem(
    path,
    `${JSON.stringify(name)} cannot be the name of an environment.`,
    'Lower case letters, digits and hyphens, starting with a letter; parts may follow, as in "review/12" or "review/*".',
  );
}

/** Reports what keeps `name` from being a variable of a process's environment. */
export function checkVariable(name: string, path: Path, report: Report): void {
  if (!variablePattern.test(name)) {
    const valid = name
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, "_")
      .replace(/^(\d)/, "_$1");
    report.problem(
      path,
      `${JSON.stringify(name)} cannot be the name of a variable.`,
      `Letters, digits and underscores, not starting with a digit${instead(valid.replaceAll("_", "") === "" ? undefined : valid)}.`,
    );
  } else if (Object.hasOwn(reservedVariables, name)) {
    report.problem(path, `${formatPath(path)}: ${name} is set by Deploy.`, reservedVariables[name]);
  }
}

function instead(valid: string | undefined): string {
  return valid === undefined ? "" : `: "${valid}", say`;
}
