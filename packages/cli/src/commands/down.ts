import type { Deployer, DownResult } from "@deploy/core";
import { commandLine, quoted } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { follow } from "../follow.js";
import { askTyped, confirmByName } from "../prompts/ask.js";
import { breakLock } from "../release.js";
import { neutralise } from "../render/neutralise.js";
import { formatSeconds } from "../render/units.js";

/**
 * `deploy down`: removes the environment.
 *
 * Data goes last and only by name: what holds some is kept by a first run, then asked about, then removed by a second.
 */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const { name } = deployer.app;
  const environment = deployer.environment.name;
  await confirmByName(context, name, `remove ${name} from ${environment}`);
  await breakLock(context, deployer);
  const named = context.flags.names("delete-data");
  const all = named.includes("all");
  let result = await remove(context, deployer, all ? [] : named);
  const more = all ? holdingData(result).map(({ label }) => label) : await askForData(context, result);
  if (more.length > 0) {
    const second = await remove(context, deployer, more);
    result = {
      ...second,
      removed: [...result.removed, ...second.removed],
      seconds: result.seconds + second.seconds,
    };
  }
  await sayResult(context, deployer, result);
  return result.left.length === 0 ? EXIT.done : EXIT.failed;
}

function remove(
  context: CommandContext,
  deployer: Deployer,
  deleteData: readonly string[],
): Promise<DownResult> {
  const names = deleteData.length === 0 ? "" : ` --delete-data ${quoted(deleteData.join(","))}`;
  const again = commandLine(
    context,
    `down --confirm ${deployer.app.name}${names}`,
    deployer.environment.name,
  );
  const operation = deployer.down({
    confirm: deployer.app.name,
    deleteData,
    keepLogs: context.flags.has("keep-logs"),
  });
  return follow(context, operation, again, { operation: "down", deployer });
}

/** What a second run can remove; what is shared, or needed by something kept, cannot be had by naming it. */
function holdingData(result: DownResult): DownResult["kept"] {
  return result.kept.filter(({ reason }) => reason.startsWith("holds data"));
}

async function askForData(context: CommandContext, result: DownResult): Promise<readonly string[]> {
  const { flags, json, terminal } = context;
  const asked =
    terminal.interactive &&
    !json &&
    flags.text("confirm") === undefined &&
    flags.list("delete-data").length === 0;
  if (!asked) return [];
  const chosen: string[] = [];
  for (const { label } of holdingData(result)) {
    const name = label.slice(label.lastIndexOf(" ") + 1);
    const question = `${neutralise(label)} holds data and was kept. Type ${name} to delete it for good, Enter to keep it.`;
    if (await askTyped(question, name)) chosen.push(label);
  }
  return chosen;
}

async function sayResult(context: CommandContext, deployer: Deployer, result: DownResult): Promise<void> {
  const style = context.style.stderr;
  if (context.json) {
    await context.terminal.stdout.write(`${JSON.stringify({ type: "result", ...result })}\n`);
    return;
  }
  for (const label of result.removed) await context.print(`removed ${neutralise(label)}`);
  for (const { label, reason } of result.kept)
    await context.print(`kept ${neutralise(label)}: ${neutralise(reason)}`);
  for (const label of result.left) await context.print(`left ${neutralise(label)}`);
  const { app, name } = deployer.environment;
  if (result.left.length > 0) {
    const again = commandLine(context, `down --confirm ${app}`, name);
    await context.say(`${style.red("✖")} ${app} is not wholly gone from ${name}; look again with ${again}`);
    return;
  }
  const kept =
    result.kept.length === 0 ? "looked again: nothing is left" : `looked again: only what was kept is left`;
  await context.say(
    `${style.green("✓")} ${app} is removed from ${name}; ${kept} ${style.dim(`(${formatSeconds(result.seconds)})`)}`,
  );
}
