import { commandLine } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { patiently } from "../patience.js";
import { confirmByName } from "../prompts/ask.js";
import { renderRestore } from "../render/domains-diff.js";
import { formatTime } from "../render/units.js";

/** `deploy domains restore <zone>`: puts a copy of a zone back, once its name was typed and the difference was shown. */
export async function run(context: CommandContext): Promise<number> {
  const [zone = ""] = context.words;
  const { stderr } = context.terminal;
  const deployer = await context.deployer();
  const work = deployer.domains.compareCopy(zone, context.flags.text("copy"));
  const seen = await patiently(context, "reading the zone and its copy …", work);
  const when = formatTime(seen.copy.time);
  const view = { style: context.style.stderr, columns: stderr.isTerminal ? stderr.columns() : 200 };
  await context.say(renderRestore(seen, view).join("\n"));
  if (seen.records?.length === 0) {
    if (context.json) await context.printJson({ ...seen, restored: false });
    return EXIT.done;
  }
  await confirmByName(context, seen.zone, `replace all records of ${seen.zone} by its copy of ${when}`);
  const restoring = deployer.domains.restore(seen.zone, { copy: seen.copy.id, confirm: seen.zone });
  const restored = await patiently(context, "restoring …", restoring);
  if (context.json) await context.printJson({ ...restored, restored: true });
  await context.say(
    `${context.style.stderr.green("✓")} ${seen.zone} is as it was on ${when}; what belongs to Deploy comes back with ${commandLine(context, "up")}`,
  );
  return EXIT.done;
}
