import type { DoctorFinding } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { neutralise } from "../render/neutralise.js";
import type { Style } from "../render/style.js";

/** `deploy doctor`: looks for what would keep a deploy from working. */
export async function run(context: CommandContext): Promise<number> {
  const config = await context.config();
  const deployer = await context.deployer();
  const findings: readonly DoctorFinding[] = [
    {
      subject: "configuration file",
      state: "ok",
      message: config.file ?? `inferred from ${config.directory}/Procfile`,
    },
    ...(await deployer.doctor()),
  ];
  if (context.json) await context.printJson(findings);
  else
    await context.print(
      findings.flatMap((finding) => findingLines(finding, context.style.stdout)).join("\n"),
    );
  return findings.some(({ state }) => state === "failed") ? EXIT.failed : EXIT.done;
}

function findingLines({ subject, state, message, hint }: DoctorFinding, style: Style): string[] {
  const sign = { ok: style.green("✓"), warning: style.yellow("!"), failed: style.red("✖") }[state];
  return [
    `${sign} ${style.bold(subject)}: ${neutralise(message)}`,
    ...(hint === undefined ? [] : [`  ${style.dim(neutralise(hint))}`]),
  ];
}
