import type { Release } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { neutralise } from "../render/neutralise.js";
import { renderTable, tableWidth } from "../render/table.js";
import { formatTime } from "../render/units.js";

/** `deploy releases`: what was in service, newest first. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const releases = await deployer.releases();
  if (context.json) {
    await context.printJson(releases);
    return EXIT.done;
  }
  if (releases.length === 0) {
    await context.say("no release yet; `deploy up` makes the first");
    return EXIT.done;
  }
  const columns = [
    { title: "RELEASE", align: "right", importance: 10 },
    { title: "STATE", importance: 9 },
    { title: "CREATED", importance: 6 },
    { title: "AUTHOR", importance: 3 },
    { title: "COMMIT", importance: 4 },
    { title: "MESSAGE", importance: 2 },
  ] as const;
  const lines = renderTable(
    columns,
    releases.map(rowOf),
    tableWidth(context.terminal.stdout),
    context.style.stdout,
  );
  await context.print(lines.join("\n"));
  return EXIT.done;
}

function rowOf(release: Release): string[] {
  const { author, commit, dirty, message, repeats, promotedFrom } = release.origin;
  const origin = [
    repeats === undefined ? undefined : `rollback to ${repeats}`,
    promotedFrom === undefined ? undefined : `from ${promotedFrom}`,
    release.failure === undefined ? undefined : `failed: ${release.failure}`,
    message,
  ];
  return [
    String(release.number),
    release.state,
    formatTime(release.createdAt),
    neutralise(author),
    commit === undefined ? "" : `${commit.slice(0, 8)}${dirty ? "+" : ""}`,
    neutralise(origin.filter((part) => part !== undefined).join("; ")),
  ];
}
