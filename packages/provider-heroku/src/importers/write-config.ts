import type { Draft, DraftEnvironment, DraftProcess } from "./draft.js";

/**
 * The draft as the text of a `deploy.config.ts`.
 *
 * `target` holds the options of `heroku()` for every environment that has none of its own.
 */
export function writeConfig(draft: Draft, target: Readonly<Record<string, unknown>> = {}): string {
  const environments =
    lasting(draft) === undefined ? [production(), ...draft.environments] : draft.environments;
  return [
    'import { defineApp } from "@deploy/core";',
    'import { heroku } from "@deploy/provider-heroku";',
    "",
    "export default defineApp({",
    ...indent([
      `name: ${text(draft.name)},`,
      ...buildLines(draft),
      ...block(
        "processes",
        [...draft.processes].flatMap(([name, process]) => processLines(name, process)),
      ),
      ...(draft.release === undefined ? [] : [`release: ${text(draft.release)},`]),
      ...block(
        "addons",
        [...draft.addons].map(([name, addon]) => `${key(name)}: ${inline(addon)},`),
      ),
      ...block(
        "config",
        [...draft.config].map(([name, value]) => `${key(name)}: ${text(value)},`),
      ),
      ...(draft.secrets.size === 0 ? [] : list("secrets", [...draft.secrets])),
      ...block(
        "environments",
        environments.flatMap((one) => environmentLines(draft, one, target)),
      ),
    ]),
    "});",
    "",
  ].join("\n");
}

/** The environment that the written configuration has for what was read. */
export function mainEnvironment(draft: Draft): string {
  return (lasting(draft) ?? production()).name;
}

function lasting({ environments }: Draft): DraftEnvironment | undefined {
  return environments.find(({ name }) => name !== "review/*");
}

function production(): DraftEnvironment {
  return { name: "production", target: {}, domains: {}, config: {}, instances: {} };
}

function buildLines({ build }: Draft): string[] {
  const { args, ...place } = build;
  const hasArgs = Object.keys(args).length > 0;
  if (!hasArgs && Object.keys(place).length === 0) return [];
  return [`build: ${inline({ ...place, ...(hasArgs ? { args } : {}) })},`];
}

function processLines(name: string, { command, missing }: DraftProcess): string[] {
  return [
    // A comment must not be ended by what it quotes.
    ...(missing === undefined ? [] : [`// To be written: ${missing.replace(/\s+/g, " ")}.`]),
    `${key(name)}: { command: ${text(command)} },`,
  ];
}

function environmentLines(
  draft: Draft,
  environment: DraftEnvironment,
  target: Readonly<Record<string, unknown>>,
): string[] {
  const review = environment.name.startsWith("review");
  const sizes = Object.fromEntries(
    [...draft.processes].flatMap(([name, { size }]) => (size === undefined || review ? [] : [[name, size]])),
  );
  const options = { ...target, ...environment.target, ...(Object.keys(sizes).length === 0 ? {} : { sizes }) };
  const declared = review
    ? []
    : [...draft.processes].flatMap(([name, { instances }]) =>
        instances === undefined ? [] : [[name, instances] as const],
      );
  const instances = [...declared, ...Object.entries(environment.instances)];
  const lines = [
    `target: heroku(${Object.keys(options).length === 0 ? "" : inline(options)}),`,
    ...block(
      "processes",
      instances.map(([name, count]) => `${key(name)}: { instances: ${count} },`),
    ),
    ...block(
      "config",
      Object.entries(environment.config).map(([name, value]) => `${key(name)}: ${text(value)},`),
    ),
    ...block(
      "domains",
      Object.entries(environment.domains).map(([host, process]) => `${key(host)}: ${text(process)},`),
    ),
  ];
  const [only] = lines;
  if (lines.length === 1 && only !== undefined)
    return [`${key(environment.name)}: { ${only.replace(/,$/, "")} },`];
  return [`${key(environment.name)}: {`, ...indent(lines), "},"];
}

function block(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${name}: {`, ...indent(lines), "},"];
}

function list(name: string, values: readonly string[]): string[] {
  const line = `${name}: [${values.map(text).join(", ")}],`;
  return line.length <= 90
    ? [line]
    : [`${name}: [`, ...indent(values.map((value) => `${text(value)},`)), "],"];
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return text(value);
  const members = Object.entries(value).map(([name, member]) => `${key(name)}: ${inline(member)}`);
  return `{ ${members.join(", ")} }`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** A literal that is safe in a source file: line separators would end a line there. */
function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (character) =>
    character === "\u2028" ? "\\u2028" : "\\u2029",
  );
}
