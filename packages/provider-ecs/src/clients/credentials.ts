import type { Context } from "@deploy/core";

/** Keys as the SDK takes them. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Asked by the SDK before it signs; it keeps the answer until it expires. */
export type CredentialSource = () => Promise<AwsKeys>;

/**
 * Where credentials come from: keys in the context's environment, else the SDK's own default chain (profiles, SSO,
 * web identity of CI, the role of the machine). A profile that is named wins over keys, as it does with the SDK.
 */
export function credentialSource(env: Context["env"], profile: string | undefined): CredentialSource {
  const chosen = profile ?? env.AWS_PROFILE;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (chosen === undefined && accessKeyId && secretAccessKey) {
    const sessionToken = env.AWS_SESSION_TOKEN;
    const keys = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
    return async () => keys;
  }
  let chain: Promise<CredentialSource> | undefined;
  return async () => {
    chain ??= import("./credential-chain.js").then(({ createChain }) => createChain(chosen));
    return (await chain)();
  };
}
