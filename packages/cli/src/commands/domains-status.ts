import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { patiently } from "../patience.js";
import { renderDomains } from "../render/domains.js";
import { tableWidth } from "../render/table.js";

/** `deploy domains status`: each domain as wanted, as held, as answered. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const status = await patiently(context, "asking vendors and name servers …", deployer.domains.status());
  if (context.json) await context.printJson(status);
  else if (status.domains.length === 0) await context.say(noDomains(status.environment));
  else {
    const width = tableWidth(context.terminal.stdout);
    await context.print(renderDomains(status, context.style.stdout, width).join("\n"));
  }
  return status.ok ? EXIT.done : EXIT.failed;
}

/** What is said where there is nothing to look at. */
export function noDomains(environment: string): string {
  return `${environment} has no domains: name them in "domains" of the environment`;
}
