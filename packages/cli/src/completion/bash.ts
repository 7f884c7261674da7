import { COMMON_FLAGS } from "../table/flags.js";
import { argumentWords, completionModel, flagsOf } from "./model.js";

/** Completion for bash 4 and later. */
export function bashCompletion(): string {
  const model = completionModel();
  const groups = model.groups.map(({ name }) => name).join("|");
  const cases = model.commands.map((command) => {
    const flags = flagsOf(command).flatMap(({ name, short }) => [
      `--${name}`,
      ...(short === undefined ? [] : [`-${short}`]),
    ]);
    return `    ${JSON.stringify(command.name)}) flags="${flags.join(" ")}"; words="${argumentWords(command).join(" ")}" ;;`;
  });
  // Flags that every command knows may stand before it, and their values are no commands.
  const valued = COMMON_FLAGS.filter(({ kind }) => kind !== "switch")
    .flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])])
    .join("|");
  const files = [
    ...new Set(
      model.commands.flatMap((command) =>
        flagsOf(command)
          .filter(({ completion }) => completion === "files")
          .flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]),
      ),
    ),
  ];
  return `# bash completion of deploy; made by: deploy completion bash
_deploy() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="" flags="" words="" index word
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in ${valued}) ((index++)); continue ;; esac
    [[ "$word" == -* ]] && continue
    if [[ -z "$command" ]]; then command="$word"; [[ "$word" =~ ^(${groups})$ ]] && continue; break; fi
    command="$command $word"; break
  done
  case "$previous" in
    ${files.join("|")}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$command" in
    "") words="${model.first.map(([name]) => name).join(" ")}"; flags="--help --version" ;;
${model.groups.map(({ name, members }) => `    ${JSON.stringify(name)}) words="${members.map(([member]) => member).join(" ")}"; flags="--help" ;;`).join("\n")}
${cases.join("\n")}
  esac
  if [[ "$current" == -* ]]; then words="$flags"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _deploy deploy
`;
}
