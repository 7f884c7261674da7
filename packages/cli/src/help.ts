import packageJson from "../package.json" with { type: "json" };
import { COMMON_FLAGS } from "./table/flags.js";
import { COMMANDS, findCommand, GROUPS } from "./table/index.js";
import type { CommandSpec, FlagSpec } from "./table/types.js";

const HELP_WORDS = new Set(["-h", "--help"]);

/** Version of this package. */
const VERSION: string = packageJson.version;

/**
 * The answer to `--version`, `--help` and `help`, made of the command table alone.
 *
 * @returns undefined when the line asks for something else.
 */
export function fastAnswer(line: readonly string[]): string | undefined {
  const [first] = line;
  if (first === undefined) return rootHelp();
  if (line.length === 1 && (first === "--version" || first === "-v" || first === "version"))
    return `${VERSION}\n`;
  const end = line.indexOf("--");
  const words = end === -1 ? line : line.slice(0, end);
  const asked = first === "help" || words.some((word) => HELP_WORDS.has(word));
  if (!asked) return undefined;
  const names = words.filter((word, index) => !word.startsWith("-") && !(index === 0 && word === "help"));
  const found = findCommand(names);
  if ("nothing" in found) return rootHelp();
  if ("group" in found) return groupHelp(found.group);
  if ("unknown" in found) return undefined;
  // What follows a command such as `run` belongs to another program, its --help included.
  const own = line.findIndex((word) => HELP_WORDS.has(word));
  const firstArgument = line.indexOf(found.rest[0] ?? "");
  if (found.command.passesThrough && first !== "help" && firstArgument !== -1 && firstArgument < own)
    return undefined;
  return commandHelp(found.command);
}

/** Help on everything: a line for each command. */
export function rootHelp(): string {
  const rows: [string, string][] = [];
  for (const command of COMMANDS) {
    const [group = "", member] = command.name.split(" ");
    if (member === undefined) rows.push([command.name, command.summary]);
    else if (!rows.some(([name]) => name === group)) rows.push([group, GROUPS[group] ?? ""]);
  }
  return [
    "deploy: put a containerised app into service, anywhere.",
    "",
    "Usage: deploy <command> [flags]",
    "",
    "Commands",
    ...columns(rows),
    "",
    "Flags of every command",
    ...columns([...COMMON_FLAGS.map(flagRow), ["-v, --version", "Show the version"]]),
    "",
    "deploy help <command> tells more. A first deploy: deploy init, then deploy up.",
    "",
  ].join("\n");
}

/** Help on a group such as `secrets`. */
export function groupHelp(group: string): string {
  const members = COMMANDS.filter((command) => command.name.startsWith(`${group} `));
  return [
    `${GROUPS[group]}.`,
    "",
    `Usage: deploy ${group} <command> [flags]`,
    "",
    "Commands",
    ...columns(members.map((command) => [usage(command).replace(/^deploy /, ""), command.summary])),
    "",
  ].join("\n");
}

/** Help on one command. */
export function commandHelp(command: CommandSpec): string {
  const section = (title: string, rows: readonly (readonly [string, string])[]): string[] =>
    rows.length === 0 ? [] : ["", title, ...columns(rows)];
  return [
    `${command.summary}.`,
    ...(command.description === undefined ? [] : ["", command.description]),
    "",
    `Usage: ${usage(command)} [flags]`,
    ...section(
      "Arguments",
      (command.arguments ?? []).map((argument) => [argument.name, argument.description] as const),
    ),
    ...section("Flags", (command.flags ?? []).map(flagRow)),
    ...section(
      "Flags of every command",
      COMMON_FLAGS.filter(({ name }) => !command.flags?.some((own) => own.name === name)).map(flagRow),
    ),
    ...(command.examples === undefined
      ? []
      : ["", "Examples", ...command.examples.map((line) => `  ${line}`)]),
    "",
  ].join("\n");
}

/** `deploy scale <process=number>…` */
export function usage(command: CommandSpec): string {
  const words = (command.arguments ?? []).map((argument) => {
    const name = `${argument.name}${argument.repeated ? "…" : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return ["deploy", command.name, ...(command.passesThrough ? ["--"] : []), ...words].join(" ");
}

function flagRow(flag: FlagSpec): [string, string] {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const name = flag.value ?? "value";
  const value = { switch: "", optional: `[=<${name}>]`, text: ` <${name}>`, list: ` <${name}>` }[flag.kind];
  return [`${short}--${flag.name}${value}`, flag.description];
}

const MAXIMUM_WIDTH = 80;

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(28, Math.max(...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) => {
    const lines = wrap(right, MAXIMUM_WIDTH - width - 4);
    const indent = " ".repeat(width + 4);
    const head =
      left.length <= width
        ? [`  ${left.padEnd(width)}  ${lines[0] ?? ""}`]
        : [`  ${left}`, `${indent}${lines[0] ?? ""}`];
    return [...head, ...lines.slice(1).map((line) => indent + line)].map((line) => line.trimEnd());
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
