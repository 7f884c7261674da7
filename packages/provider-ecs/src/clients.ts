import { setMaxListeners } from "node:events";
import { backOff, type Clock, type Context, DeployError } from "@deploy/core";
import { createTurns, type Turns } from "./clients/buckets.js";
import { credentialSource } from "./clients/credentials.js";
import { createFetchHandler, type FetchHandler, type HandlerOptions } from "./clients/fetch-handler.js";
import {
  type Action,
  endpointVariable,
  type Input,
  loadModule,
  type Output,
  type ServiceName,
} from "./clients/modules.js";
import { accountMismatch, awsError, type CallSubject } from "./errors.js";
import type { Settings } from "./options.js";

/** How one call is made. */
export interface SendOptions {
  /** Milliseconds until the answer has to be there. Default 30,000. */
  readonly timeoutMs?: number;
  /**
   * The call may be made again after a lost answer: it carries a client token, or it deletes. Reads always may; what
   * AWS has refused for its rate is repeated in any case, because it was not done.
   */
  readonly repeatable?: boolean;
  /** The input holds a secret: AWS's message, which may quote it, reaches no error. */
  readonly private?: boolean;
}

/** The only way to AWS: clients loaded when first used, keep-alive, time limits, rates, and errors that say what to do. */
export interface Clients {
  readonly region: string;
  /**
   * Makes one call: `clients.send(context, "ecs", "DescribeClusters", { clusters: [name] })`.
   *
   * Reads are repeated on network errors, 5xx and answers that cannot be read; writes never, so that the engine can
   * look first. Nothing is asked under an aborted signal.
   *
   * @throws what {@link awsError} says; `run.cancelled`.
   */
  send<S extends ServiceName, A extends Action<S>>(
    context: CallContext,
    service: S,
    action: A,
    input: Input<S, A>,
    options?: SendOptions,
  ): Promise<Output<S, A>>;
  /** All pages of a list, one after the other. */
  pages<S extends ServiceName, A extends Action<S>>(
    context: CallContext,
    service: S,
    action: A,
    input: Input<S, A>,
    options?: SendOptions,
  ): AsyncIterable<Output<S, A>>;
  /** Everything on all pages of a list, picked from each page. */
  all<S extends ServiceName, A extends Action<S>, T>(
    context: CallContext,
    service: S,
    action: A,
    input: Input<S, A>,
    pick: (page: Output<S, A>) => readonly T[] | undefined,
  ): Promise<readonly T[]>;
}

/** As much of a context as a call needs. */
export type CallContext = Pick<Context, "signal" | "clock" | "env" | "fetch">;

/** Times that a read, or a write that is refused for its rate, is made in all. */
const attempts = 4;
/** Milliseconds until an answer has to be there. */
const defaultTimeoutMs = 30_000;

const readPattern = /^(?:Describe|List|Get|Filter|Head|BatchGet|BatchCheck|StartLiveTail)/;

/** Listens to nothing but what goes wrong within the SDK, and says nothing. */
const logger = { warn: (): void => {} };

/** Whether an action changes nothing. */
export function isRead(action: string): boolean {
  return readPattern.test(action);
}

/** As much of an SDK client as is used here: every service's client has it. */
interface AnyClient {
  send(command: object, options: HandlerOptions): Promise<unknown>;
}

interface AnyModule {
  readonly Client: new (configuration: object) => AnyClient;
  readonly [command: `${string}Command`]: new (input: object) => object;
}

/** The clients of one provider: one set for each set of credentials and endpoints that a context brings. */
export function createClients(settings: Settings): Clients {
  const handler = createFetchHandler();
  const made = new Map<string, Promise<{ client: AnyClient; module: AnyModule }>>();
  /** The last module that is being loaded, and then the request that waited for it. */
  let busy: Promise<unknown> = Promise.resolve();
  const turnsByClock = new WeakMap<Clock, Turns>();

  const load = (
    env: Context["env"],
    service: ServiceName,
  ): Promise<{ client: AnyClient; module: AnyModule }> => {
    const key = JSON.stringify([service, ...relevant(env, service)]);
    const known = made.get(key);
    if (known !== undefined) return known;
    // One after the other: the first request is on its way while the client of the next is still being compiled.
    const loading = busy
      .then((): Promise<unknown> => loadModule[service]())
      .then((loaded) => {
        const module = loaded as unknown as AnyModule;
        return { module, client: new module.Client(configurationOf(settings, env, service, handler)) };
      });
    busy = loading.then(untilSent, untilSent);
    made.set(key, loading);
    loading.catch(() => made.delete(key));
    return loading;
  };
  const turnsOf = (clock: Clock): Turns => {
    const turns = turnsByClock.get(clock) ?? createTurns(clock);
    turnsByClock.set(clock, turns);
    return turns;
  };

  const accounts = new Map<string, Promise<void>>();
  /** Nothing is changed in another account than the one that the options name; asked once for each set of credentials. */
  const guardAccount = (context: CallContext): Promise<void> => {
    const { account } = settings;
    if (account === undefined) return Promise.resolve();
    const key = JSON.stringify(relevant(context.env, "sts"));
    const known = accounts.get(key);
    if (known !== undefined) return known;
    const asked = clients.send(context, "sts", "GetCallerIdentity", {}).then((caller) => {
      if (caller.Account === account) return;
      throw accountMismatch(account, caller.Account ?? "unknown", caller.Arn?.split(":").at(-1) ?? "unknown");
    });
    accounts.set(key, asked);
    asked.catch(() => accounts.delete(key));
    return asked;
  };

  const clients: Clients = {
    region: settings.region,
    send: async (context, service, action, input, options = {}) => {
      const subject = subjectOf(settings.region, service, action, options);
      const turns = turnsOf(context.clock);
      if (!isRead(action)) await guardAccount(context);
      for (let attempt = 1; ; attempt += 1) {
        throwIfAborted(context.signal);
        await turns.take(service, action, context.signal);
        try {
          const { client, module } = await unlessAborted(context.signal, load(context.env, service));
          const Command = module[`${action}Command`];
          if (Command === undefined) throw new Error(`no command ${action}`);
          const send = (signal: AbortSignal): Promise<unknown> =>
            client.send(new Command(input as object), { abortSignal: signal, fetch: context.fetch });
          return (await withTimeout(context, options.timeoutMs ?? defaultTimeoutMs, subject, send)) as Output<
            typeof service,
            typeof action
          >;
        } catch (thrown) {
          throwIfAborted(context.signal);
          const error = awsError(thrown, subject);
          const refusedForRate = error.code.endsWith(".throttled");
          const mayRepeat = refusedForRate || isRead(action) || options.repeatable === true;
          if (attempt >= attempts || !mayRepeat || !error.retryable) throw error;
          const pauseMs = backOff(attempt, refusedForRate ? 1_000 : 200, 8_000);
          if (refusedForRate) turns.throttled(service, action, pauseMs);
          await context.clock.sleep(pauseMs, context.signal);
        }
      }
    },
    pages: async function* (context, service, action, input, options) {
      let next: object | undefined = input as object;
      while (next !== undefined) {
        const page = await clients.send(context, service, action, next as typeof input, options);
        yield page;
        const token = nextToken(page as object);
        next = token === undefined ? undefined : { ...(input as object), ...token };
      }
    },
    all: async (context, service, action, input, pick) => {
      const found = [];
      for await (const page of clients.pages(context, service, action, input))
        found.push(...(pick(page) ?? []));
      return found;
    },
  };
  return clients;
}

