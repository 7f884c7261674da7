import { fromNodeProviderChain } from "@aws-sdk/credential-providers";

/** Keys as the SDK takes them. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** The SDK's default chain (profiles, SSO, web identity, the machine's role); loaded only where no keys are in the environment. */
export function createChain(profile: string | undefined): () => Promise<AwsKeys> {
  return fromNodeProviderChain(profile === undefined ? {} : { profile });
}
