import { type Context, type Owned, retry, type Scope } from "@deploy/core";
import { isAwsError, isGone } from "../errors.js";
import { routesId, secureRoutesId } from "../ingress/alb/routes.js";
import { dropCertificate } from "../ingress/alb/secure-routes.js";
import { balancerState, listenerOn } from "../ingress/alb/state.js";
import { providerName } from "../names.js";
import type { Finder } from "../owned.js";
import type { Parts } from "../parts.js";
import { isOfApp, tagKey } from "../tags.js";
import { certificateId } from "./acm.js";
import { certificateTags, listCertificates } from "./find.js";

/** So many certificates are asked about at once; with more of them it is first found out which can be ours. */
const askedAtOnce = 20;

/**
 * Certificates of an app, by their tags, which ACM tells one certificate at a time. In an account with many only those
 * are asked about that can be ours: on the group's load balancer, or in use nowhere.
 */
export function certificateFinder(parts: Parts): Finder {
  return async (context, scope) => {
    const all = await listCertificates(parts, context);
    const candidates = all.length <= askedAtOnce ? all : await possible(parts, context, scope, all);
    const found = await Promise.all(
      candidates.map(async ({ CertificateArn: arn = "", DomainName = arn }) => {
        const tags = await certificateTags(parts, context, arn);
        const hash = tags?.[tagKey.hash];
        if (tags === undefined || hash === undefined || !isOfApp(tags, scope)) return [];
        return [{ arn, ...ownedCertificate(parts, scope, arn, hash, DomainName) }];
      }),
    );
    return eachById(found.flat());
  };
}

/** Two requests that ACM took for two are two certificates of the same names: each is removed, under an id of its own. */
function eachById(found: readonly (Owned & { readonly arn: string })[]): readonly Owned[] {
  const seen = new Set<string>();
  return found.map(({ arn, ...one }) => {
    const id = seen.has(one.id) ? `${one.id}/${arn.split("/").at(-1)}` : one.id;
    seen.add(one.id);
    return { ...one, id };
  });
}

type Summaries = Awaited<ReturnType<typeof listCertificates>>;

async function possible(parts: Parts, context: Context, scope: Scope, all: Summaries): Promise<Summaries> {
  const state = await balancerState(parts, context, scope);
  const served = new Set(listenerOn(state, 443)?.certificates);
  return all.filter(({ CertificateArn, InUse }) => InUse !== true || served.has(CertificateArn ?? ""));
}

function ownedCertificate(parts: Parts, scope: Scope, arn: string, hash: string, name: string): Owned {
  return {
    id: certificateId(parts, scope, hash),
    label: `certificate of ${name}`,
    provider: providerName,
    element: "certificates",
    after: [secureRoutesId(parts, scope), routesId(parts, scope)],
    remove: (context) => removeCertificate(parts, context, scope, arn),
  };
}

/**
 * Takes it off the load balancer and deletes it. ACM goes on saying for a while that it is in use, about which nothing
 * can be done but to wait.
 */
async function removeCertificate(parts: Parts, context: Context, scope: Scope, arn: string): Promise<void> {
  await dropCertificate(parts, context, scope, arn);
  await retry(
    context,
    () =>
      parts.clients.send(context, "acm", "DeleteCertificate", { CertificateArn: arn }, { repeatable: true }),
    {
      attempts: 30,
      baseMs: 1_000,
      maxMs: 8_000,
      isRetryable: (error) => isAwsError(error, "ResourceInUseException"),
    },
  ).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}
