import type { CommandSpec } from "../table/types.js";
import { argumentWords, completionModel, flagsOf, singleQuoted } from "./model.js";

/** Completion for fish 3 and later. */
export function fishCompletion(): string {
  const model = completionModel();
  const names = model.first.map(([name]) => name).join(" ");
  const lines = [
    "# fish completion of deploy; made by: deploy completion fish",
    "complete -c deploy -f",
    ...model.first.map(
      ([name, summary]) =>
        `complete -c deploy -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d ${singleQuoted(summary)}`,
    ),
    ...model.groups.flatMap(({ name, members }) =>
      members.map(
        ([member, summary]) =>
          `complete -c deploy -n '__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${members.map(([other]) => other).join(" ")}' -a ${member} -d ${singleQuoted(summary)}`,
      ),
    ),
    ...model.commands.flatMap(commandLines),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(command: CommandSpec): string[] {
  const seen = command.name
    .split(" ")
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join("; and ");
  const flags = flagsOf(command).map((flag) => {
    const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
    const value =
      flag.kind === "switch" || flag.kind === "optional"
        ? ""
        : flag.completion === "files"
          ? " -r -F"
          : " -x";
    return `complete -c deploy -n '${seen}' -l ${flag.name}${short}${value} -d ${singleQuoted(flag.description)}`;
  });
  const words = argumentWords(command);
  return words.length === 0 ? flags : [...flags, `complete -c deploy -n '${seen}' -a '${words.join(" ")}'`];
}
