/**
 * Nimbus Cloud as a provider of Deploy: secrets.
 *
 * @module
 */
import type { CredentialField, Provider, Secrets } from "@deploy/core";
import { createApi } from "./api.js";
import { findSecrets } from "./owned.js";
import { createSecrets } from "./secrets.js";

/** Options of {@link nimbusCloud}. */
export interface NimbusCloudOptions {
  /** Where the API is. Default: `NIMBUS_CLOUD_URL`, else Nimbus Cloud itself. */
  readonly url?: string;
}

/** What {@link nimbusCloud} returns: using it where another element is needed does not compile. */
export type NimbusCloudProvider = Provider & { readonly secrets: Secrets };

const credentials: Readonly<Record<"token" | "url", CredentialField>> = {
  token: {
    env: "NIMBUS_CLOUD_TOKEN",
    label: "API token that may read and write secrets",
    secret: true,
    required: true,
    docs: "https://nimbus-cloud.example/tokens",
  },
  url: {
    env: "NIMBUS_CLOUD_URL",
    label: "Address of the API, for tests",
    secret: false,
    required: false,
  },
};

/** Nimbus Cloud as a provider. Nothing is read from the environment before the first call. */
export function nimbusCloud(options: NimbusCloudOptions = {}): NimbusCloudProvider {
  const api = createApi(credentials, options.url);
  return {
    spec: 1,
    name: "nimbus-cloud",
    credentials,
    limits: { concurrency: 8 },
    identity: (context) => api.identity(context),
    owned: (context, scope) => findSecrets(api, context, scope),
    secrets: createSecrets(api),
  };
}
