/** What the shell says of itself before anything else: whether it has a terminal, and which. */
export type ShellGreeting =
  | { readonly mode: "terminal"; readonly terminal?: string }
  | { readonly mode: "lines" };

const mark = "\u001b]deploy-shell;";

/**
 * The program that is run inside the instance, for `sh -c`: it begins a shell on a terminal of its own, by way of
 * `script` (part of every Debian image, and of BusyBox) or Python, and without one where the instance has neither.
 *
 * `$1` and `$2` are columns and rows. The pipes between the instance and us carry what a terminal would: keys one way,
 * what is drawn the other.
 */
const program = `
columns=$1; rows=$2
if command -v bash >/dev/null 2>&1; then shell=bash; else shell=sh; fi
inside='unset DEPLOY_SHELL_INSIDE; stty sane cols "$1" rows "$2" 2>/dev/null; printf "\\033]deploy-shell;terminal;%s\\007" "$(tty)"; exec "$3" -i'
for flags in -qefc -qfc; do
  if script "$flags" true /dev/null </dev/null >/dev/null 2>&1; then
    export DEPLOY_SHELL_INSIDE="$inside"
    exec script "$flags" "exec sh -c \\"\\$DEPLOY_SHELL_INSIDE\\" shell $columns $rows $shell" /dev/null
  fi
done
if python3 -c 'import pty' >/dev/null 2>&1; then
  exec python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' sh -c "$inside" shell "$columns" "$rows" "$shell"
fi
printf '\\033]deploy-shell;lines\\007'
exec 3<&0
"$shell" -i <&3 3<&- 2>&1 &
child=$!
trap 'kill -HUP "$child" 2>/dev/null; exit 143' TERM HUP
wait "$child"
`;

/** The command that opens a shell of this size. */
export function shellCommand(columns: number, rows: number): readonly string[] {
  return ["sh", "-c", program, "deploy-shell", String(columns), String(rows)];
}

/** The command that tells the shell's terminal its new size; `terminal` is what the greeting named. */
export function resizeCommand(terminal: string, columns: number, rows: number): readonly string[] {
  return ["stty", "-F", terminal, "cols", String(columns), "rows", String(rows)];
}

/** Finds the greeting in the first of the output, and gives the rest. */
export interface GreetingReader {
  /** What of the output may be shown; everything once the greeting has come. */
  push(data: Uint8Array): Uint8Array;
  /** Known once it has come; lines when too much came without one. */
  readonly greeting: ShellGreeting | undefined;
}

/** So much may come before the greeting, in bytes: what a login prints, not a flood. */
const mostBefore = 16_384;

/** Makes a reader. The greeting comes from the instance, so that only a name of a terminal is taken from it. */
export function createGreetingReader(): GreetingReader {
  let held = Buffer.alloc(0);
  let greeting: ShellGreeting | undefined;
  return {
    push: (data) => {
      if (greeting !== undefined) return data;
      held = Buffer.concat([held, data]);
      const from = held.indexOf(mark);
      const to = from === -1 ? -1 : held.indexOf(7, from);
      if (to === -1) {
        if (held.length <= mostBefore) return new Uint8Array();
        greeting = { mode: "lines" };
        return held;
      }
      const [mode, terminal] = held.toString("utf8", from + mark.length, to).split(";");
      const name = /^\/dev\/(?:pts\/\d{1,6}|tty\w{1,12})$/.exec(terminal ?? "")?.[0];
      greeting =
        mode === "terminal" ? { mode, ...(name === undefined ? {} : { terminal: name }) } : { mode: "lines" };
      return Buffer.concat([held.subarray(0, from), held.subarray(to + 1)]);
    },
    get greeting() {
      return greeting;
    },
  };
}
