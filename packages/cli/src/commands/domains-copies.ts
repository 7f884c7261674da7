import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { patiently } from "../patience.js";
import { neutralise } from "../render/neutralise.js";
import { renderTable, tableWidth } from "../render/table.js";
import { formatTime } from "../render/units.js";

/** `deploy domains copies <zone>`: the copies of a zone, newest first. */
export async function run(context: CommandContext): Promise<number> {
  const [zone = ""] = context.words;
  const deployer = await context.deployer();
  const copies = await patiently(context, "listing copies …", deployer.domains.copies(zone));
  if (context.json) await context.printJson(copies);
  else if (copies.length === 0) await context.say(`no copy of ${zone} yet: one is made before each write`);
  else {
    const columns = [
      { title: "COPY", importance: 10 },
      { title: "MADE", importance: 8 },
      { title: "RECORDS", align: "right" },
    ] as const;
    const rows = copies.map((copy) => [neutralise(copy.id), formatTime(copy.time), String(copy.records)]);
    const width = tableWidth(context.terminal.stdout);
    await context.print(renderTable(columns, rows, width, context.style.stdout).join("\n"));
  }
  return EXIT.done;
}
