import { setMaxListeners } from "node:events";
import {
  type Clock,
  type Context,
  createLimiter,
  DeployError,
  isThrottled,
  isTransient,
  type Limiter,
  retry,
} from "@deploy/core";
import type { AwsKeys } from "./credential-chain.js";
import { awsError } from "./errors.js";
import { createFetchHandler } from "./fetch-handler.js";
import type { Api } from "./sdk.js";

/** The only way to Route 53. */
export interface Client {
  /**
   * Makes one call. Reads are repeated on network errors and 5xx; a change only when AWS says that it was not done
   * (throttled, another change of the zone in progress). Nothing is asked under an aborted signal.
   *
   * @throws what {@link awsError} says; `dns.timeout`; `run.cancelled`.
   */
  call<A extends keyof Api>(
    context: Context,
    action: A,
    input: Parameters<Api[A]>[0],
  ): Promise<Awaited<ReturnType<Api[A]>>>;
}

/** Where and as whom. */
export interface ClientOptions {
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
}

/** "Five requests per second per AWS account": Amazon Route 53 quotas, maximums on API requests. */
const rate = { perSecond: 5, burst: 5 };
/** Milliseconds until the whole answer has to be there. */
const timeoutMs = 30_000;

/** A client for each set of credentials and each `fetch` that a context brings; the SDK is loaded with the first call. */
export function createClient(options: ClientOptions): Client {
  const apis = new WeakMap<typeof fetch, Map<string, Promise<Api>>>();
  const limiters = new WeakMap<Clock, Limiter>();

  const apiOf = ({ env, fetch }: Context): Promise<Api> => {
    const known = apis.get(fetch) ?? new Map<string, Promise<Api>>();
    apis.set(fetch, known);
    const endpoint = options.endpoint ?? env.AWS_ENDPOINT_URL_ROUTE_53 ?? env.AWS_ENDPOINT_URL;
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE } = env;
    const key = JSON.stringify([
      AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY,
      AWS_SESSION_TOKEN,
      AWS_PROFILE,
      endpoint,
    ]);
    const api =
      known.get(key) ??
      import("./sdk.js").then(({ createApi }) =>
        createApi({
          // Route 53 is one service for all regions of a partition; this one signs for the usual partition.
          region: options.region ?? "us-east-1",
          credentials: credentialSource(env, options.profile),
          requestHandler: createFetchHandler(fetch),
          // Repeating is decided below.
          maxAttempts: 1,
          ...(endpoint === undefined ? {} : { endpoint }),
        }),
      );
    known.set(key, api);
    api.catch(() => known.delete(key));
    return api;
  };
  const limiterOf = (clock: Clock): Limiter => {
    const limiter = limiters.get(clock) ?? createLimiter({ concurrency: 64, rate }, clock);
    limiters.set(clock, limiter);
    return limiter;
  };

  return {
    call: (context, action, input) => {
      const once = async (): Promise<Awaited<ReturnType<Api[typeof action]>>> => {
        context.signal.throwIfAborted();
        try {
          const api = await apiOf(context);
          const send = api[action] as (
            given: typeof input,
            signal: AbortSignal,
          ) => Promise<Awaited<ReturnType<Api[typeof action]>>>;
          return await withTimeout(context, action, (signal) => send(input, signal));
        } catch (thrown) {
          throw awsError(thrown, action);
        }
      };
      const isRead = action !== "ChangeResourceRecordSets";
      const turn = (): ReturnType<typeof once> =>
        limiterOf(context.clock)
          .run(once, { signal: context.signal })
          .catch((error: unknown) => {
            throw context.signal.aborted ? cancelled(context.signal.reason) : error;
          });
      return retry(context, turn, {
        attempts: 6,
        baseMs: 500,
        maxMs: 8_000,
        isRetryable: (error) => isThrottled(error) || (isRead && isTransient(error)),
      });
    },
  };
}

/** Keys in the environment, else the SDK's default chain; a profile that is named wins, as it does with the SDK. */
function credentialSource(env: Context["env"], profile: string | undefined): () => Promise<AwsKeys> {
  const chosen = profile ?? env.AWS_PROFILE;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (chosen === undefined && accessKeyId && secretAccessKey) {
    const sessionToken = env.AWS_SESSION_TOKEN;
    return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) });
  }
  let chain: Promise<() => Promise<AwsKeys>> | undefined;
  return async () => {
    chain ??= import("./credential-chain.js").then(({ createChain }) => createChain(chosen));
    return (await chain)();
  };
}

function cancelled(reason: unknown): DeployError {
  if (DeployError.is(reason)) return reason;
  return new DeployError({ code: "run.cancelled", message: "Cancelled.", cause: reason });
}

/** Linked by hand: `AbortSignal.any` on a signal that lives long keeps memory for every call in Node 20. */
async function withTimeout<T>(
  { signal, clock }: Context,
  action: string,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const call = new AbortController();
  const timer = new AbortController();
  const onAbort = (): void => call.abort(signal.reason);
  setMaxListeners(0, signal);
  signal.addEventListener("abort", onAbort, { once: true });
  let late = false;
  void clock.sleep(timeoutMs, timer.signal).then(
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
      code: "dns.timeout",
      message: `route53:${action} was not answered within ${timeoutMs / 1000} s.`,
      hint: "Run the same again; if it stays so, look at https://health.aws.amazon.com/health/status.",
      retryable: true,
    });
  } finally {
    timer.abort();
    signal.removeEventListener("abort", onAbort);
  }
}
