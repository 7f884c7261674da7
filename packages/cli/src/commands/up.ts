import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Plan } from "@deploy/core";
import { quoted } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { runRelease } from "../release.js";
import { usageError } from "../usage-error.js";

/** `deploy up`: puts the app into service. */
export async function run(context: CommandContext): Promise<number> {
  const file = context.flags.text("plan");
  const saved = file === undefined ? undefined : await readPlan(resolve(context.directory, file));
  const deployer = await context.deployer();
  return runRelease(context, {
    deployer,
    operation: "up",
    again: file === undefined ? "up" : `up --plan ${quoted(file)}`,
    plan: async (options) => saved ?? deployer.plan(options),
    start: (options) => deployer.up(saved === undefined ? options : { ...options, plan: saved }),
  });
}

async function readPlan(file: string): Promise<Plan> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw usageError(
      "bad-plan",
      missing ? `There is no file ${file}.` : `${file} cannot be read as a plan.`,
      "Write one with `deploy plan --out plan.json`.",
    );
  }
  if (typeof value === "object" && value !== null && (value as { spec?: unknown }).spec === 1)
    return value as Plan;
  throw usageError(
    "bad-plan",
    `${file} is not a plan of this version.`,
    "Write one with `deploy plan --out plan.json`.",
  );
}
