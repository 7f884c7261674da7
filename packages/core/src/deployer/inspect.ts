import type { Release } from "../elements/containers.js";
import type { LeaseHolder } from "../elements/lease.js";
import type { LogLine, LogQuery } from "../elements/logs.js";
import { DeployError } from "../errors.js";
import { isPublished } from "./compose-traffic.js";
import { anySignal, callContext, sharedContext } from "./context.js";
import { requireLogSource, requireProcessOf } from "./names.js";
import { requireElement, requireSupport } from "./providers.js";
import { guardAccount, guardedContext, type Session } from "./session.js";
import type { EnvironmentStatus } from "./types.js";
import { environmentUrls } from "./urls.js";

/** What is in service now, of every element, read in one wave. */
export async function status(session: Session): Promise<EnvironmentStatus> {
  const context = sharedContext(await guardedContext(session));
  const { environment, scope } = session;
  const { target, addons, ingress } = environment.providers;
  const [containers, servers, backing, urls, domains, lock] = await Promise.all([
    target.containers.status(context, scope),
    target.servers?.status(context, scope) ?? [],
    environment.addons.length === 0 ? [] : (addons.addons?.status(context, scope) ?? []),
    environmentUrls(session, context),
    isPublished(environment) ? ingress.ingress?.status?.(context, scope) : undefined,
    target.lease?.holder(context, scope),
  ]);
  return {
    ...containers,
    app: scope.app,
    environment: scope.environment,
    // An address that would answer, if only something were there, is none.
    urls: containers.release === undefined ? [] : urls,
    servers,
    addons: backing,
    ...(domains === undefined ? {} : { domains }),
    ...(lock === undefined ? {} : { lock }),
  };
}

/** All releases, newest first. */
export async function releases(session: Session): Promise<readonly Release[]> {
  const { containers } = session.environment.providers.target;
  return containers.releases(await guardedContext(session), session.scope);
}

/**
 * Lines of output, oldest first. Leaving the iteration ends the call behind it.
 *
 * @throws `logs.unknown-process`, `logs.bad-query`, `logs.unsupported`.
 */
export async function* logs(
  session: Session,
  { signal, ...query }: LogQuery & { readonly signal?: AbortSignal },
): AsyncGenerator<LogLine, void, undefined> {
  const { environment, scope } = session;
  const provider = environment.providers.logs;
  const element = requireElement(provider, "logs");
  for (const name of query.processes ?? []) requireLogSource(environment, name);
  if (query.instance !== undefined) requireProcessOf(environment, query.instance);
  refuseImpossibleQuery(query);
  const { follow, resume } = element.capabilities;
  if (query.follow === true) requireSupport(provider, "logs", "follow logs", follow);
  if (query.after !== undefined) requireSupport(provider, "logs", "go on behind a line", resume);
  await guardAccount(session, signal);
  const left = new AbortController();
  try {
    yield* element.read(callContext(session.surroundings, anySignal(left.signal, signal)), scope, query);
  } finally {
    left.abort();
  }
}

function refuseImpossibleQuery(query: LogQuery): void {
  const { last, since, until } = query;
  const fault =
    last !== undefined && (!Number.isInteger(last) || last < 0)
      ? `"last" has to be a whole number, not ${last}`
      : since !== undefined && until !== undefined && since > until
        ? '"since" is after "until"'
        : undefined;
  if (fault === undefined) return;
  throw new DeployError({
    code: "logs.bad-query",
    message: `These logs cannot exist: ${fault}.`,
    hint: "Correct the query.",
  });
}

/**
 * Takes the deploy lock away from whoever holds it.
 *
 * @returns who that was; undefined when it was free.
 * @throws `lease.unsupported`
 */
export async function breakLock(session: Session): Promise<LeaseHolder | undefined> {
  const lease = requireElement(session.environment.providers.target, "lease");
  const context = await guardedContext(session);
  const holder = await lease.holder(context, session.scope);
  if (holder !== undefined) await lease.break(context, session.scope);
  return holder;
}
