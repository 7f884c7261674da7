import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { type Deployer, redact } from "@deploy/core";
import { commandLine } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { parseEnvFile } from "../input/env-file.js";
import { readStdin, readText, withoutFinalNewline } from "../input/stdin.js";
import { askHidden } from "../prompts/ask.js";
import { usageError } from "../usage-error.js";

/** `deploy secrets set`: stores one secret or a file of them; a value is never an argument. */
export async function run(context: CommandContext): Promise<number> {
  checkArguments(context);
  const envFile = context.flags.text("from-env-file");
  const [name = ""] = context.words;
  const deployer = await context.deployer();
  const values =
    envFile === undefined
      ? new Map([[name, await readValue(context, name)]])
      : parseEnvFile(await readText(pathOf(context, envFile)), envFile === "-" ? "stdin" : envFile);
  await store(context, deployer, values);
  return EXIT.done;
}

function checkArguments({ words, flags }: CommandContext): void {
  const [name] = words;
  const sources = ["from-file", "from-env-file"].filter((flag) => flags.text(flag) !== undefined);
  if (flags.has("generate")) sources.push("generate");
  if (sources.length > 1) {
    throw usageError("conflicting-flags", `--${sources.join(" and --")} cannot be used together.`);
  }
  const fromEnvFile = sources[0] === "from-env-file";
  if (fromEnvFile && name !== undefined) {
    throw usageError(
      "too-many-arguments",
      "--from-env-file names the secrets itself.",
      "Leave out the name.",
    );
  }
  if (fromEnvFile) return;
  if (name === undefined) {
    throw usageError(
      "missing-argument",
      '"deploy secrets set" needs <name>.',
      "Usage: deploy secrets set <name>",
    );
  }
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    // What follows may be a value: it is not repeated.
    throw usageError(
      "bad-secret-name",
      name.includes("=")
        ? "A secret's value does not belong on the command line."
        : "That is not the name of a secret.",
      "Give the name alone, and the value on stdin: deploy secrets set SECRET_KEY < file",
    );
  }
}

async function readValue(context: CommandContext, name: string): Promise<string> {
  const { flags, terminal } = context;
  if (flags.has("generate")) return randomBytes(32).toString("base64url");
  const file = flags.text("from-file");
  if (file !== undefined) return notEmpty(withoutFinalNewline(await readText(pathOf(context, file))));
  if (terminal.interactive) return askHidden(`Value of ${name}`);
  if (process.stdin.isTTY) {
    throw usageError(
      "no-value",
      `There is no value for ${name}, and nobody may be asked.`,
      `Pipe it in: deploy secrets set ${name} < file, or use --from-file or --generate.`,
    );
  }
  return notEmpty(withoutFinalNewline(await readStdin()));
}

function notEmpty(value: string): string {
  if (value === "")
    throw usageError("no-value", "The value is empty.", "To forget a secret use `deploy secrets unset`.");
  return value;
}

function pathOf(context: CommandContext, file: string): string {
  return file === "-" ? file : resolve(context.directory, file);
}

async function store(
  context: CommandContext,
  deployer: Deployer,
  values: ReadonlyMap<string, string>,
): Promise<void> {
  const declared = new Set(deployer.environment.secrets);
  const entries = [];
  for (const [name, value] of values) {
    entries.push(await deployer.secrets.set(name, redact(value)));
    const note = declared.has(name)
      ? ""
      : context.style.stderr.dim(" (the app does not declare it yet: add it to `secrets`)");
    await context.say(`${context.style.stderr.green("✓")} ${name} is set${note}`);
  }
  if (context.json) await context.printJson(entries);
  else if (entries.length === 0) await context.say("nothing to set");
  else if (entries.every(({ inForce }) => inForce))
    await context.say("in force at once: what runs is restarted with it");
  else await context.say(`processes see it with the next release: ${commandLine(context, "up")}`);
}
