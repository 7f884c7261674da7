import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { neutralise } from "../render/neutralise.js";

/** `deploy access revoke <person>`: takes a person off this app, or off every app at once. */
export async function run(context: CommandContext): Promise<number> {
  const [person = ""] = context.words;
  const everywhere = context.flags.has("everywhere");
  const deployer = await context.deployer();
  const apps = await deployer.access.revoke(person, { everywhere });
  if (context.json) await context.printJson({ person, apps });
  else if (apps.length > 0) await context.print(apps.map((app) => neutralise(app)).join("\n"));
  const where = everywhere ? "any app of these credentials" : deployer.app.name;
  await context.say(
    apps.length === 0
      ? `${person} had no access to ${where}`
      : `${context.style.stderr.green("✓")} ${person} is off ${apps.length === 1 ? "one app" : `${apps.length} apps`}`,
  );
  return EXIT.done;
}
