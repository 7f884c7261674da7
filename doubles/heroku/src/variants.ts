import { fixedId } from "./ids.js";
import type { Variant } from "./judge.js";

/** Fields which only the form 3.sdk of an answer has, by resource of the schema. */
const onlySdk: Readonly<Record<string, readonly string[]>> = {
  app: ["base_image_name", "buildpacks", "current_build_architecture"],
  "team-app": ["base_image_name", "buildpacks", "current_build_architecture", "generation"],
  release: ["oci_image"],
  build: ["labs"],
  "dyno-size": ["can_autoscale", "infrastructure_tier", "product_dyno_tier"],
  plan: ["price.metered"],
  "add-on": ["billed_price.metered", "plan.price.metered"],
  generation: ["expanded_supported_features", "unsupported_features"],
  team: ["pipeline_cost_consent_at", "pipeline_cost_consent_user_email"],
  account: [
    "acknowledged_msa",
    "acknowledged_msa_at",
    "eco_dynos_enabled",
    "eco_dynos_shutdown_at",
    "italian_customer_terms",
    "italian_partner_terms",
    "mfa_enabled",
    "mfa_exemption",
    "mfa_exemption_reason",
    "mfa_experience",
    "pipeline_cost_consent_at",
  ],
};

/** The form of the schema an Accept header asks for: 3.sdk, or the public form 3 which all others build on. */
export function variantOf(accept: string | undefined): Variant {
  return accept?.includes("version=3.sdk") ? "3.sdk" : "3";
}

/** An answer as one form of the API words it; handlers always answer in the richest. */
export function inVariant(resource: string | undefined, body: unknown, variant: Variant): unknown {
  if (resource === undefined || variant === "3.sdk" || !isObject(body)) return body;
  if (Array.isArray(body)) return body.map((one) => inVariant(resource, one, variant));
  const shaped = (onlySdk[resource] ?? []).reduce((one, field) => without(one, field.split(".")), body);
  // Form 3 says a generation as an object, 3.sdk by its name alone.
  const { generation } = shaped;
  if (typeof generation !== "string" || (resource !== "app" && resource !== "space")) return shaped;
  return { ...shaped, generation: { id: fixedId(`generation ${generation}`), name: generation } };
}

function without(body: Record<string, unknown>, [first = "", ...rest]: string[]): Record<string, unknown> {
  if (!(first in body)) return body;
  const { [first]: inner, ...others } = body;
  if (rest.length === 0) return others;
  return isObject(inner) ? { ...body, [first]: without(inner, rest) } : body;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
