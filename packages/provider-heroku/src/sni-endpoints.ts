import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type AnyResource, type Context, DeployError, type Resource, type Scope } from "@deploy/core";
import { path } from "./api.js";
import type { HerokuSniEndpoint } from "./api-types.js";
import { unlessMissing } from "./errors.js";
import { idOf, providerName } from "./names.js";
import type { OwnCertificateOptions } from "./options.js";
import { isOurs, readMarker } from "./ownership.js";
import { readConfigVars, readSniEndpoints } from "./reads.js";
import { appResource } from "./servers.js";
import { appOf, type Surroundings } from "./surroundings.js";

/** A certificate of one's own as Heroku has it. */
export interface SniState {
  readonly id: string;
  /** Digest of the chain: what a renewal changes. */
  readonly chain: string;
  /** ISO 8601; absent where Heroku does not say. */
  readonly expires?: string;
}

/** The name of the one certificate of our own in the desired state of domains. */
export const ownCertificate = "own";

/** What an SNI endpoint counts as: `own` for one that was uploaded, undefined for one of Heroku's ACM. */
export function certificateName(
  endpoint: Pick<HerokuSniEndpoint, "id" | "ssl_cert">,
): typeof ownCertificate | undefined {
  return endpoint.ssl_cert["acm?"] === true ? undefined : ownCertificate;
}

/** Id of the resource of the app's own certificate. */
export function sniId(own: Pick<Surroundings, "options">, scope: Scope): string {
  return idOf("certificates", appOf(own, scope), ownCertificate);
}

/** A certificate of one's own as a node of the plan; a new chain in the file is uploaded in place of the old one. */
export function sniResource(
  own: Surroundings,
  scope: Scope,
  options: OwnCertificateOptions,
): Resource<{ readonly file: string }, SniState & { readonly differs?: true }> {
  const app = appOf(own, scope);
  const body = async (context: Context): Promise<{ certificate_chain: string; private_key: string }> => ({
    certificate_chain: await readChain(context, options),
    private_key: readKey(context, options),
  });
  return {
    id: sniId(own, scope),
    label: `certificate ${options.chain}`,
    provider: providerName,
    element: "certificates",
    desired: { file: options.chain },
    verb: "upload",
    after: [appResource(own, scope) as AnyResource],
    async read(context) {
      const [endpoints, vars, chain] = await Promise.all([
        readSniEndpoints(own, context, scope),
        readConfigVars(own, context, scope),
        readChain(context, options),
      ]);
      if (!isOurs(readMarker(vars), scope)) return undefined;
      const found = endpoints?.find((endpoint) => certificateName(endpoint) === ownCertificate);
      if (found === undefined) return undefined;
      const state = stateOf(found);
      return state.chain === digest(chain) ? state : { ...state, differs: true };
    },
    diff: (_desired, observed) => (observed.differs === true ? [{ path: "chain" }] : []),
    async create(context) {
      return stateOf(
        await own.api.post<HerokuSniEndpoint>(
          context,
          path`/apps/${app}/sni-endpoints`,
          await body(context),
          {
            sensitive: true,
          },
        ),
      );
    },
    async update(context, _desired, observed) {
      return stateOf(
        await own.api.patch<HerokuSniEndpoint>(
          context,
          path`/apps/${app}/sni-endpoints/${observed.id}`,
          await body(context),
          { sensitive: true },
        ),
      );
    },
  };
}

/** Deletes a certificate of one's own; fine when it is gone already. */
export async function removeSniEndpoint(
  own: Surroundings,
  context: Context,
  scope: Scope,
  id: string,
): Promise<void> {
  await unlessMissing(own.api.delete(context, path`/apps/${appOf(own, scope)}/sni-endpoints/${id}`));
}

function stateOf(endpoint: HerokuSniEndpoint): SniState {
  const expires = endpoint.ssl_cert.expires_at;
  return {
    id: endpoint.id,
    chain: digest(endpoint.certificate_chain),
    ...(expires === undefined ? {} : { expires }),
  };
}

/** Line ends and blank lines of a PEM say nothing. */
function digest(chain: string): string {
  return createHash("sha256").update(chain.replace(/\s+/g, "")).digest("base64url").slice(0, 22);
}

async function readChain(context: Context, { chain }: OwnCertificateOptions): Promise<string> {
  const text = await readFile(resolve(context.directory, chain), "utf8").catch((cause: unknown) => {
    throw new DeployError({
      code: "certificates.missing-file",
      message: `The certificate ${chain} cannot be read.`,
      hint: 'Set "certificate.chain" of heroku() to a PEM file, relative to the configuration file.',
      cause,
    });
  });
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(text);
  } catch {
    throw new DeployError({
      code: "certificates.bad-file",
      message: `${chain} holds no certificate in PEM.`,
      hint: "Put the certificate of the host first, then those of its issuers, each between BEGIN and END CERTIFICATE.",
    });
  }
  if (Date.parse(leaf.validTo) > context.clock.now()) return text;
  throw new DeployError({
    code: "certificates.expired",
    message: `The certificate ${chain} expired on ${new Date(leaf.validTo).toISOString()}.`,
    hint: "Renew it, and run the same again.",
  });
}

function readKey(context: Context, { keyFrom }: OwnCertificateOptions): string {
  const key = context.env[keyFrom];
  if (key !== undefined && /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) return key;
  throw new DeployError({
    code: "certificates.missing-key",
    message: `${keyFrom} holds no private key in PEM.`,
    hint: `Set ${keyFrom} in the environment to the key of the certificate.`,
  });
}
