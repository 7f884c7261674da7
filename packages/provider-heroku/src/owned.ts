import type { Context, Owned, OwnedOptions, Scope } from "@deploy/core";
import { path } from "./api.js";
import { acmId, switchAcmOff } from "./certificates.js";
import { domainId, ownHosts, removeHost } from "./domains.js";
import { unlessMissing } from "./errors.js";
import { providerName } from "./names.js";
import { isOurs, type Marker, readMarker } from "./ownership.js";
import { readApp, readConfigVars, readDomains, readSniEndpoints } from "./reads.js";
import { forgetSecret, secretId } from "./secrets.js";
import { appId } from "./servers.js";
import { certificateName, ownCertificate, removeSniEndpoint, sniId } from "./sni-endpoints.js";
import type { Surroundings } from "./surroundings.js";

/** Lists what one element has made in an app that is ours. */
export type OwnedPart = (
  own: Surroundings,
  context: Context,
  scope: Scope,
  options: OwnedOptions,
) => Promise<readonly Owned[]>;

/**
 * Everything of ours in a scope. What has data of its own (add-ons, secrets) names it; the app itself comes last, is
 * left by every prune, and stays while anything in it stays.
 *
 * @param parts the elements of others than this file.
 * @param guests what is somebody else's, and would be lost with the app.
 */
export async function listOwned(
  own: Surroundings,
  context: Context,
  scope: Scope,
  options: OwnedOptions,
  parts: readonly OwnedPart[],
  guests: OwnedPart,
): Promise<readonly Owned[]> {
  // All at once, and looked at afterwards: a plan is one wave of reads.
  const [app, vars, theirs, ...ours] = await Promise.all([
    readApp(own, context, scope),
    readConfigVars(own, context, scope),
    guests(own, context, scope, options),
    ...[ownedTraffic, ...parts].map((part) => part(own, context, scope, options)),
  ]);
  const marker = readMarker(vars);
  if (app === undefined || !isOurs(marker, scope)) return [];
  const inside = [...ours.flat(), ...ownedSecrets(own, scope, marker)];
  // By its id: a name may belong to another app by then.
  const remove = async (asked: Context): Promise<void> => {
    await unlessMissing(own.api.delete(asked, path`/apps/${app.id}`));
  };
  const present = inside.filter((one) => one.history !== true);
  const after = [...present, ...theirs].map(({ id }) => id);
  // What belongs to the past, such as releases, cannot be deleted by itself at Heroku: it goes with the app.
  const past = inside.filter((one) => one.history === true).map((one) => ({ ...one, after, remove }));
  return [
    ...present,
    ...theirs,
    ...past,
    {
      id: appId(own, scope),
      label: `Heroku app ${app.name}`,
      provider: providerName,
      element: "servers",
      // An app is never what a prune is about: with it goes whatever it holds.
      history: true,
      after: [...inside, ...theirs].map(({ id }) => id),
      remove,
    },
  ];
}

async function ownedTraffic(own: Surroundings, context: Context, scope: Scope): Promise<readonly Owned[]> {
  const [app, domains, endpoints, vars] = await Promise.all([
    readApp(own, context, scope),
    readDomains(own, context, scope),
    readSniEndpoints(own, context, scope),
    readConfigVars(own, context, scope),
  ]);
  const hosts = ownHosts(domains ?? [], readMarker(vars)).map(({ hostname }) => hostname);
  const owned = hosts.map(
    (host): Owned => ({
      id: domainId(own, scope, host),
      label: `domain ${host}`,
      provider: providerName,
      element: "ingress",
      remove: (asked) => removeHost(own, asked, scope, host),
    }),
  );
  const uploaded = (endpoints ?? []).filter((endpoint) => certificateName(endpoint) === ownCertificate);
  const after = owned.map(({ id }) => id);
  const acm: Owned = {
    id: acmId(own, scope),
    label: "automated certificates",
    provider: providerName,
    element: "certificates",
    // First the domains: without ACM they would get other DNS targets.
    after,
    remove: (asked) => switchAcmOff(own, asked, scope),
  };
  return [
    ...owned,
    ...(app?.acm === true ? [acm] : []),
    ...uploaded.map(
      (endpoint): Owned => ({
        id: sniId(own, scope),
        label: `certificate ${endpoint.display_name ?? endpoint.name}`,
        provider: providerName,
        element: "certificates",
        after,
        remove: (asked) => removeSniEndpoint(own, asked, scope, endpoint.id),
      }),
    ),
  ];
}

function ownedSecrets(own: Surroundings, scope: Scope, marker: Marker): readonly Owned[] {
  return Object.keys(marker.secrets).map(
    (name): Owned => ({
      id: secretId(own, scope, name),
      label: `secret ${name}`,
      provider: providerName,
      element: "secrets",
      holdsData: `secret ${name}`,
      remove: (asked) => forgetSecret(own, asked, scope, name),
    }),
  );
}
