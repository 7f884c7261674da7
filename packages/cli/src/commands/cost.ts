import type { EnvironmentCost } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { neutralise } from "../render/neutralise.js";
import { type Column, renderTable, tableWidth } from "../render/table.js";

/** `deploy cost`: what the environment costs in a month, item by item, and what that leaves out. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const cost = await deployer.cost();
  if (context.json) {
    await context.printJson(cost);
    return EXIT.done;
  }
  const known = cost.estimates.filter(({ items }) => items.length > 0);
  if (known.length > 0) {
    const width = tableWidth(context.terminal.stdout);
    await context.print(renderTable(COLUMNS, rowsOf(cost), width, context.style.stdout).join("\n"));
  }
  for (const { provider, notCounted, pricesOf, source } of cost.estimates) {
    await context.say(`${provider}: prices of ${pricesOf}, ${neutralise(source)}`);
    if (notCounted.length > 0)
      await context.say(`  not counted: ${notCounted.map((one) => neutralise(one)).join(", ")}`);
  }
  if (cost.unknown.length > 0) await context.say(`no price list: ${cost.unknown.join(", ")}`);
  return EXIT.done;
}

const COLUMNS: readonly Column[] = [
  { title: "PROVIDER", importance: 3 },
  { title: "ITEM", importance: 9 },
  { title: "COUNT", align: "right", importance: 5 },
  { title: "A MONTH", align: "right", importance: 10 },
];

function rowsOf({ estimates }: EnvironmentCost): string[][] {
  const rows = estimates.flatMap(({ provider, currency, items }) =>
    items.map(({ label, quantity, monthly }) => [
      provider,
      neutralise(label),
      String(quantity),
      money(quantity * monthly, currency),
    ]),
  );
  const currencies = [...new Set(estimates.map(({ currency }) => currency))];
  const totals = currencies.map((currency) => {
    const items = estimates.flatMap((one) => (one.currency === currency ? one.items : []));
    const total = items.reduce((sum, { quantity, monthly }) => sum + quantity * monthly, 0);
    return ["", "total", "", money(total, currency)];
  });
  return [...rows, ...totals];
}

function money(amount: number, currency: string): string {
  return `${amount.toFixed(2)} ${currency}`;
}
