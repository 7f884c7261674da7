import { type Context, DeployError } from "@deploy/core";
import type { RedirectRule, RedirectRuleParam } from "cloudflare/resources/rulesets/rules";
import type { Api, Zone } from "./api.js";

/** A redirect rule as the zone holds it. */
export type Rule = Omit<RedirectRule, "id" | "expression"> & {
  readonly id: string;
  readonly expression: string;
};

/** The redirect rules of a zone, in their order; the ruleset that holds them is there once somebody has made one. */
interface Held {
  readonly ruleset?: string;
  readonly rules: readonly Rule[];
}

/** Calls about redirect rules, one rule at a time: the ruleset is never written as a whole, since others have rules in it. */
export interface Rules {
  /** As a plan sees them: read once. */
  list(context: Context, zone: Zone): Promise<readonly Rule[]>;
  /** Makes the first rule of `chosen` what is wanted, or a new one at the end, and removes the others of them. */
  put(context: Context, zone: Zone, chosen: Choice, wanted: RedirectRuleParam): Promise<void>;
  /** Puts a description on the rules of `chosen`, which stay as they are otherwise; how many there were. */
  describe(context: Context, zone: Zone, chosen: Choice, description: string): Promise<number>;
  remove(context: Context, zone: Zone, chosen: Choice): Promise<void>;
}

/** The rules a write is about, of those that are there right before it; it may refuse. */
type Choice = (rules: readonly Rule[]) => readonly Rule[];

/** https://developers.cloudflare.com/rules/url-forwarding/single-redirects/create-api/ */
const phase = "http_request_dynamic_redirect";

/** The redirect rules of zones; writes to one zone come one after another. */
export function createRules(api: Api): Rules {
  const lanes = new Map<string, Promise<unknown>>();

  const read = async (context: Context, zone: Zone): Promise<Held> => {
    try {
      const { id, rules = [] } = (await api.ask(context, "redirects", zone.name, (sdk, signal) =>
        sdk.rulesets.phases.get(phase, { zone_id: zone.id }, signal),
      )) as { id: string; rules?: readonly Rule[] };
      return { ruleset: id, rules };
    } catch (error) {
      // Nobody has made a redirect there yet: 10003, "could not find entrypoint ruleset".
      if (DeployError.is(error) && error.code === "cloudflare.not-found") return { rules: [] };
      throw error;
    }
  };

  const change = <T>(context: Context, zone: Zone, write: (held: Held) => Promise<T>): Promise<T> => {
    const run = async (): Promise<T> => write(await read(context, zone));
    const done = (lanes.get(zone.id) ?? Promise.resolve()).then(run);
    const settled = done.catch(() => undefined);
    lanes.set(zone.id, settled);
    return done;
  };

  const edit = (context: Context, zone: Zone, ruleset: string, id: string, rule: RedirectRuleParam) =>
    api.ask(context, "editRedirect", zone.name, (sdk, signal) =>
      sdk.rulesets.rules.edit(
        id,
        { ruleset_id: ruleset, zone_id: zone.id, ...rule, action: "redirect" },
        signal,
      ),
    );

  const removeAll = async (context: Context, zone: Zone, ruleset: string, rules: readonly Rule[]) => {
    for (const { id } of rules) {
      try {
        await api.ask(context, "removeRedirect", zone.name, (sdk, signal) =>
          sdk.rulesets.rules.delete(id, { ruleset_id: ruleset, zone_id: zone.id }, signal),
        );
      } catch (error) {
        if (!DeployError.is(error) || error.code !== "cloudflare.not-found") throw error;
      }
    }
  };

  const put: Rules["put"] = async (context, zone, chosen, wanted) => {
    const write = async ({ ruleset, rules }: Held): Promise<void> => {
      const [first, ...others] = chosen(rules);
      if (ruleset === undefined) {
        const made = { kind: "zone", phase, name: "default", rules: [wanted] } as const;
        await api.ask(context, "makeRedirects", zone.name, (sdk, signal) =>
          sdk.rulesets.create({ zone_id: zone.id, ...made, rules: [...made.rules] }, signal),
        );
      } else if (first === undefined) {
        await api.ask(context, "addRedirect", zone.name, (sdk, signal) =>
          sdk.rulesets.rules.create(ruleset, { zone_id: zone.id, ...wanted, action: "redirect" }, signal),
        );
      } else {
        await edit(context, zone, ruleset, first.id, wanted);
        await removeAll(context, zone, ruleset, others);
      }
    };
    try {
      await change(context, zone, write);
    } catch (error) {
      // Somebody has made the ruleset meanwhile: the rule goes into it.
      if (!DeployError.is(error) || error.code !== "cloudflare.conflict") throw error;
      await change(context, zone, write);
    }
  };

  return {
    put,
    list: async (context, zone) =>
      (await context.shared(`cloudflare/redirects/${zone.name}`, () => read(context, zone))).rules,
    describe: (context, zone, chosen, description) =>
      change(context, zone, async ({ ruleset = "", rules }) => {
        const described = chosen(rules);
        for (const { id, ref, action_parameters = {}, expression, enabled = true } of described) {
          // What is not said is not kept: https://developers.cloudflare.com/ruleset-engine/rulesets-api/update-rule/
          const own = ref === undefined || ref === id ? {} : { ref };
          const rule = { expression, action_parameters, enabled, description, ...own };
          await edit(context, zone, ruleset, id, rule);
        }
        return described.length;
      }),
    remove: (context, zone, chosen) =>
      change(context, zone, ({ ruleset = "", rules }) => removeAll(context, zone, ruleset, chosen(rules))),
  };
}
