import { writeFile } from "node:fs/promises";
import { commandLine } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { appName, type Detected, detect } from "../init/detect.js";
import { configTarget } from "../init/target.js";
import { configText } from "../init/write.js";
import { askText } from "../prompts/ask.js";
import { usageError } from "../usage-error.js";

/** `deploy init`: writes a deploy.config.ts from what is found here. */
export async function run(context: CommandContext): Promise<number> {
  const file = await configTarget(context);
  const found = await detect(context.directory);
  const detected: Detected = {
    ...found,
    name: await chooseName(context, found),
    processes: await withWeb(context, found),
  };
  await writeFile(file, configText(detected), { flag: context.flags.has("force") ? "w" : "wx" });
  for (const finding of detected.findings) await context.say(context.style.stderr.dim(`found ${finding}`));
  if (context.json) await context.printJson({ file, ...detected });
  else await context.print(file);
  await context.say(`${context.style.stderr.green("✓")} written; next: ${commandLine(context, "up")}`);
  return EXIT.done;
}

async function chooseName(context: CommandContext, found: Detected): Promise<string> {
  const given = context.flags.text("name");
  const ask = given === undefined && context.terminal.interactive && !context.json;
  const name = given ?? (ask ? await askText("Name of the app", found.name) : found.name);
  if (name === appName(name)) return name;
  throw usageError(
    "bad-name",
    `"${name}" cannot be the name of an app: lower case letters, digits and hyphens, 2 to 30, a letter first.`,
    `Take ${appName(name)}, say: --name ${appName(name)}`,
  );
}

async function withWeb(context: CommandContext, found: Detected): Promise<Detected["processes"]> {
  const web = context.flags.text("web");
  if (web !== undefined) return { ...found.processes, web };
  if (Object.keys(found.processes).length > 0) return found.processes;
  if (context.terminal.interactive && !context.json)
    return { web: await askText("Command that starts the web process") };
  throw usageError(
    "missing-command",
    "Nothing here says how the app is started: no Procfile, no start script, no manage.py.",
    'Say it: deploy init --web "node server.js"',
  );
}
