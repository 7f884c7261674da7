import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { patiently } from "../patience.js";
import { planOptions } from "../release.js";
import { renderDomainsDiff } from "../render/domains-diff.js";
import { tableWidth } from "../render/table.js";

/** `deploy domains diff`: the part of the plan that is about names. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const work = deployer.domains.diff(planOptions(context.flags));
  const diff = await patiently(context, "reading zones …", work);
  if (context.json) await context.printJson(diff);
  else {
    const view = { style: context.style.stdout, columns: tableWidth(context.terminal.stdout) };
    await context.print(renderDomainsDiff(diff, view).join("\n"));
  }
  if (diff.blocks.length > 0) return EXIT.failed;
  return diff.pending && context.flags.has("exit-code") ? EXIT.changesPending : EXIT.done;
}
