import { type Role, reveal } from "@deploy/core";
import { commandLine } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { follow } from "../follow.js";

/**
 * `deploy access grant <person> <role>`: lets a person in, with a role for this app.
 *
 * What they have to be given by hand, such as an invitation, is data: on stdout, this one time.
 */
export async function run(context: CommandContext): Promise<number> {
  const [person = "", role = ""] = context.words;
  const deployer = await context.deployer();
  const adopt = context.flags.list("adopt");
  const granting = deployer.access.grant({ person, role: role as Role }, adopt.length === 0 ? {} : { adopt });
  const { plan, heldBy, skipped, handovers } = await follow(
    context,
    granting,
    commandLine(context, `access grant ${person} ${role}`),
  );
  const changed = plan.changes.length > 0;
  const given = handovers.map((one) => ({ ...one, secret: reveal(one.secret) }));
  if (context.json) {
    await context.terminal.stdout.write(
      `${JSON.stringify({ type: "result", person, role, changed, heldBy, skipped, handovers: given })}\n`,
    );
  }
  await context.say(
    `${context.style.stderr.green("✓")} ${person} ${changed ? "is now" : "was already"} ${role} of ${deployer.app.name} in ${deployer.environment.name}`,
  );
  for (const { provider, reason } of skipped) await context.say(`  not at ${provider}: ${reason}`);
  if (!context.json) {
    for (const { what, secret } of given) {
      await context.say(`  hand ${person} ${what}; it is shown only now:`);
      await context.print(secret);
    }
  }
  return EXIT.done;
}
