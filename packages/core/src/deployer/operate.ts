import { suggest } from "../app/edit-distance.js";
import type { RunRequest, RunSession } from "../elements/containers.js";
import type { Operation } from "../engine/events.js";
import { createOperation } from "../engine/operation.js";
import { DeployError } from "../errors.js";
import { callContext } from "./context.js";
import { underLease } from "./lease.js";
import { defaultProcess, requireProcess, requireProcessOf } from "./names.js";
import { requireSupport } from "./providers.js";
import { announce } from "./run-plan.js";
import { guardAccount, guardedContext, type Session } from "./session.js";
import type { RunOptions } from "./types.js";

/** More copies of one process than this is a slip of the finger. */
const mostInstances = 1_000;

/** Starts a fresh copy of a process with another command. */
export async function run(session: Session, options: RunOptions): Promise<RunSession> {
  const { environment, scope } = session;
  const { target } = environment.providers;
  requireSupport(target, "containers", "run one-off commands", target.containers.capabilities.run);
  if (options.process !== undefined) requireProcess(environment, options.process);
  const process = options.process ?? defaultProcess(environment);
  const context = await guardedContext(session, options.signal);
  return target.containers.run(context, scope, request(options, "run", process));
}

/** Runs a command inside an instance that serves. */
export async function exec(
  session: Session,
  options: RunOptions & { readonly instance?: string },
): Promise<RunSession> {
  const { environment, scope } = session;
  const { target } = environment.providers;
  requireSupport(
    target,
    "containers",
    "run commands inside an instance",
    target.containers.capabilities.exec,
  );
  if (options.process !== undefined) requireProcess(environment, options.process);
  if (options.instance !== undefined) requireProcessOf(environment, options.instance);
  const context = await guardedContext(session, options.signal);
  const { instance } = options;
  if (instance !== undefined) {
    const { processes } = await target.containers.status(context, scope);
    const known = processes.flatMap((process) => process.instances.map((one) => one.name));
    if (!known.includes(instance)) throw unknownInstance(instance, known);
  }
  const wanted = request(options, "exec", options.process);
  return target.containers.run(context, scope, instance === undefined ? wanted : { ...wanted, instance });
}

function unknownInstance(instance: string, known: readonly string[]): DeployError {
  return new DeployError({
    code: "containers.unknown-instance",
    message: `There is no instance "${instance}".`,
    hint: suggest(instance, known, "Nothing runs at present."),
    details: { known },
  });
}

function request(options: RunOptions, mode: RunRequest["mode"], process: string | undefined): RunRequest {
  const { command, input, env, stdio } = options;
  return {
    command,
    mode,
    stdio: stdio ?? "capture",
    ...(process === undefined ? {} : { process }),
    ...(input === undefined ? {} : { input }),
    ...(env === undefined ? {} : { env }),
  };
}

/** Changes the number of instances, without a release. */
export function scale(session: Session, instances: Readonly<Record<string, number>>): Operation<void> {
  const { environment, scope } = session;
  const { target } = environment.providers;
  return createOperation(async (emit, signal) => {
    requireSupport(target, "containers", "change instances", target.containers.capabilities.scale);
    for (const [name, number] of Object.entries(instances)) {
      requireProcess(environment, name);
      refuseImpossibleNumber(name, number);
    }
    const startedAt = session.surroundings.clock.now();
    const say = announce(session, emit);
    await guardAccount(session, signal);
    await underLease(session, { operation: "scale", signal, emit }, async () => {
      const context = { ...callContext(session.surroundings, signal), log: say.note };
      await target.containers.scale(context, scope, instances);
    });
    for (const { name, instances: declared } of environment.processes) {
      const number = instances[name];
      if (declared !== undefined && number !== undefined && declared !== number) {
        say.note(`The app declares ${declared} of ${name}: the next deployment sets it back.`);
      }
    }
    const summary = Object.entries(instances).map(([name, number]) => `${name} ${number}`);
    say.finished(say.seconds(startedAt), `Instances: ${summary.join(", ")}.`);
  }, session.surroundings.signal);
}

function refuseImpossibleNumber(name: string, number: number): void {
  if (Number.isInteger(number) && number >= 0 && number <= mostInstances) return;
  throw new DeployError({
    code: "containers.bad-instances",
    message: `${name} cannot have ${number} instances.`,
    hint: `Give a whole number from 0 to ${mostInstances}.`,
  });
}

/** Replaces the instances of one process, or of all, without a release. */
export function restart(session: Session, process: string | undefined): Operation<void> {
  const { environment, scope } = session;
  const { target } = environment.providers;
  return createOperation(async (emit, signal) => {
    if (process !== undefined) requireProcess(environment, process);
    const startedAt = session.surroundings.clock.now();
    const say = announce(session, emit);
    await guardAccount(session, signal);
    await underLease(session, { operation: "restart", signal, emit }, async () => {
      const context = { ...callContext(session.surroundings, signal), log: say.note };
      await target.containers.restart(context, scope, process);
    });
    say.finished(say.seconds(startedAt), `Restarted ${process ?? "all processes"}.`);
  }, session.surroundings.signal);
}
