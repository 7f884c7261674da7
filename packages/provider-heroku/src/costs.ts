import type {
  Context,
  CostEstimate,
  CostItem,
  Costs,
  ResolvedAddon,
  ResolvedEnvironment,
} from "@deploy/core";
import { planOf as planOfAddon } from "./addons/kinds.js";
import { path } from "./api.js";
import type { HerokuDynoSize, HerokuPlan } from "./api-types.js";
import { dynoPricesFrom, dynoPricesOf, dynoSizeOf, findDynoSize } from "./dyno-sizes.js";
import { hasCode } from "./errors.js";
import type { Surroundings } from "./surroundings.js";

/**
 * Monthly prices of add-on plans, US dollars: what is taken where Heroku cannot be asked. heroku.com/pricing as it was
 * on 2026-07-17.
 */
const planPrices: Readonly<Record<string, number>> = {
  "heroku-postgresql:essential-0": 5,
  "heroku-postgresql:essential-1": 9,
  "heroku-postgresql:essential-2": 20,
  "heroku-postgresql:standard-0": 50,
  "heroku-postgresql:premium-0": 200,
  "heroku-redis:mini": 3,
  "heroku-redis:premium-0": 15,
};

const notCounted: readonly string[] = [
  "taxes and contract discounts",
  "one-off dynos, builds and release commands",
  "add-ons that are not declared here",
  "what autoscaling adds",
];

/**
 * What dynos and add-ons cost in a month: Heroku's own prices where it answers, else a dated table.
 *
 * The prices of Heroku's API carry no date of their own: they are of today.
 */
export function createCosts(own: Surroundings): Costs {
  return {
    async estimate(context, environment): Promise<CostEstimate> {
      const addons =
        environment.providers.addons.name === environment.providers.target.name ? environment.addons : [];
      const wanted = addons.map((addon) => planOf(addon));
      const names = [...new Set(wanted.map(({ service }) => service))];
      const [sizes, ...plans] = await Promise.all([
        live(() => own.api.list<HerokuDynoSize>(context, "/dyno-sizes")),
        ...names.map((service) => live(() => plansOf(own, context, service))),
      ]);
      const prices = new Map(plans.flat().map((plan) => [plan?.name, plan?.price]));
      const items: CostItem[] = [];
      const unpriced: string[] = [];
      for (const { monthly, ...dyno } of dynosOf(own, environment, sizes)) {
        if (monthly === undefined) unpriced.push(`${dyno.label}, whose price is not known`);
        else items.push({ ...dyno, monthly });
      }
      for (const { label, plan } of wanted) {
        const price = prices.get(plan);
        const monthly = price?.unit === "month" ? price.cents / 100 : planPrices[plan];
        if (monthly === undefined) unpriced.push(`${label} (${plan}), whose price is not known`);
        else items.push({ label: `${label} (${plan})`, quantity: 1, monthly });
      }
      const isLive = sizes !== undefined && plans.every((one) => one !== undefined);
      return {
        currency: "USD",
        items,
        notCounted: [
          ...unpriced,
          ...(own.options.space === undefined ? [] : ["the Private Space itself"]),
          ...notCounted,
        ],
        pricesOf: isLive ? new Date(context.clock.now()).toISOString().slice(0, 10) : dynoPricesOf,
        source: isLive ? "Heroku's API" : dynoPricesFrom,
      };
    },
  };
}

/** Dynos by process; one whose price nobody says has none. */
function dynosOf(
  own: Surroundings,
  environment: ResolvedEnvironment,
  live: readonly HerokuDynoSize[] | undefined,
): readonly (Omit<CostItem, "monthly"> & { readonly monthly: number | undefined })[] {
  return environment.processes.map((process) => {
    const name = dynoSizeOf(own.options, environment.name, process, environment.processes);
    const cost = live?.find((one) => one.name.toLowerCase() === name)?.cost;
    const known = cost?.unit === "month" && cost.cents !== undefined ? cost.cents / 100 : undefined;
    const quantity = process.instances ?? 1;
    // Eco hours are paid for by the account, not by the dyno.
    if (name === "eco") {
      return { label: `${process.name} (eco: 5 USD for the whole account)`, quantity, monthly: 0 };
    }
    return { label: `${process.name} (${name})`, quantity, monthly: known ?? findDynoSize(name)?.monthly };
  });
}

function planOf(addon: ResolvedAddon): { label: string; service: string; plan: string } {
  const plan = planOfAddon(addon);
  return { label: addon.name, service: plan.split(":")[0] ?? plan, plan };
}

/** Plans of a service; Heroku's documentation says that nobody has to log in for them, its API wants a token all the same. */
function plansOf(own: Surroundings, context: Context, service: string): Promise<readonly HerokuPlan[]> {
  return own.api.list<HerokuPlan>(context, path`/addon-services/${service}/plans`);
}

/** A list of prices, or undefined where there is nobody to ask: an estimate must not need an account. */
async function live<T>(load: () => Promise<readonly T[]>): Promise<readonly T[] | undefined> {
  try {
    return await load();
  } catch (error) {
    const nobody = [
      "heroku.no-credentials",
      "heroku.unauthenticated",
      "heroku.unreachable",
      "heroku.timeout",
      "heroku.not-found",
    ];
    if (hasCode(error, ...nobody)) return undefined;
    throw error;
  }
}
