import type { Deployer, Operation, Plan, PlanOptions, Redacted, UpOptions, UpResult } from "@deploy/core";
import { commandLine } from "./command-line.js";
import type { CommandContext } from "./context.js";
import { EXIT } from "./exit-codes.js";
import { type Flags, parseDuration } from "./flags.js";
import { follow } from "./follow.js";
import { confirmByName } from "./prompts/ask.js";
import { askForMissingSecrets } from "./prompts/missing-secrets.js";
import { renderPlan } from "./render/plan.js";
import { formatSeconds } from "./render/units.js";

/** What the flags say about a plan. */
export function planOptions(flags: Flags): PlanOptions {
  return {
    adopt: flags.list("adopt"),
    force: flags.has("force"),
    deleteData: flags.names("delete-data"),
    rerunReleaseCommand: flags.has("rerun-release"),
  };
}

/** What the flags say about a release. */
function releaseOptions(flags: Flags): UpOptions {
  const message = flags.text("message");
  const confirm = flags.text("confirm");
  const wait = flags.text("lock-wait");
  return {
    ...planOptions(flags),
    allowDirty: flags.has("allow-dirty"),
    ...(confirm === undefined ? {} : { confirm }),
    ...(message === undefined ? {} : { message }),
    ...(wait === undefined ? {} : { lockWaitMs: parseDuration(wait, "--lock-wait") }),
  };
}

/** One of the commands that put a release into service. */
export interface ReleaseCommand {
  readonly deployer: Deployer;
  readonly operation: "up" | "rollback" | "promote";
  /** The command to type again after an interruption. */
  readonly again: string;
  /** What would be done, for a protected environment to be asked about; absent where that cannot be known before. */
  readonly plan?: (options: PlanOptions) => Promise<Plan>;
  readonly start: (options: UpOptions) => Operation<UpResult>;
}

/** Breaks the lock when asked to, confirms, runs, asks for missing secrets once, and says where the app answers. */
export async function runRelease(context: CommandContext, command: ReleaseCommand): Promise<number> {
  const { deployer } = command;
  await breakLock(context, deployer);
  let options = await confirmProtected(context, command, releaseOptions(context.flags));
  const resume = commandLine(context, command.again, deployer.environment.name);
  const about = { operation: command.operation, deployer };
  let result: UpResult;
  try {
    result = await follow(context, command.start(options), resume, about);
  } catch (error) {
    const secrets: Record<string, Redacted> | undefined = await askForMissingSecrets(
      context,
      deployer,
      error,
    );
    if (secrets === undefined) throw error;
    // A plan that was made before could not know of these values.
    const { plan: _stale, ...rest } = options;
    options = { ...rest, secrets };
    result = await follow(context, command.start(options), resume, about);
  }
  await sayResult(context, deployer, result);
  return EXIT.done;
}

/** Takes the deploy lock away when `--break-lock` was given, and says from whom. */
export async function breakLock(context: CommandContext, deployer: Deployer): Promise<void> {
  if (!context.flags.has("break-lock")) return;
  const holder = await deployer.breakLock();
  if (holder !== undefined) {
    await context.say(`took the lock from ${holder.name} (${holder.operation}, since ${holder.since})`);
  }
}

/** A protected environment is changed only by somebody who has typed its name, having seen the plan. */
async function confirmProtected(
  context: CommandContext,
  command: ReleaseCommand,
  options: UpOptions,
): Promise<UpOptions> {
  const { environment } = command.deployer;
  if (!environment.protected || options.confirm === environment.name) return options;
  if (!context.terminal.interactive || options.confirm !== undefined) {
    await confirmByName(context, environment.name, `change ${environment.name}`);
  }
  const plan = await command.plan?.(options);
  if (plan !== undefined) {
    const { stderr } = context.terminal;
    await context.say(
      renderPlan(plan, { style: context.style.stderr, columns: stderr.columns() }).join("\n"),
    );
    // The plan goes along: should there be a change after all, it is refused as stale.
    if (plan.changes.length === 0 && plan.blocks.length === 0) {
      return { ...options, confirm: environment.name, plan };
    }
  }
  await confirmByName(context, environment.name, `change ${environment.name}`);
  return { ...options, confirm: environment.name, ...(plan === undefined ? {} : { plan }) };
}

async function sayResult(context: CommandContext, deployer: Deployer, result: UpResult): Promise<void> {
  const { style, terminal } = context;
  if (context.json) {
    const { plan, ...rest } = result;
    await terminal.stdout.write(
      `${JSON.stringify({ type: "result", ...rest, changes: plan.changes.length })}\n`,
    );
    return;
  }
  const environment = deployer.environment.name;
  const release = result.release === undefined ? "" : `release ${result.release} of `;
  const changed = result.plan.changes.length === 0 ? "nothing to change" : formatSeconds(result.seconds);
  await context.say(
    `${style.stderr.green("✓")} ${style.stderr.bold(`${release}${deployer.environment.app} is in service in ${environment}`)} ${style.stderr.dim(`(${changed})`)}`,
  );
  for (const url of result.urls) await context.print(url);
  if (result.plan.changes.length === 0) return;
  await sayPropagation(context, deployer, result.plan);
  const next = [
    ["logs -f", "watch what it prints"],
    ["up", "after the next change"],
    ["rollback", "back to the release before"],
    [`down --confirm ${deployer.environment.app}`, "remove it"],
  ] as const;
  const lines = next.map(([command, what]) => [commandLine(context, command, environment), what] as const);
  const width = Math.max(...lines.map(([command]) => command.length));
  await context.say(
    lines.map(([command, what]) => `  ${command.padEnd(width)}  ${style.stderr.dim(what)}`).join("\n"),
  );
}

/** How long a run that is over still looks at name servers, milliseconds: one that is silent is known after three seconds. */
const lookMs = 5_000;

/** Where records were written: how far they have come, in one line, without waiting for them. */
async function sayPropagation(context: CommandContext, deployer: Deployer, plan: Plan): Promise<void> {
  const written = plan.changes.filter(({ element, action }) => element === "dns" && action !== "delete");
  if (written.length === 0) return;
  const names = written.length === 1 ? "1 record was" : `${written.length} records were`;
  const signal = AbortSignal.timeout(lookMs);
  const check = await deployer.domains.check({ connect: false, signal }).catch(() => undefined);
  const answered = (
    check === undefined ? [] : [...check.domains.flatMap(({ records }) => records), ...check.proofs]
  )
    .flatMap((record) => record.answered ?? [])
    .filter(({ state }) => state !== "unknown");
  const there = answered.filter(({ state }) => state === "everywhere").length;
  if (answered.length > 0 && there === answered.length) {
    await context.say(`${names} written; every name server answers with what is wanted`);
    return;
  }
  const state =
    answered.length === 0
      ? "name servers take a while"
      : `${there} of ${answered.length} answered by every name server yet`;
  const command = commandLine(context, "domains check --wait", deployer.environment.name);
  await context.say(`${names} written; ${state}: ${command}`);
}
