import type { CommandSpec, FlagSpec } from "../table/types.js";
import { argumentWords, completionModel, flagsOf, singleQuoted } from "./model.js";

/** Completion for zsh 5 and later. */
export function zshCompletion(): string {
  const model = completionModel();
  const described = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.map(([name, summary]) => singleQuoted(`${name}:${summary}`)).join(" ");
  const groups = model.groups.map(
    ({ name, members }) => `    ${name})
      if (( CURRENT == 3 )); then
        local -a members=(${described(members)})
        _describe 'command' members
        return
      fi
      command="$words[2] $words[3]"
      ;;`,
  );
  const cases = model.commands.map(
    (command) => `    ${singleQuoted(command.name)}) _arguments -s ${argumentsOf(command)} ;;`,
  );
  return `#compdef deploy
# zsh completion of deploy; made by: deploy completion zsh
_deploy() {
  local -a commands=(${described(model.first)})
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command="$words[2]"
  case "$command" in
${groups.join("\n")}
  esac
  case "$command" in
${cases.join("\n")}
  esac
}
if [[ "$funcstack[1]" == "_deploy" ]]; then _deploy "$@"; else compdef _deploy deploy; fi
`;
}

function argumentsOf(command: CommandSpec): string {
  const words = argumentWords(command);
  const rest = words.length > 0 ? `*:argument:(${words.join(" ")})` : "*::argument:_default";
  return [...flagsOf(command).flatMap(flagWords), singleQuoted(rest)].join(" ");
}

function flagWords(flag: FlagSpec): string[] {
  const about = flag.description.replace(/[[\]:]/g, " ");
  const value =
    flag.kind === "switch" || flag.kind === "optional"
      ? ""
      : `:${flag.value ?? "value"}:${flag.completion === "files" ? "_files" : ""}`;
  const many = flag.kind === "list" ? "*" : "";
  const names = [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])];
  return names.map((name) => singleQuoted(`${many}${name}[${about}]${value}`));
}
