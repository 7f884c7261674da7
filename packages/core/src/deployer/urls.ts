import type { Context } from "../context.js";
import { type Out, UNKNOWN } from "../engine/out.js";
import { type AnyResource, isForeign } from "../engine/resource.js";
import { composeTraffic, isPublished, urlsOf } from "./compose-traffic.js";
import type { Session } from "./session.js";

/**
 * Where the environment answers now, found by reading what its URL is made from; nothing where it is not deployed.
 */
export async function environmentUrls(session: Session, context: Context): Promise<readonly string[]> {
  if (!isPublished(session.environment)) return [];
  const traffic = composeTraffic(session.environment, session.scope, []);
  const url = await readValue(context, traffic.url);
  return url === undefined ? [] : urlsOf(traffic, url);
}

async function readValue<T>(context: Context, value: Out<T>): Promise<T | undefined> {
  const read = new Map<AnyResource, unknown>();
  await Promise.all(
    value.needs.map(async (resource) => {
      const observed = await resource.read(context);
      if (observed !== undefined && !isForeign(observed)) read.set(resource, observed);
    }),
  );
  const known = value.resolve((resource) => read.get(resource) ?? UNKNOWN);
  return known === UNKNOWN ? undefined : (known as T);
}
