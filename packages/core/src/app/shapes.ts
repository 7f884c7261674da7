import {
  type Check,
  command,
  duration,
  flag,
  isFields,
  listOf,
  mapOf,
  memberOf,
  memorySize,
  shape,
  text,
  wholeNumber,
  withoutThrowing,
  wrongType,
} from "./checks.js";
import { closest } from "./edit-distance.js";
import { checkAppName, checkEnvironmentName, checkName, checkVariable } from "./names.js";
import { formatPath, type Path, type Report } from "./report.js";
import { parseSchedule } from "./schedule.js";
import { elementOptions, provider, retiredProviders } from "./validate-providers.js";

const configValue: Check = (value, path, report) => {
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (typeof value === "string" && !value.includes("\0")) return;
  if (typeof value !== "boolean") wrongType(value, path, report, "text, a number, true or false");
};

const config: Check = mapOf(checkVariable, configValue);

const secretNames: Check = (value, path, report) => {
  const seen = new Set<string>();
  listOf((name, place) => {
    if (typeof name !== "string") return wrongType(name, place, report, "the name of a secret");
    checkVariable(name, place, report);
    if (seen.has(name)) report.problem(place, `The secret ${name} is listed twice.`, "Remove one of them.");
    seen.add(name);
  })(value, path, report);
};

const urlPath: Check = (value, path, report) => {
  if (typeof value !== "string") wrongType(value, path, report, "a path");
  else if (!/^\/\S*$/.test(value)) {
    report.problem(
      path,
      `${formatPath(path)} has to be a path that starts with a slash.`,
      'Write "/healthz", say.',
    );
  }
};

const healthShape: Check = shape(
  { path: urlPath, every: duration, timeout: duration, startWithin: duration },
  { required: ["path"] },
);

const health: Check = (value, path, report) =>
  typeof value === "string" || !isFields(value)
    ? urlPath(value, path, report)
    : healthShape(value, path, report);

const share: Check = (value, path, report) => {
  if (typeof value !== "number") return wrongType(value, path, report, "a number");
  if (Number.isFinite(value) && value > 0 && value <= 1024) return;
  report.problem(path, `${formatPath(path)} is ${value}.`, "It is the share of CPUs: 0.5 is half of one.");
};

/** A volume lies inside the app's directory, or anywhere in its container. */
const volumePath: Check = (value, path, report) => {
  if (typeof value !== "string") return wrongType(value, path, report, "a path");
  const parts = value.split("/").filter((part) => part !== "" && part !== ".");
  const place = formatPath(path);
  if (value.includes("\\")) report.problem(path, `${place} has a backslash.`, "Write forward slashes.");
  else if (parts.includes("..")) {
    report.problem(path, `${place} leaves the app's directory.`, 'Write a path without "..".');
  } else if (parts.length === 0) {
    report.problem(path, `${place} would cover the whole app.`, 'Name a directory, such as "data".');
  }
};

const volumes: Check = (value, path, report) => {
  mapOf(checkName("a volume"), volumePath)(value, path, report);
  if (!isFields(value)) return;
  const owners = new Map<string, string>();
  for (const [name, place] of Object.entries(value)) {
    if (typeof place !== "string") continue;
    const canonical = place.replace(/\/+$/, "").replace(/^(?:\.\/+)+/, "");
    const other = owners.get(canonical);
    owners.set(canonical, name);
    if (other === undefined) continue;
    const message = `The volumes ${other} and ${name} are at the same path.`;
    report.problem([...path, name], message, "Give each its own.");
  }
};

const schedule: Check = (value, path, report) => {
  if (typeof value !== "string") return wrongType(value, path, report, "a cron schedule");
  withoutThrowing(() => parseSchedule(value), path, report);
};

/** The names that `Intl` knows, aliases such as `Asia/Kolkata` included; offsets are none, they know no summer time. */
const timeZone: Check = (value, path, report) => {
  if (typeof value !== "string") return wrongType(value, path, report, "a time zone");
  if (/^[A-Z][\w+-]*(?:\/[\w+-]+)*$/.test(value) && isTimeZone(value)) return;
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  const city = zones.find((zone) => zone.toLowerCase().endsWith(`/${value.toLowerCase()}`));
  const near =
    city ?? zones.find((zone) => zone.toLowerCase() === value.toLowerCase()) ?? closest(value, zones);
  report.problem(
    path,
    `There is no time zone ${JSON.stringify(value)}.`,
    near === undefined
      ? 'Write its IANA name, such as "Europe/Berlin", or "UTC".'
      : `Did you mean "${near}"?`,
  );
};

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).format(0) !== "";
  } catch {
    return false;
  }
}

