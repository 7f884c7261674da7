import { type ParseArgsConfig, parseArgs } from "node:util";
import { usage } from "./help.js";
import { nearest } from "./suggest.js";
import { COMMON_FLAGS } from "./table/flags.js";
import { COMMANDS, findCommand, GROUPS } from "./table/index.js";
import type { CommandSpec, FlagSpec } from "./table/types.js";
import { usageError } from "./usage-error.js";

/** A command line, taken apart and checked against the table. */
export interface ParsedLine {
  readonly command: CommandSpec;
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

/**
 * Takes a command line apart.
 *
 * Node's own parser does the work, strictly: argument libraries that were tried let unknown flags pass, take
 * `--no-input` for the negation of a flag `input`, and keep only the last of a repeated flag.
 *
 * @throws `usage.unknown-command`, `usage.unknown-flag`, `usage.missing-argument`, `usage.too-many-arguments`, `usage.bad-flag`.
 */
export function parseLine(line: readonly string[]): ParsedLine {
  const { names, flags } = flagsBeforeCommand(line);
  const found = findCommand(names);
  if ("nothing" in found) {
    throw usageError("missing-command", "No command was given.", "Run `deploy help` for the list.");
  }
  if ("unknown" in found) throw unknownCommand(found.unknown);
  if ("group" in found) {
    throw usageError(
      "missing-command",
      `"deploy ${found.group}" needs to know what to do.`,
      `Run \`deploy help ${found.group}\` for the list.`,
    );
  }
  const { command } = found;
  const parsed = parseFlags(command, [...flags, ...found.rest]);
  checkArguments(command, parsed.words);
  return { command, ...parsed };
}

/** Flags may stand before the command: `deploy -e staging up`. */
function flagsBeforeCommand(line: readonly string[]): { names: readonly string[]; flags: readonly string[] } {
  let index = 0;
  while (index < line.length && line[index]?.startsWith("-") && line[index] !== "--") {
    const word = line[index] ?? "";
    const flag = COMMON_FLAGS.find(({ name, short }) => word === `--${name}` || word === `-${short}`);
    index += flag !== undefined && flag.kind !== "switch" ? 2 : 1;
  }
  return { names: line.slice(index), flags: line.slice(0, index) };
}

function parseFlags(command: CommandSpec, line: readonly string[]): Omit<ParsedLine, "command"> {
  const specs = [...COMMON_FLAGS, ...(command.flags ?? [])];
  const end = command.passesThrough ? passThroughStart(line, specs) : line.length;
  try {
    const { values, positionals } = parseArgs({
      args: line.slice(0, end).map((word) => (isBareOptional(word, specs) ? `${word}=` : word)),
      options: Object.fromEntries(specs.map(optionOf)),
      allowPositionals: true,
      strict: true,
    });
    const theirs = line.slice(end);
    return {
      words: [...positionals, ...(theirs[0] === "--" ? theirs.slice(1) : theirs)],
      values: values as ParsedLine["values"],
    };
  } catch (error) {
    throw flagError(command, specs, error);
  }
}

/** Node's parser knows no flag whose value may be left out: without one it is given an empty one. */
function isBareOptional(word: string, specs: readonly FlagSpec[]): boolean {
  return specs.some(({ name, kind }) => kind === "optional" && word === `--${name}`);
}

function optionOf(flag: FlagSpec): [string, NonNullable<ParseArgsConfig["options"]>[string]] {
  return [
    flag.name,
    {
      type: flag.kind === "switch" ? "boolean" : "string",
      ...(flag.short === undefined ? {} : { short: flag.short }),
      ...(flag.kind === "list" ? { multiple: true } : {}),
    },
  ];
}

/** Where the other program's command begins: at `--`, or at the first word that is neither a flag nor its value. */
function passThroughStart(line: readonly string[], specs: readonly FlagSpec[]): number {
  for (let index = 0; index < line.length; index++) {
    const word = line[index] ?? "";
    if (word === "--" || !word.startsWith("-") || word === "-") return index;
    const flag = specs.find(({ name, short }) => word === `--${name}` || word === `-${short}`);
    if (flag !== undefined && (flag.kind === "text" || flag.kind === "list")) index += 1;
  }
  return line.length;
}

function flagError(command: CommandSpec, specs: readonly FlagSpec[], error: unknown): unknown {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  if (!code.startsWith("ERR_PARSE_ARGS")) return error;
  const hint = `Run \`deploy help ${command.name}\` for its flags.`;
  const unknown = /Unknown option '(-{1,2}[^']+)'/.exec(message)?.[1];
  if (unknown === undefined) {
    return usageError("bad-flag", badFlagMessage(message), hint);
  }
  const meant = nearest(
    unknown.replace(/^-+/, ""),
    specs.map(({ name }) => name),
  );
  return usageError(
    "unknown-flag",
    `"deploy ${command.name}" has no flag ${unknown}.`,
    meant === undefined ? hint : `Did you mean --${meant}?`,
  );
}

/** Node names every spelling of the flag, and a placeholder for its value; the long form is enough. */
function badFlagMessage(message: string): string {
  const flag = /--[\w-]+/.exec(message)?.[0];
  if (flag === undefined) return message;
  return message.includes("does not take an argument") ? `${flag} takes no value.` : `${flag} needs a value.`;
}

function unknownCommand(typed: string): Error {
  const names = [...COMMANDS.map(({ name }) => name), ...Object.keys(GROUPS)];
  const meant = nearest(typed, names);
  return usageError(
    "unknown-command",
    `There is no command "${typed}".`,
    meant === undefined ? "Run `deploy help` for the list." : `Did you mean \`deploy ${meant}\`?`,
  );
}

function checkArguments(command: CommandSpec, words: readonly string[]): void {
  const specs = command.arguments ?? [];
  const missing = specs.filter(({ required }) => required)[words.length];
  if (missing !== undefined) {
    throw usageError(
      "missing-argument",
      `"deploy ${command.name}" needs <${missing.name}>.`,
      `Usage: ${usage(command)}`,
    );
  }
  if (words.length > specs.length && !specs.at(-1)?.repeated) {
    // The word itself is not repeated: somebody may have put a secret there.
    throw usageError(
      "too-many-arguments",
      `"deploy ${command.name}" takes ${countOf(specs.length)}, not ${words.length}.`,
      `Usage: ${usage(command)}`,
    );
  }
}

function countOf(count: number): string {
  if (count === 0) return "no argument";
  return count === 1 ? "one argument" : `${count} arguments`;
}
