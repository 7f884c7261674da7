import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { DeployError, parseProcfile } from "@deploy/core";

/** What a directory says about the app in it. */
export interface Detected {
  /** The directory's name as the name of an app. */
  readonly name: string;
  readonly dockerfile: boolean;
  readonly processes: Readonly<Record<string, string>>;
  readonly release?: string;
  readonly addons: Readonly<Record<string, { readonly kind: string }>>;
  /** Names of secrets that frameworks of this kind need. */
  readonly secrets: readonly string[];
  /** What was found where, a clause each. */
  readonly findings: readonly string[];
}

/** Looks at Procfile, Dockerfile, package.json, requirements.txt and manage.py. Throws `config.bad-procfile`. */
export async function detect(directory: string): Promise<Detected> {
  const files = await readAll(directory, [
    "Procfile",
    "Dockerfile",
    "package.json",
    "requirements.txt",
    "manage.py",
  ]);
  const findings: string[] = [];
  const dockerfile = files.Dockerfile !== undefined;
  if (dockerfile) findings.push("Dockerfile: builds the app");
  const processes = processesOf(files, findings);
  const { release, ...running } = processes;
  const dependencies =
    `${files["requirements.txt"] ?? ""}\n${dependencyNames(files["package.json"])}`.toLowerCase();
  return {
    name: appName(basename(directory)),
    dockerfile,
    processes: running,
    ...(release === undefined ? {} : { release }),
    addons: addonsOf(dependencies, findings),
    secrets: files["manage.py"] === undefined ? [] : ["SECRET_KEY"],
    findings,
  };
}

/** Lower case letters, digits and hyphens, 2 to 30 of them, beginning with a letter. */
export function appName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 30)
    .replace(/-+$/, "");
  return name.length >= 2 ? name : "app";
}

function processesOf(files: Readonly<Record<string, string>>, findings: string[]): Record<string, string> {
  const procfile = files.Procfile;
  if (procfile !== undefined) {
    const { entries } = parseProcfile(procfile, "Procfile");
    findings.push(`Procfile: ${entries.map(({ name }) => name).join(", ")}`);
    return Object.fromEntries(entries.map(({ name, command }) => [name.toLowerCase(), textOf(command)]));
  }
  if (files["manage.py"] !== undefined) {
    findings.push("manage.py: a Django app; check that gunicorn starts the right module");
    return {
      web: `gunicorn --bind 0.0.0.0:$PORT ${djangoModule(files["manage.py"])}.wsgi`,
      release: "python manage.py migrate",
    };
  }
  if (startScript(files["package.json"])) {
    findings.push("package.json: its start script");
    return { web: "npm start" };
  }
  if (/^flask\b/im.test(files["requirements.txt"] ?? "")) {
    findings.push("requirements.txt: a Flask app; check that the command starts the right module");
    return { web: "flask run --host 0.0.0.0 --port $PORT" };
  }
  return {};
}

/** `manage.py` names the settings module, and the WSGI module stands beside it. */
function djangoModule(manage: string): string {
  return /DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)\.settings/.exec(manage)?.[1] ?? "app";
}

function addonsOf(dependencies: string, findings: string[]): Record<string, { kind: string }> {
  const addons: Record<string, { kind: string }> = {};
  if (/(?:^|\s)(?:psycopg2?|psycopg2-binary|asyncpg|pg|postgres)(?=[\s=<>~![]|$)/m.test(dependencies)) {
    addons.db = { kind: "postgres" };
    findings.push("a driver of Postgres among the dependencies: add-on db");
  }
  if (/(?:^|\s)(?:redis|ioredis|rq|bullmq)(?=[\s=<>~![]|$)/m.test(dependencies)) {
    addons.queue = { kind: "redis" };
    findings.push("a driver of Redis among the dependencies: add-on queue");
  }
  return addons;
}

function dependencyNames(text: string | undefined): string {
  const value = readPackage(text)?.dependencies;
  return typeof value === "object" && value !== null ? Object.keys(value).join("\n") : "";
}

function startScript(text: string | undefined): boolean {
  const scripts = readPackage(text)?.scripts;
  return (
    typeof scripts === "object" &&
    scripts !== null &&
    typeof (scripts as { start?: unknown }).start === "string"
  );
}

function readPackage(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new DeployError({
      code: "config.bad-package",
      message: "package.json is not JSON.",
      hint: "Correct it first.",
      cause,
    });
  }
}

function textOf(command: string | readonly string[]): string {
  return typeof command === "string" ? command : command.join(" ");
}

async function readAll(directory: string, names: readonly string[]): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of names) {
    try {
      files[name] = await readFile(join(directory, name), "utf8");
    } catch {
      // What is not there, or cannot be read, says nothing.
    }
  }
  return files;
}
