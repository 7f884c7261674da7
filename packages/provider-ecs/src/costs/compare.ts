import type { ResolvedEnvironment } from "@deploy/core";
import { type Capacity, ec2, fargate, instance, type Settings } from "../options.js";
import { estimate } from "./costs.js";

/** The three ways to run the same environment, as `ecs({ capacity })` takes them by default. */
export const capacities: Readonly<Record<string, Capacity>> = {
  "instance()": instance(),
  "ec2()": ec2(),
  "fargate()": fargate(),
  "fargate({ spot: 1 })": fargate({ spot: 1 }),
};

/** What the same environment costs in each mode, as the rows of a table: mode, US dollars a month, what is paid for. */
export function compareCapacities(
  settings: Settings,
  environment: ResolvedEnvironment,
): readonly (readonly [mode: string, dollars: string, items: string])[] {
  return Object.entries(capacities).map(([mode, capacity]) => {
    const { items } = estimate({ ...settings, capacity }, environment);
    const total = items.reduce((sum, item) => sum + item.quantity * item.monthly, 0);
    const parts = items
      .filter((item) => item.monthly > 0)
      .map(
        (item) =>
          `${item.quantity === 1 ? "" : `${item.quantity} × `}${item.label} ${item.monthly.toFixed(2)}`,
      );
    return [mode, total.toFixed(2), parts.join("; ")];
  });
}
