import { CONSOLE_COMMANDS } from "./console.js";
import { DOMAIN_COMMANDS } from "./domains.js";
import { LIFECYCLE_COMMANDS } from "./lifecycle.js";
import { OPERATION_COMMANDS } from "./operations.js";
import { PROVIDER_COMMANDS } from "./providers.js";
import type { CommandSpec } from "./types.js";

const ORDER = [
  "init",
  "import",
  "plan",
  "up",
  "status",
  "logs",
  "run",
  "exec",
  "scale",
  "restart",
  "releases",
  "rollback",
  "promote",
  "secrets",
  "addons",
  "domains",
  "access",
  "cost",
  "console",
  "down",
  "doctor",
  "provider",
  "completion",
  "help",
];
const place = (command: CommandSpec): number => ORDER.indexOf(command.name.split(" ")[0] ?? "");

/** Every command there is, in the order of a day's work: help, parser and completion are made of this table. */
export const COMMANDS: readonly CommandSpec[] = [
  ...LIFECYCLE_COMMANDS,
  ...OPERATION_COMMANDS,
  ...DOMAIN_COMMANDS,
  ...PROVIDER_COMMANDS,
  ...CONSOLE_COMMANDS,
].sort((left, right) => place(left) - place(right));

/** What a group of commands is about. */
export const GROUPS: Readonly<Record<string, string>> = {
  secrets: "Store, list, reveal and forget secrets",
  access: "See who may do what, let people in, take them off",
  addons: "Look at databases, connect, back up, restore",
  domains: "Look at names, certificates and name servers; put a zone back",
  provider: "Start a provider of your own, and test it",
};

/** What a line of arguments begins with: a command, a group without its command, or neither. */
export type Found =
  | { readonly command: CommandSpec; readonly rest: readonly string[] }
  | { readonly group: string; readonly rest: readonly string[] }
  | { readonly unknown: string }
  | { readonly nothing: true };

/** Finds the command that `words` begins with; flags before it are stepped over by the caller. */
export function findCommand(words: readonly string[]): Found {
  const [first, second] = words;
  if (first === undefined) return { nothing: true };
  if (first in GROUPS) {
    const command = COMMANDS.find((candidate) => candidate.name === `${first} ${second ?? ""}`);
    if (command !== undefined) return { command, rest: words.slice(2) };
    if (second === undefined || second.startsWith("-")) return { group: first, rest: words.slice(1) };
    return { unknown: `${first} ${second}` };
  }
  const command = COMMANDS.find((candidate) => candidate.name === first);
  return command === undefined ? { unknown: first } : { command, rest: words.slice(1) };
}
