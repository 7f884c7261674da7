import { DeployError, type Problem } from "../errors.js";
import { entriesOf, isFields, kindOf, memberOf } from "./checks.js";
import { suggest } from "./edit-distance.js";
import { createReport, noFile, type Path, type Report } from "./report.js";
import { appShape } from "./shapes.js";
import type { App } from "./types.js";
import { checkDomains, type DomainsContext } from "./validate-domains.js";
import { checkVariables, noteSecretsInConfig } from "./validate-variables.js";

/** Where a declaration was read from: what turns a problem into a file and a line. */
export interface AppSource {
  readonly file: string;
  readonly text: string;
}

/** A declaration that holds, and what is worth knowing about it. */
export interface ValidatedApp {
  readonly app: App;
  /** Warnings: nothing here keeps the app from being deployed. */
  readonly notes: readonly Problem[];
}

/**
 * Checks whatever was loaded as an app, from TypeScript, JavaScript or JSON, and reports all problems at once.
 *
 * With `source`, problems carry the line they are on, as far as it can be found.
 *
 * @throws `config.invalid` with every problem in `problems`.
 */
export function validateApp(value: unknown, source?: AppSource): ValidatedApp {
  const report = createReport(source);
  if (isFields(value) && !isModuleOrPromise(value)) {
    appShape(value, [], report);
    checkSomethingRuns(value, report);
    checkReferences(value, report);
    checkVariables(value, undefined, report);
    noteSecretsInConfig(memberOf(memberOf(value, "build"), "args"), ["build", "args"], report);
    noteSecrets(value, [], report);
    for (const [name, environment] of entriesOf(memberOf(value, "environments"))) {
      checkVariables(value, { name, value: environment }, report);
      noteSecrets(environment, ["environments", name], report);
    }
    noteSharedDomains(value, report);
  } else {
    reportNoApp(value, report);
  }
  if (report.problems.length > 0) throw invalid(report.problems, source?.file ?? noFile);
  return { app: { ...(value as unknown as App), "deploy.app": 1 }, notes: report.notes };
}

function invalid(problems: readonly Problem[], file: string): DeployError {
  const [first] = problems as readonly [Problem];
  const only = problems.length === 1;
  const hint = only ? first.hint : "Each of them says what to do.";
  return new DeployError({
    code: "config.invalid",
    message: only ? first.message : `${problems.length} things are wrong in ${file}.`,
    ...(hint === undefined ? {} : { hint }),
    ...(first.location === undefined ? {} : { location: first.location }),
    problems,
  });
}

function isModuleOrPromise(value: Readonly<Record<string, unknown>>): boolean {
  return typeof value.then === "function" || Object.prototype.toString.call(value) === "[object Module]";
}

function reportNoApp(value: unknown, report: Report): void {
  const hint = "Export it: export default defineApp({ … }).";
  if (value === undefined || isFields(value)) {
    const promise = isFields(value) && typeof value.then === "function";
    if (promise) report.problem([], "A promise was exported, not an app.", "Put await in front of it.");
    else report.problem([], "No app is exported.", hint);
  } else if (typeof value === "function") {
    report.problem([], "A function was exported, not an app.", "Call it, and export what it returns.");
  } else {
    report.problem([], `The app has to be an object, but is ${kindOf(value)}.`, hint);
  }
}

/** Of an app or an environment: its own config, and that of its processes. */
function noteSecrets(owner: unknown, path: Path, report: Report): void {
  noteSecretsInConfig(memberOf(owner, "config"), [...path, "config"], report);
  for (const [name, process] of entriesOf(memberOf(owner, "processes"))) {
    noteSecretsInConfig(memberOf(process, "config"), [...path, "processes", name, "config"], report);
  }
}

function checkSomethingRuns(app: unknown, report: Report): void {
  const has = (key: string): boolean => entriesOf(memberOf(app, key)).length > 0;
  if (has("processes") || has("jobs")) return;
  const declared = memberOf(app, "processes");
  if (declared !== undefined && !isFields(declared)) return;
  report.problem(
    declared === undefined ? [] : ["processes"],
    "The app has no processes, so there is nothing to run.",
    'Declare one: processes: { web: { command: "python app.py" } }.',
  );
}

/** Names that are used, against names that are declared. */
function checkReferences(app: unknown, report: Report): void {
  const domains = memberOf(app, "domains");
  if (domains !== undefined) checkDomains(domains, ["domains"], report, domainsContext(app, undefined));
  for (const [name, environment] of entriesOf(memberOf(app, "environments"))) {
    const path = ["environments", name];
    for (const key of ["processes", "jobs", "addons"] as const) {
      checkDeclared(app, environment, key, [...path, key], report);
    }
    const own = memberOf(environment, "domains");
    if (own !== undefined) checkDomains(own, [...path, "domains"], report, domainsContext(app, environment));
  }
}

const singular: Readonly<Record<string, string>> = { processes: "process", jobs: "job", addons: "add-on" };

function checkDeclared(app: unknown, environment: unknown, key: string, path: Path, report: Report): void {
  const declared = entriesOf(memberOf(app, key)).map(([name]) => name);
  for (const [name] of entriesOf(memberOf(environment, key))) {
    if (declared.includes(name)) continue;
    report.problem(
      [...path, name],
      `The app has no ${singular[key]} "${name}" that ${path[1]} could override.`,
      suggest(name, declared, `Declare it in ${key} of the app first.`),
    );
  }
}

function domainsContext(app: unknown, environment: unknown): DomainsContext {
  const processes = entriesOf(memberOf(app, "processes"));
  const internal = processes.filter(([name, process]) => {
    const override = memberOf(memberOf(environment, "processes"), name);
    return (memberOf(override, "internal") ?? memberOf(process, "internal")) === true;
  });
  return { processes: processes.map(([name]) => name), internal: internal.map(([name]) => name) };
}

/** One host leads to one environment: whoever is deployed last would take it from the others. */
function noteSharedDomains(app: unknown, report: Report): void {
  const owners = new Map<string, string>();
  for (const [name, environment] of entriesOf(memberOf(app, "environments"))) {
    const own = memberOf(environment, "domains");
    if (name === "local" && own === undefined) continue;
    const path = own === undefined ? ["domains"] : ["environments", name, "domains"];
    for (const [host] of entriesOf(own ?? memberOf(app, "domains"))) {
      const other = owners.get(host.toLowerCase());
      const both = other ?? (name.endsWith("*") ? `every environment of ${name}` : undefined);
      owners.set(host.toLowerCase(), name);
      if (both === undefined) continue;
      report.note(
        [...path, host],
        `The domain ${host} belongs to ${both}${other === undefined ? "" : ` and to ${name}`}, and can lead to one of them only.`,
        "Give each environment domains of its own.",
      );
    }
  }
}
