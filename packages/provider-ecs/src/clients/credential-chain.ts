import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type { CredentialSource } from "./credentials.js";

/** The SDK's default chain, loaded only where no keys are in the environment. */
export function createChain(profile: string | undefined): CredentialSource {
  return fromNodeProviderChain(profile === undefined ? {} : { profile });
}
