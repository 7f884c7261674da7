import { writeFile } from "node:fs/promises";
import { importConfig } from "@deploy/core";
import { commandLine } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { findImporter } from "../init/importer.js";
import { configTarget } from "../init/target.js";
import { neutralise } from "../render/neutralise.js";

/** `deploy import heroku` and `deploy import heroku:my-app`: another tool's files, or a running app, as a configuration. */
export async function run(context: CommandContext): Promise<number> {
  const [word = ""] = context.words;
  const [name = "", app] = splitOnce(word, ":");
  const print = context.flags.has("print");
  const file = print ? undefined : await configTarget(context);
  const importer = await findImporter(name, context.directory);
  const { config, environment, inferred, refused } = await importConfig(importer, app ?? context.directory, {
    directory: context.directory,
    env: context.terminal.env,
    signal: context.interruption.signal,
  });
  if (file !== undefined) await writeFile(file, config, { flag: context.flags.has("force") ? "w" : "wx" });
  if (context.json)
    await context.printJson({ ...(file === undefined ? {} : { file }), config, inferred, refused });
  else if (file === undefined) await context.terminal.stdout.write(config);
  else await context.print(file);

  const { dim, green, yellow } = context.style.stderr;
  for (const finding of inferred) await context.say(dim(neutralise(finding)));
  for (const { file: where, line, reason } of refused) {
    const place = line === undefined ? where : `${where}:${line}`;
    await context.say(`${yellow("!")} ${neutralise(place)}: ${neutralise(reason)}`);
  }
  if (refused.length > 0)
    await context.say(
      `${refused.length} not carried over; settle ${refused.length === 1 ? "it" : "them"} by hand`,
    );
  if (file !== undefined)
    await context.say(
      `${green("✓")} written; look at it, then: ${commandLine(context, "plan", environment)}`,
    );
  return EXIT.done;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const place = text.indexOf(separator);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + separator.length)];
}
