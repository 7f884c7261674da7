import type { HeldScope, VendorState } from "./vendor-state.js";

/** What came of a command. */
export interface CommandResult {
  readonly output: string;
  readonly exitCode: number;
}

/** What a process of a release finds in its environment. */
export function environmentOf(scope: HeldScope, release: number): Readonly<Record<string, string>> {
  const found = scope.releases.find((one) => one.number === release);
  const secrets = (found?.secrets ?? []).map(({ name, version }) => [
    name,
    scope.secrets.get(name)?.values[Number(version) - 1] ?? "",
  ]);
  return { ...found?.config, ...found?.hidden, ...Object.fromEntries(secrets) };
}

/** Runs a command in the release that serves, as a shell of a dozen lines would: `echo`, `cat`, `exit`, `kill`. */
export function runCommand(
  _state: VendorState,
  scope: HeldScope,
  body: Readonly<Record<string, unknown>>,
): CommandResult {
  const environment = {
    ...environmentOf(scope, scope.serving?.release ?? 0),
    ...(body.env as Record<string, string> | undefined),
  };
  return shell(body.command as string | readonly string[], environment, String(body.input ?? ""));
}

/** Runs `command` with nothing but text. */
export function shell(
  command: string | readonly string[],
  environment: Readonly<Record<string, string>>,
  input = "",
): CommandResult {
  const text = typeof command === "string" ? command : (command.at(-1) ?? "");
  let output = "";
  for (const part of text.split(/;|&&/).map((one) => one.trim())) {
    const [program = "", ...words] = part.split(/\s+/);
    if (program === "exit") return { output, exitCode: Number(words[0] ?? 0) };
    if (program === "kill") return { output, exitCode: 128 + Number(words[0]?.slice(1) ?? 15) };
    if (program === "cat") output += input;
    if (program === "echo") output += `${expand(part.slice(5), environment)}\n`;
  }
  return { output, exitCode: 0 };
}

function expand(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll('"', "").replace(/\$(\w+)/g, (_whole, name: string) => environment[name] ?? "");
}