/** Until what is waiting has gone on as far as it can: a request is signed and sent without any wait for the system. */
function untilSent(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What of the environment decides which client it is. */
function relevant(env: Context["env"], service: ServiceName): readonly (string | undefined)[] {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE } = env;
  return [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, endpointOf(env, service)];
}

function endpointOf(env: Context["env"], service: ServiceName): string | undefined {
  return env[`AWS_ENDPOINT_URL_${endpointVariable[service]}`] ?? env.AWS_ENDPOINT_URL;
}

function configurationOf(
  settings: Settings,
  env: Context["env"],
  service: ServiceName,
  handler: FetchHandler,
): object {
  // The SDK says on every start how long it will support this Node.js: that is the maintainers' to know.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const endpoint = settings.endpoints[service] ?? endpointOf(env, service);
  return {
    region: settings.region,
    credentials: credentialSource(env, settings.profile),
    requestHandler: handler,
    // The SDK's own silent logger is handed a copy of each request and answer, walked member by member, to be thrown away.
    logger,
    // Repeating is decided in `send`, which knows what may be repeated.
    maxAttempts: 1,
    // An emulator has no host of its own for each kind of stream, and no bucket as a host name.
    ...(endpoint === undefined ? {} : { endpoint, disableHostPrefix: true, forcePathStyle: true }),
  };
}

function subjectOf(region: string, service: ServiceName, action: string, options: SendOptions): CallSubject {
  return { region, service, action, ...(options.private === true ? { private: true } : {}) };
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  if (DeployError.is(signal.reason)) throw signal.reason;
  throw new DeployError({ code: "run.cancelled", message: "Cancelled.", cause: signal.reason });
}

/** Ends the waiting when the signal does; what is waited for goes on, for the others. */
function unlessAborted<T>(signal: AbortSignal, wait: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    setMaxListeners(0, signal);
    signal.addEventListener("abort", onAbort, { once: true });
    wait.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Linked by hand: `AbortSignal.any` on a signal that lives long keeps memory for every call in Node 20. */
async function withTimeout<T>(
  context: CallContext,
  timeoutMs: number,
  subject: CallSubject,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const call = new AbortController();
  const timer = new AbortController();
  const onAbort = (): void => call.abort(context.signal.reason);
  setMaxListeners(0, context.signal);
  context.signal.addEventListener("abort", onAbort, { once: true });
  let late = false;
  void context.clock.sleep(timeoutMs, timer.signal).then(
    () => {
      late = true;
      call.abort();
    },
    () => undefined,
  );
  try {
    return await send(call.signal);
  } catch (error) {
    if (!late) throw error;
    throw new DeployError({
      code: `${subject.service}.timeout`,
      message: `${subject.service}:${subject.action} was not answered within ${timeoutMs / 1000} s.`,
      hint: "Run the same again; if it stays so, look at https://health.aws.amazon.com/health/status.",
      retryable: true,
      details: { service: subject.service, action: subject.action },
    });
  } finally {
    timer.abort();
    context.signal.removeEventListener("abort", onAbort);
  }
}

/** The ways in which AWS's services say that there is more: output member, and input member that takes it. */
const tokens: readonly (readonly [string, string])[] = [
  ["nextToken", "nextToken"],
  ["NextToken", "NextToken"],
  ["NextMarker", "Marker"],
  ["NextContinuationToken", "ContinuationToken"],
  ["Marker", "Marker"],
];

function nextToken(page: object): Record<string, string> | undefined {
  const fields = page as Readonly<Record<string, unknown>>;
  if (fields.IsTruncated === false) return undefined;
  for (const [out, into] of tokens) {
    const token = fields[out];
    if (typeof token === "string" && token !== "") return { [into]: token };
  }
  return undefined;
}
