import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { neutralise } from "../render/neutralise.js";
import { renderTable, tableWidth } from "../render/table.js";
import { formatTime } from "../render/units.js";

/** `deploy secrets list`: names, versions and dates; never values. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const stored = await deployer.secrets.list();
  const names = new Set(stored.map(({ name }) => name));
  const missing = deployer.environment.secrets.filter((name) => !names.has(name));
  if (context.json) {
    const absent = missing.map((name) => ({ name, declared: true, set: false }));
    await context.printJson([...stored.map((entry) => ({ ...entry, set: true })), ...absent]);
    return EXIT.done;
  }
  const rows = [
    ...stored.map((entry) => [
      entry.name,
      entry.declared ? "set" : "set, not declared",
      entry.version,
      formatTime(entry.setAt),
      neutralise(entry.setBy ?? ""),
    ]),
    ...missing.map((name) => [name, "missing", "", "", ""]),
  ];
  if (rows.length === 0) {
    await context.say("no secrets; declare their names under `secrets`");
    return EXIT.done;
  }
  const columns = [
    { title: "NAME", importance: 10 },
    { title: "STATE", importance: 8 },
    { title: "VERSION" },
    { title: "SET AT" },
    { title: "BY", importance: 2 },
  ];
  await context.print(
    renderTable(columns, rows, tableWidth(context.terminal.stdout), context.style.stdout).join("\n"),
  );
  return EXIT.done;
}
