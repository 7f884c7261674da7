import type { EnvironmentCost } from "@deploy/core";
import type { CostView } from "../../shared/app-types.js";

/** What the environment costs in a month, with its sums. */
export function costView({ estimates, unknown }: EnvironmentCost): CostView {
  const shown = estimates.map(({ provider, currency, items, notCounted, pricesOf, source }) => ({
    provider,
    currency,
    monthly: sum(items.map(({ monthly, quantity }) => monthly * quantity)),
    items,
    notCounted,
    pricesOf,
    source,
  }));
  const currencies = [...new Set(shown.map(({ currency }) => currency))];
  return {
    totals: currencies.map((currency) => ({
      currency,
      monthly: sum(shown.filter((one) => one.currency === currency).map(({ monthly }) => monthly)),
    })),
    estimates: shown,
    unknown,
  };
}

/** In hundredths, as prices are. */
function sum(amounts: readonly number[]): number {
  return Math.round(amounts.reduce((total, one) => total + one, 0) * 100) / 100;
}
