import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { neutralise } from "../render/neutralise.js";
import { renderTable, tableWidth } from "../render/table.js";

/** `deploy addons list`: backing services and their state. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const found = await deployer.addons.status();
  if (context.json) {
    await context.printJson(found);
    return EXIT.done;
  }
  const there = new Set(found.map(({ name }) => name));
  const rows = [
    ...found.map((addon) => [addon.name, addon.kind, addon.state, neutralise(addon.description)]),
    ...deployer.environment.addons
      .filter(({ name }) => !there.has(name))
      .map(({ name, kind }) => [name, kind, "not made yet", ""]),
  ];
  if (rows.length === 0) {
    await context.say("no add-ons; declare them under `addons`");
    return EXIT.done;
  }
  const columns = [
    { title: "ADD-ON", importance: 10 },
    { title: "KIND" },
    { title: "STATE", importance: 8 },
    { title: "DESCRIPTION", importance: 2 },
  ];
  await context.print(
    renderTable(columns, rows, tableWidth(context.terminal.stdout), context.style.stdout).join("\n"),
  );
  return EXIT.done;
}
