import { addonName } from "../addon-name.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { renderTable, tableWidth } from "../render/table.js";
import { formatBytes, formatTime } from "../render/units.js";

/** `deploy addons backups`: lists the backups of an add-on. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const name = addonName(deployer, context.words[0]);
  const backups = await deployer.addons.backups(name);
  if (context.json) {
    await context.printJson(backups);
    return EXIT.done;
  }
  if (backups.length === 0) {
    await context.say(`no backup of ${name} yet`);
    return EXIT.done;
  }
  const columns = [
    { title: "BACKUP", importance: 10 },
    { title: "CREATED", importance: 8 },
    { title: "SIZE", align: "right" },
    { title: "BEFORE RELEASE", align: "right", importance: 2 },
  ] as const;
  const rows = backups.map((backup) => [
    backup.id,
    formatTime(backup.createdAt),
    formatBytes(backup.bytes),
    backup.release === undefined ? "" : String(backup.release),
  ]);
  await context.print(
    renderTable(columns, rows, tableWidth(context.terminal.stdout), context.style.stdout).join("\n"),
  );
  return EXIT.done;
}
