import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { commandLine, quoted } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { planOptions } from "../release.js";
import { renderPlan } from "../render/plan.js";
import { tableWidth } from "../render/table.js";

/** `deploy plan`: shows what `up` would change. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const plan = await deployer.plan(planOptions(context.flags));
  const out = context.flags.text("out");
  if (out !== undefined)
    await writeFile(resolve(context.directory, out), `${JSON.stringify(plan, undefined, 2)}\n`);
  if (context.json) await context.printJson(plan);
  else {
    const view = { style: context.style.stdout, columns: tableWidth(context.terminal.stdout) };
    await context.print(renderPlan(plan, view).join("\n"));
  }
  if (out !== undefined) {
    await context.say(`written to ${out}; apply it with ${commandLine(context, `up --plan ${quoted(out)}`)}`);
  }
  if (plan.blocks.length > 0) return EXIT.failed;
  return plan.changes.length > 0 && context.flags.has("exit-code") ? EXIT.changesPending : EXIT.done;
}
