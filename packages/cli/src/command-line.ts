import type { CommandContext } from "./context.js";

/**
 * A command for the user to type, with the flags that say which app and environment is meant: it works as printed.
 */
export function commandLine(
  context: CommandContext,
  command: string,
  environment: string = context.environment,
): string {
  const program = context.terminal.env.npm_command === "exec" ? "npx @deploy/cli" : "deploy";
  const flags = [
    environment === "local" ? "" : ` -e ${quoted(environment)}`,
    ...(["config", "cwd"] as const).map((name) => {
      const value = context.flags.text(name);
      return value === undefined ? "" : ` --${name} ${quoted(value)}`;
    }),
  ];
  return `${program} ${command}${flags.join("")}`;
}

/** A word as a shell would take it back. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
