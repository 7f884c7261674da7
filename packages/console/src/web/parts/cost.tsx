import type { JSX } from "preact";
import type { CostView, EnvironmentOverview } from "../../shared/app-types.js";
import { Dialog } from "../components/index.js";
import { plain } from "./plain.js";
import { listed, money } from "./units.js";

/** `$25.00`, `€12 + $3`; `+` behind it where not all of it has a price. */
export function costWords(cost: CostView): string {
  const unknown = cost.unknown.length > 0 || cost.estimates.some((one) => one.notCounted.length > 0);
  if (cost.totals.length === 0) return cost.unknown.length > 0 ? "not known" : "nothing";
  const sum = cost.totals.map((total) => money(total.monthly, total.currency)).join(" + ");
  return unknown ? `${sum} +` : sum;
}

/** What an environment costs in a month, item by item, and what is not in it. */
export function CostDialog(props: { readonly of: EnvironmentOverview; onClose(): void }): JSX.Element | null {
  const cost = props.of.cost.value;
  if (cost === undefined) return null;
  return (
    <Dialog
      open
      wide
      title={`${props.of.app} / ${props.of.environment}: cost in a month`}
      onClose={props.onClose}
    >
      <div class="stack">
        <p class="muted">At list prices, for a month of 730 hours, as it is declared.</p>
        {cost.estimates.map((estimate) => (
          <section key={`${estimate.provider} ${estimate.currency}`} class="stack">
            <h3>
              {plain(estimate.provider)}: {money(estimate.monthly, estimate.currency)}
            </h3>
            <table class="table">
              <caption class="visually-hidden">Items of {plain(estimate.provider)}</caption>
              <thead>
                <tr>
                  <th scope="col">Item</th>
                  <th scope="col" class="end">
                    Number
                  </th>
                  <th scope="col" class="end">
                    Per month
                  </th>
                </tr>
              </thead>
              <tbody>
                {estimate.items.map((item) => (
                  <tr key={item.label}>
                    <td data-title="Item">{plain(item.label)}</td>
                    <td data-title="Number" class="end">
                      {item.quantity}
                    </td>
                    <td data-title="Per month" class="end">
                      {money(item.monthly, estimate.currency)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {estimate.notCounted.length === 0 ? null : (
              <p class="muted">Not counted: {listed(estimate.notCounted.map(plain))}.</p>
            )}
            <p class="muted">
              Prices of {plain(estimate.pricesOf)}, from {plain(estimate.source)}.
            </p>
          </section>
        ))}
        {cost.unknown.length === 0 ? null : (
          <p class="muted">No price list: {listed(cost.unknown.map(plain))}.</p>
        )}
        {cost.estimates.length === 0 && cost.unknown.length === 0 ? <p>It costs nothing.</p> : null}
      </div>
    </Dialog>
  );
}
