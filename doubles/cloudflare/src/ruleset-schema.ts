import type { Schema } from "./schema-patches.js";

/*
 * Rulesets are not in the part of the published schema that is kept here. This is what the types of Cloudflare's own
 * client (7.3.0, resources/rulesets) say of redirect rules, by hand; stricter, since all that we send is known.
 */

const text = { type: "string" };
const id = { type: "string", pattern: "^[0-9a-f]{32}$" };
const fromValue = {
  type: "object",
  required: ["target_url"],
  additionalProperties: false,
  properties: {
    target_url: {
      type: "object",
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: { expression: text, value: text },
    },
    status_code: { enum: [301, 302, 303, 307, 308] },
    preserve_query_string: { type: "boolean" },
  },
};
const fields = {
  action: { const: "redirect" },
  action_parameters: {
    type: "object",
    additionalProperties: false,
    required: ["from_value"],
    properties: { from_value: fromValue },
  },
  description: text,
  enabled: { type: "boolean" },
  expression: text,
  ref: text,
};
const sent = { type: "object", required: ["action", "action_parameters", "expression"], properties: fields };
const held = {
  type: "object",
  required: ["id", "version", "action", "action_parameters", "expression", "enabled", "ref", "last_updated"],
  additionalProperties: false,
  properties: { ...fields, id, version: text, last_updated: text },
};
const answer = {
  type: "object",
  required: ["success", "errors", "messages", "result"],
  properties: {
    success: { const: true },
    result: {
      type: "object",
      required: ["id", "kind", "last_updated", "name", "phase", "rules", "version"],
      additionalProperties: false,
      properties: {
        id,
        kind: { enum: ["managed", "custom", "root", "zone"] },
        last_updated: text,
        name: text,
        phase: text,
        version: text,
        description: text,
        rules: { type: "array", items: held },
      },
    },
  },
};
const created = {
  type: "object",
  required: ["kind", "name", "phase"],
  properties: {
    kind: { const: "zone" },
    name: text,
    phase: { const: "http_request_dynamic_redirect" },
    description: text,
    rules: { type: "array", items: { ...sent, additionalProperties: false } },
  },
};

const read = ["Dynamic URL Redirects Write", "Dynamic URL Redirects Read"];
const write = ["Dynamic URL Redirects Write"];

function operation(permissions: readonly string[], body?: object): Schema {
  const json = (schema: object): Schema => ({ content: { "application/json": { schema } } });
  return {
    "x-api-token-group": permissions,
    ...(body === undefined ? {} : { requestBody: json(body) }),
    responses: { 200: json(answer) },
  };
}

/** Paths of redirect rules, in the form of the published schema, to be judged with it. */
export const rulesetPaths: Readonly<Record<string, Schema>> = {
  "/zones/{zone_id}/rulesets": { post: operation(write, created) },
  "/zones/{zone_id}/rulesets/phases/{ruleset_phase}/entrypoint": { get: operation(read) },
  "/zones/{zone_id}/rulesets/{ruleset_id}": { get: operation(read) },
  "/zones/{zone_id}/rulesets/{ruleset_id}/rules": { post: operation(write, sent) },
  "/zones/{zone_id}/rulesets/{ruleset_id}/rules/{rule_id}": {
    patch: operation(write, sent),
    delete: operation(write),
  },
};
