import { BaseRecords } from "cloudflare/resources/dns/records";
import { BaseZone as BaseUsage } from "cloudflare/resources/dns/usage/zone";
import { BasePhases } from "cloudflare/resources/rulesets/phases/phases";
import { BaseRules } from "cloudflare/resources/rulesets/rules";
import { BaseRulesets } from "cloudflare/resources/rulesets/rulesets";
import { BaseCertificatePacks } from "cloudflare/resources/ssl/certificate-packs/certificate-packs";
import { BaseSettings as BaseUniversal } from "cloudflare/resources/ssl/universal/settings";
import { BaseSettings } from "cloudflare/resources/zones/settings";
import { BaseZones } from "cloudflare/resources/zones/zones";
import { createClient } from "cloudflare/tree-shakable";

/** The parts of Cloudflare's official client that are used; the rest of its 120 MB stays out of the bundle. */
export interface Sdk {
  readonly dns: { readonly records: BaseRecords; readonly usage: { readonly zone: BaseUsage } };
  readonly zones: BaseZones & { readonly settings: BaseSettings };
  readonly rulesets: BaseRulesets & { readonly phases: BasePhases; readonly rules: BaseRules };
  readonly ssl: {
    readonly certificatePacks: BaseCertificatePacks;
    readonly universal: { readonly settings: BaseUniversal };
  };
}

/**
 * Makes a client that repeats nothing, logs nothing, and reads nothing of its own from the environment: it would
 * otherwise send a key that lies there beside the token.
 */
export function createSdk(apiToken: string, baseURL: string, send: typeof fetch): Sdk {
  return createClient({
    apiToken,
    baseURL,
    fetch: send,
    apiKey: null,
    apiEmail: null,
    userServiceKey: null,
    maxRetries: 0,
    timeout: 30_000,
    logLevel: "off",
    resources: [
      BaseZones,
      BaseSettings,
      BaseRecords,
      BaseUsage,
      BaseCertificatePacks,
      BaseUniversal,
      BaseRulesets,
      BasePhases,
      BaseRules,
    ],
  });
}
