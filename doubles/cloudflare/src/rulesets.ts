import { type Call, type Route, refuse } from "./http.js";
import { newId } from "./records.js";
import type { CloudflareZone, PlanName, RedirectRule, Ruleset } from "./state.js";
import type { World } from "./world.js";

const base = "/zones/{zone_id}/rulesets";
const phase = "http_request_dynamic_redirect";
const read = ["Dynamic URL Redirects Write", "Dynamic URL Redirects Read"];
const write = ["Dynamic URL Redirects Write"];
const known: ReadonlySet<string> = new Set([
  "action",
  "action_parameters",
  "description",
  "enabled",
  "expression",
  "ref",
]);

/** Rules of this phase by plan: ten on the free one; those of the others are as documented of Configuration Rules. */
const limits: Readonly<Record<PlanName, number>> = { free: 10, pro: 25, business: 50, enterprise: 300 };

/** Routes of redirect rules: the zone's entry point of one phase, and its rules one by one. A whole ruleset is not put. */
export function rulesetRoutes(world: World): readonly Route[] {
  const at = (): string => new Date(world.now()).toISOString();
  const entry = ({ zone }: Call): Ruleset =>
    zone.redirects ?? refuse(404, 10_003, `could not find entrypoint ruleset in the ${phase} phase`);
  const chosen = (call: Call): Ruleset => {
    const { redirects } = call.zone;
    if (redirects !== undefined && redirects.id === call.params.ruleset_id) return redirects;
    return refuse(404, 10_003, `could not find ruleset ${call.params.ruleset_id}`);
  };
  const placeOf = (call: Call, rules: readonly RedirectRule[]): number => {
    const place = rules.findIndex(({ id }) => id === call.params.rule_id);
    return place < 0 ? refuse(404, 10_003, `could not find rule ${call.params.rule_id}`) : place;
  };
  const become = (zone: CloudflareZone, before: Ruleset | undefined, rules: readonly RedirectRule[]) => {
    const most = limits[zone.plan];
    if (rules.length > most && rules.length > (before?.rules.length ?? 0)) {
      const message = `exceeded the maximum number of rules in the phase ${phase}: ${rules.length} out of ${most}`;
      refuse(400, 50_001, message);
    }
    const version = String(Number(before?.version ?? 0) + 1);
    zone.redirects = { ...(before ?? { id: newId(), name: "default", description: "" }), version, rules };
    zone.redirects = { ...zone.redirects, last_updated: at() };
    return { result: show(zone.redirects) };
  };
  return [
    {
      method: "GET",
      path: `${base}/phases/{ruleset_phase}/entrypoint`,
      permissions: read,
      handle: (call) => {
        if (call.params.ruleset_phase !== phase) refuse(404, 10_003, "the double has no other phase");
        return { result: show(entry(call)) };
      },
    },
    {
      method: "POST",
      path: base,
      permissions: write,
      handle: ({ zone, body }) => {
        const { kind, phase: asked, name, rules = [] } = body as Partial<Record<string, unknown>>;
        if (asked !== phase) refuse(400, 20_004, `'${String(asked)}' is not a phase that the double has`);
        if (kind !== "zone") refuse(400, 20_004, `'${String(kind)}' is not a valid value for kind`);
        if (zone.redirects !== undefined) {
          const why = `exceeded maximum number of zone rulesets for phase ${phase}`;
          refuse(400, 20_217, `'zone' is not a valid value for kind because ${why}`);
        }
        const made = { id: newId(), name: String(name), description: "", version: "0", rules: [] };
        return become(
          zone,
          made,
          (rules as Fields[]).map((one) => ruleOf(one, at())),
        );
      },
    },
    {
      method: "GET",
      path: `${base}/{ruleset_id}`,
      permissions: read,
      handle: (call) => ({ result: show(chosen(call)) }),
    },
    {
      method: "POST",
      path: `${base}/{ruleset_id}/rules`,
      permissions: write,
      handle: (call) => {
        const before = chosen(call);
        return become(call.zone, before, [...before.rules, ruleOf(call.body, at())]);
      },
    },
    {
      method: "PATCH",
      path: `${base}/{ruleset_id}/rules/{rule_id}`,
      permissions: write,
      handle: (call) => {
        const before = chosen(call);
        const place = placeOf(call, before.rules);
        // What is not said is not kept: a change has to name all fields of the rule.
        return become(
          call.zone,
          before,
          before.rules.with(place, ruleOf(call.body, at(), before.rules[place])),
        );
      },
    },
    {
      method: "DELETE",
      path: `${base}/{ruleset_id}/rules/{rule_id}`,
      permissions: write,
      handle: (call) => {
        const before = chosen(call);
        return become(call.zone, before, before.rules.toSpliced(placeOf(call, before.rules), 1));
      },
    },
  ];
}

type Fields = Readonly<Record<string, unknown>>;

/** Checks a rule and brings it into the form that Cloudflare answers with; `before` keeps its id. */
export function ruleOf(fields: Fields, at: string, before?: RedirectRule): RedirectRule {
  const { action, action_parameters, expression, description = "", enabled = true } = fields;
  const wrong = (what: string): never => refuse(400, 20_127, `rule is not valid: ${what}`);
  for (const field of Object.keys(fields)) if (!known.has(field)) wrong(`unknown field ${field}`);
  if (action !== "redirect") wrong(`'${String(action)}' is not a valid value for action`);
  if (typeof expression !== "string" || expression === "") wrong("expression is required");
  const { from_value } = (action_parameters ?? {}) as {
    from_value?: RedirectRule["action_parameters"]["from_value"];
  };
  const { target_url, status_code = 301 } = from_value ?? wrong("from_value is required");
  if ((target_url?.value === undefined) === (target_url?.expression === undefined)) wrong("one target_url");
  if (![301, 302, 303, 307, 308].includes(status_code)) wrong("status_code");
  const id = before?.id ?? newId();
  return {
    id,
    version: String(Number(before?.version ?? 0) + 1),
    action: "redirect",
    action_parameters: action_parameters as RedirectRule["action_parameters"],
    expression: expression as string,
    description: String(description),
    enabled: enabled === true,
    ref: typeof fields.ref === "string" ? fields.ref : id,
    last_updated: at,
  };
}

function show(ruleset: Ruleset): unknown {
  return { ...ruleset, kind: "zone", phase };
}
