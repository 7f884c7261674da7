import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { parseDuration } from "../flags.js";
import { patiently } from "../patience.js";
import { renderCheck } from "../render/domains-check.js";
import { neutralise } from "../render/neutralise.js";
import { tableWidth } from "../render/table.js";
import { noDomains } from "./domains-status.js";

/** How long `--wait` waits by itself: what most vendors need for all of their servers, twice over. */
const usualWait = "10m";

/** `deploy domains check`: asks every name server, and connects as a browser would. */
export async function run(context: CommandContext): Promise<number> {
  const wait = context.flags.text("wait");
  const waitMs = wait === undefined ? 0 : parseDuration(wait === "" ? usualWait : wait, "--wait");
  const deployer = await context.deployer();
  const check = await patiently(
    context,
    "asking name servers …",
    deployer.domains.check({
      hosts: context.words,
      waitMs,
      connect: !context.flags.has("no-connect"),
      onProgress: (sentence) => void context.say(context.style.stderr.dim(neutralise(sentence))),
    }),
  );
  if (context.json) await context.printJson(check);
  else if (check.domains.length === 0) await context.say(noDomains(check.environment));
  else {
    const width = tableWidth(context.terminal.stdout);
    await context.print(renderCheck(check, context.style.stdout, width).join("\n"));
  }
  return check.ok ? EXIT.done : EXIT.failed;
}
