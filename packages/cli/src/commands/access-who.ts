import type { Grant, HeldGrant } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { neutralise } from "../render/neutralise.js";
import { renderTable, tableWidth } from "../render/table.js";

const STRONGEST_FIRST: readonly Grant["role"][] = ["manager", "operator", "deployer", "viewer"];

/** `deploy access who`: who may do what with this app, and which provider holds them to it. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const grants = await deployer.access.who();
  if (context.json) {
    await context.printJson(grants);
    return EXIT.done;
  }
  if (grants.length === 0) {
    await context.say(
      "nobody but the account itself; `deploy access grant <person> <role>` lets somebody in",
    );
    return EXIT.done;
  }
  const rank = ({ role }: HeldGrant): number => STRONGEST_FIRST.indexOf(role);
  const rows = [...grants]
    .sort((left, right) => rank(left) - rank(right) || left.person.localeCompare(right.person))
    .map(({ person, role, provider }) => [neutralise(person), role, provider]);
  const columns = [{ title: "PERSON", importance: 10 }, { title: "ROLE" }, { title: "HELD BY" }];
  await context.print(
    renderTable(columns, rows, tableWidth(context.terminal.stdout), context.style.stdout).join("\n"),
  );
  return EXIT.done;
}
