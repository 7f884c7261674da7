import { resolve } from "node:path";
import { DeployError } from "@deploy/core";
import { exists } from "../config/find.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { loadKit } from "../provider/kit.js";

/** `deploy provider test`: the conformance kit, from outside, on a built module. */
export async function run(context: CommandContext): Promise<number> {
  const module = resolve(context.directory, context.words[0] ?? "");
  if (!(await exists(module))) {
    throw new DeployError({
      code: "provider.no-module",
      message: `There is no ${module}.`,
      hint: "Build the package first, and name its module: deploy provider test ./dist/index.js",
    });
  }
  const kit = await loadKit(module);
  const only = context.flags.text("only");
  // One after the other, however fast they come.
  let printed = Promise.resolve();
  const result = await kit.testProviderModule({
    module,
    env: context.terminal.env,
    ...(only === undefined ? {} : { only }),
    onLine: (line) => {
      if (!context.json) printed = printed.then(() => context.print(line));
    },
  });
  await printed;
  if (context.json) await context.printJson(result);
  // A kit that tried nothing has proved nothing.
  return result.failed === 0 && result.passed > 0 ? EXIT.done : EXIT.failed;
}
