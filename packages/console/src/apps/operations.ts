import { DeployError, type DeployEvent, type Deployer, type Operation, toDeployError } from "@deploy/core";
import type { Caller } from "../access/types.js";
import type { RunBook, RunEvent } from "../runs/types.js";
import type { Services } from "../services.js";
import { providerFailure } from "./provider-failure.js";
import type { ConsoleEnvironment } from "./types.js";

/** What is done, and who does it. */
export interface OperationRequest {
  /** `rollback`, `scale`, `restart`. */
  readonly operation: string;
  readonly caller: Caller;
  readonly address: string;
  /** What it is about, for the audit log: `to release 3`. */
  readonly detail?: string;
  /** What was typed where the environment is protected. */
  readonly confirm: string | undefined;
  /** Its result may say which release is in service since. */
  start(deployer: Deployer): Operation<unknown>;
}

/** Events are told in batches: after so many milliseconds, or so many of them. */
const batchMs = 200;
const batchSize = 200;
/** How long an operation is waited for before it is answered: what is refused is refused to whoever asked for it. */
const refusalMs = 1_500;

/** What nobody has begun yet says so within a moment: then it is an answer to the request, and no run. */
const underWay: unique symbol = Symbol();

/**
 * Starts something that takes its time, as a run that everybody can watch, and answers with the run's id.
 *
 * What is refused before anything is touched (somebody else deploys, there is nothing to go back to) is thrown, and
 * leaves no run behind. The run goes on when the browser goes away. It is done in the name of the caller.
 *
 * @throws `environment.confirmation-needed`, `lease.held`, `rollback.…`, `containers.…`.
 */
export async function startOperation(
  services: Services,
  environment: ConsoleEnvironment,
  request: OperationRequest,
): Promise<string> {
  const { app, deployer } = environment;
  const name = environment.environment;
  const actor = actorOf(request.caller);
  requireConfirmation(environment, request.confirm);
  const record = (action: string, detail: string | undefined): Promise<void> =>
    services.access.audit({
      actor,
      address: request.address,
      action,
      app,
      environment: name,
      ...(detail === undefined ? {} : { detail }),
    });
  await record(`${request.operation}.start`, request.detail);
  const operation = request.start(environment.actingAs?.(actor) ?? deployer);
  const journal = createJournal(services.runs, {
    app,
    environment: name,
    operation: request.operation,
    by: actor,
  });
  const work = follow(operation, journal);
  work.catch(() => undefined);
  const settled = work
    .finally(() => services.states.touch(app, name))
    .then(async (result) => {
      await journal.end("done", releaseOf(result));
      await record(`${request.operation}.done`, request.detail);
    })
    .catch(async (thrown: unknown) => {
      const error = toDeployError(thrown);
      await journal.end(error.code === "run.cancelled" ? "cancelled" : "failed");
      await record(`${request.operation}.failed`, error.code);
      throw providerFailure(error);
    });
  settled.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<typeof underWay>((resolve) => {
    timer = setTimeout(resolve, refusalMs, underWay);
  });
  try {
    await Promise.race([journal.begun, settled, patience]);
    return await journal.open();
  } finally {
    clearTimeout(timer);
  }
}

function releaseOf(result: unknown): number | undefined {
  if (typeof result !== "object" || result === null || !("release" in result)) return undefined;
  return typeof result.release === "number" ? result.release : undefined;
}

async function follow<T>(operation: Operation<T>, journal: Journal): Promise<T> {
  for await (const event of operation) journal.add(event);
  return operation.result;
}

interface Journal {
  /** Resolves with the first event that shows that something has begun. */
  readonly begun: Promise<void>;
  add(event: DeployEvent): void;
  /** Makes the run known; its id. */
  open(): Promise<string>;
  /** Nothing, where nobody has been told of it. */
  end(state: "done" | "failed" | "cancelled", release?: number): Promise<void>;
}

/** Tells the book of runs what happens, in order and in batches, from the moment there is something to tell. */
function createJournal(runs: RunBook, about: Parameters<RunBook["start"]>[0]): Journal {
  let id: Promise<string> | undefined;
  let pending: RunEvent[] = [];
  let number = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const open = (): Promise<string> => {
    id ??= runs.start(about).then((run) => run.id);
    return id;
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const batch = pending;
    pending = [];
    if (batch.length === 0) return writing;
    // A book that cannot be written to must not stop what is under way at the vendor.
    writing = writing.then(async () => runs.append(await open(), batch)).catch(() => undefined);
    return writing;
  };
  return {
    begun,
    open,
    add: (event) => {
      number += 1;
      pending.push({ number, event });
      begin();
      if (pending.length >= batchSize) void flush();
      else timer ??= setTimeout(() => void flush(), batchMs);
    },
    end: async (state, release) => {
      if (id === undefined && pending.length === 0 && state !== "done") return;
      await flush();
      await runs
        .end(await open(), { state, ...(release === undefined ? {} : { release }) })
        .catch(() => undefined);
    },
  };
}

/** Who does it, as audit log, releases and the deploy lock have it. */
export function actorOf(caller: Caller): string {
  if (caller.kind === "person") return caller.person.email;
  return caller.kind === "token" ? `token:${caller.token.name}` : "nobody";
}

/**
 * A protected environment is changed on purpose only: by its name, typed.
 *
 * @throws `environment.confirmation-needed`
 */
function requireConfirmation(
  { deployer, environment }: ConsoleEnvironment,
  confirm: string | undefined,
): void {
  if (!deployer.environment.protected || confirm === environment) return;
  throw new DeployError({
    code: "environment.confirmation-needed",
    message:
      confirm === undefined
        ? `The environment ${environment} is protected: it is changed only with a confirmation.`
        : "What was typed is not the name of the environment.",
    hint: `Type its name, ${environment}, to confirm.`,
    details: { environment },
  });
}
