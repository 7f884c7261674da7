import { COMMON_FLAGS } from "../table/flags.js";
import { COMMANDS, GROUPS } from "../table/index.js";
import type { CommandSpec, FlagSpec } from "../table/types.js";

/** What can follow `deploy`, and what can follow a group such as `secrets`. */
export interface CompletionModel {
  readonly first: readonly (readonly [name: string, summary: string])[];
  readonly groups: readonly {
    readonly name: string;
    readonly members: readonly (readonly [string, string])[];
  }[];
  readonly commands: readonly CommandSpec[];
}

/** Made of the command table, so that it cannot lag behind. */
export function completionModel(): CompletionModel {
  const groups = Object.keys(GROUPS).map((name) => ({
    name,
    members: COMMANDS.filter((command) => command.name.startsWith(`${name} `)).map(
      (command) => [command.name.slice(name.length + 1), command.summary] as const,
    ),
  }));
  const first = new Map<string, string>();
  for (const command of COMMANDS) {
    const [name = ""] = command.name.split(" ");
    first.set(name, GROUPS[name] ?? command.summary);
  }
  return { first: [...first], groups, commands: COMMANDS };
}

/** Every flag that `command` understands. */
export function flagsOf(command: CommandSpec): readonly FlagSpec[] {
  return [...(command.flags ?? []), ...COMMON_FLAGS];
}

/** Words that an argument can be known to be, without asking anybody. */
export function argumentWords(command: CommandSpec): readonly string[] {
  const kinds = new Set((command.arguments ?? []).map(({ completion }) => completion));
  if (kinds.has("shells")) return ["bash", "zsh", "fish"];
  if (kinds.has("commands")) return [...new Set(COMMANDS.map(({ name }) => name.split(" ")[0] ?? ""))];
  return [];
}

/** A text inside single quotes, for any of the three shells. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
