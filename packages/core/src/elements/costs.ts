import type { ResolvedEnvironment } from "../app/resolved.js";
import type { Context } from "../context.js";

/** One line of an estimate. */
export interface CostItem {
  readonly label: string;
  readonly quantity: number;
  /** For one, for a month of 730 hours. */
  readonly monthly: number;
}

/** What an environment costs in a month, with its date and source. */
export interface CostEstimate {
  /** ISO 4217. */
  readonly currency: string;
  readonly items: readonly CostItem[];
  /** What was left out, such as traffic. */
  readonly notCounted: readonly string[];
  /** The date of the price list, ISO 8601. */
  readonly pricesOf: string;
  readonly source: string;
}

/** Optional power: an honest price before it is paid. */
export interface Costs {
  /** What this environment costs in a month, at the vendor's list prices. */
  estimate(context: Context, environment: ResolvedEnvironment): Promise<CostEstimate>;
}
