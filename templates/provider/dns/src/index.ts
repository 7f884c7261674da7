/**
 * Nimbus Cloud as a provider of Deploy: DNS records.
 *
 * @module
 */
import type { CredentialField, Dns, Provider } from "@deploy/core";
import { createApi } from "./api.js";
import { createDns } from "./dns.js";

/** Options of {@link nimbusCloud}. */
export interface NimbusCloudOptions {
  /** Where the API is. Default: `NIMBUS_CLOUD_URL`, else Nimbus Cloud itself. */
  readonly url?: string;
}

/** What {@link nimbusCloud} returns: using it where another element is needed does not compile. */
export type NimbusCloudProvider = Provider & { readonly dns: Dns };

const credentials: Readonly<Record<"token" | "url", CredentialField>> = {
  token: {
    env: "NIMBUS_CLOUD_TOKEN",
    label: "API token that may change DNS",
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
    dns: createDns(api),
  };
}
