import { relative, resolve } from "node:path";
import { quoted } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { namesFor, readTemplate, templateElements, writeTemplate } from "../provider/template.js";
import { usageError } from "../usage-error.js";

/** `deploy provider new`: a package that builds, passes the conformance kit and deploys something. */
export async function run(context: CommandContext): Promise<number> {
  const [name = ""] = context.words;
  const element = context.flags.text("element") ?? "dns";
  const elements = await templateElements();
  if (!elements.includes(element)) {
    throw usageError(
      "unknown-element",
      `There is no template for "${element}".`,
      `There is one for ${elements.join(", ")}. Start from the nearest, and read docs/write-a-provider.md.`,
    );
  }
  const template = await readTemplate(element);
  const names = namesFor(name, template);
  const directory = resolve(context.directory, context.flags.text("directory") ?? `deploy-provider-${name}`);
  const files = await writeTemplate(template, names, directory);
  if (context.json) await context.printJson({ name, element, directory, files });
  else await context.print(directory);
  const place = relative(context.directory, directory);
  const tick = context.style.stderr.green("✓");
  await context.say(
    `${tick} ${files.length} files; ${names.camel}() has ${element}, against a small double of a vendor`,
  );
  await context.say("next:");
  if (place !== "") await context.say(`  cd ${quoted(place)}`);
  await context.say("  npm install");
  await context.say("  npm run build");
  await context.say("  npm test                 # the conformance kit, a deployment, the crash test");
  await context.say("then: src/api.ts is the only file that talks to the vendor; put yours there");
  return EXIT.done;
}