const processMembers: Readonly<Record<string, Check>> = {
  command,
  health,
  instances: wholeNumber(0, 1000),
  memory: memorySize,
  cpu: share,
  internal: flag,
  port: wholeNumber(1, 65_535),
  volumes,
  drain: duration,
  stopWithin: duration,
  config,
};

const jobMembers: Readonly<Record<string, Check>> = {
  command,
  schedule,
  timeZone,
  timeout: duration,
  memory: memorySize,
};

const addonMembers: Readonly<Record<string, Check>> = {
  kind: text,
  plan: text,
  version: text,
  extensions: listOf(text),
  as: (value, path, report) =>
    typeof value === "string"
      ? checkVariable(value, path, report)
      : wrongType(value, path, report, "the name of a variable"),
  backup: flag,
};

/** Extensions are a thing of Postgres; elsewhere they would be passed over in silence. */
function extensible(check: Check): Check {
  return (value, path, report) => {
    check(value, path, report);
    const kind = memberOf(value, "kind");
    if (memberOf(value, "extensions") === undefined || kind === undefined || kind === "postgres") return;
    const message = `${formatPath(path)} lists extensions, and only postgres has them.`;
    report.problem([...path, "extensions"], message, "Remove extensions.");
  };
}

const accepted: Check = () => undefined;

const orFalse =
  (check: Check): Check =>
  (value, path, report) => {
    if (value !== false) check(value, path, report);
  };

const anyKey = (): void => undefined;

/** An environment on its own; whether the names in it were declared is checked against the app. */
const environment: Check = shape({
  ...Object.fromEntries(
    Object.entries(elementOptions).map(([option, element]) => [option, provider(element)]),
  ),
  account: text,
  protected: flag,
  retired: retiredProviders,
  processes: mapOf(anyKey, shape(processMembers)),
  jobs: mapOf(anyKey, orFalse(shape(jobMembers))),
  addons: mapOf(anyKey, shape(addonMembers)),
  config,
  secrets: secretNames,
  release: orFalse(command),
  domains: accepted,
});

const name: Check = (value, path, report) => {
  if (typeof value === "string") checkAppName(value, path, report);
  else wrongType(value, path, report, "text");
};

const marker: Check = (value, path, report) => {
  if (value === 1) return;
  const version = typeof value === "number" ? `version ${value}` : "no known version";
  const message = `The app was declared for ${version}; this @deploy/core understands 1.`;
  report.problem(path, message, "Install the same version of @deploy/core everywhere.");
};

/** Whether a value has the shape of an app, member by member; domains are checked with what they lead to. */
export const appShape: (value: unknown, path: Path, report: Report) => void = shape(
  {
    "deploy.app": marker,
    name,
    build: shape({
      context: text,
      dockerfile: text,
      args: mapOf(checkBuildArgument, configValueAsText),
      stage: text,
      command,
    }),
    processes: mapOf(checkName("a process"), shape(processMembers, { required: ["command"] })),
    release: command,
    jobs: mapOf(checkName("a job"), shape(jobMembers, { required: ["command", "schedule"] })),
    config,
    secrets: secretNames,
    addons: mapOf(checkName("an add-on"), extensible(shape(addonMembers, { required: ["kind"] }))),
    domains: accepted,
    environments: mapOf(checkEnvironmentName, environment),
  },
  { required: ["name"] },
);

/** Docker's own rule; `PORT` and the like are fine while building. */
function checkBuildArgument(key: string, path: Path, report: Report): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return;
  report.problem(
    path,
    `${JSON.stringify(key)} cannot be a build argument.`,
    "Letters, digits and underscores.",
  );
}

function configValueAsText(value: unknown, path: Path, report: Report): void {
  if (typeof value !== "string") wrongType(value, path, report, "text", "Put it in quotes.");
}
