import { type Context, DeployError, redact } from "@deploy/core";
import { createClients } from "../clients.js";
import type { Parts } from "../parts.js";
import type { RegistryLogin } from "./docker-config.js";
import { createRegistry, type Registry } from "./oci/client.js";

/** Host of a private ECR registry: account and region (Amazon ECR private registries, its dual-stack form included). */
const ecrHost =
  /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$/;

/** Account and region of an ECR host; undefined for any other registry. */
export function parseEcrHost(
  host: string,
): { readonly account: string; readonly region: string } | undefined {
  const match = ecrHost.exec(host);
  return match === null ? undefined : { account: match[1]!, region: match[2]! };
}

/** `host:port` that stands in for ECR's own, where there is one: tests have no DNS for `…amazonaws.com`. */
export function standInHost(
  parts: Pick<Parts, "settings">,
  context: Pick<Context, "env">,
): string | undefined {
  return parts.settings.registryHost ?? context.env.DEPLOY_ECR_REGISTRY;
}

/** The name of the app's images in the registry that is really talked to. */
export function effectiveUri(
  parts: Pick<Parts, "settings">,
  context: Pick<Context, "env">,
  uri: string,
): string {
  const host = standInHost(parts, context);
  return host === undefined ? uri : `${host}${uri.slice(uri.indexOf("/"))}`;
}

/**
 * The login of an ECR registry: good for twelve hours, fetched anew for each push.
 *
 * @param region Where the registry is. Default: the provider's.
 */
export async function ecrLogin(
  parts: Pick<Parts, "settings" | "clients">,
  context: Context,
  host: string,
  region: string = parts.settings.region,
): Promise<RegistryLogin> {
  const clients =
    region === parts.settings.region ? parts.clients : createClients({ ...parts.settings, region });
  const answer = await clients.send(context, "ecr", "GetAuthorizationToken", {}, { private: true });
  const token = answer.authorizationData?.[0]?.authorizationToken;
  const [username, ...password] = Buffer.from(token ?? "", "base64")
    .toString("utf8")
    .split(":");
  if (!username || password.length === 0) {
    throw new DeployError({
      code: "images.bad-answer",
      message: "ECR answered without a login.",
      hint: "Run the same again.",
      retryable: true,
    });
  }
  return { host, username, password: redact(password.join(":")) };
}

/** A registry of ECR, to be talked to without an engine. */
export async function ecrRegistry(
  parts: Pick<Parts, "settings" | "clients">,
  context: Context,
  host: string,
): Promise<Registry> {
  const login = await ecrLogin(parts, context, host, parseEcrHost(host)?.region);
  return createRegistry(context, host, { credentials: login, eager: true });
}
