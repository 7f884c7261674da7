import type { ComponentChildren, JSX } from "preact";

/** A column of a table of `T`. */
export interface Column<T> {
  readonly key: string;
  readonly title: ComponentChildren;
  cell(row: T): ComponentChildren;
  readonly align?: "start" | "end";
  /** As narrow as its content. */
  readonly narrow?: boolean;
}

/** A table; on a narrow screen each row becomes a card whose cells carry their column's title. */
export function Table<T>(props: {
  /** Said to screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  keyOf(row: T): string | number;
  /** Shown when there are no rows. */
  readonly empty?: ComponentChildren;
}): JSX.Element {
  if (props.rows.length === 0 && props.empty !== undefined) return <>{props.empty}</>;
  return (
    <div class="table-frame">
      <table class="table">
        <caption class="visually-hidden">{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.key} scope="col" class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={props.keyOf(row)}>
              {props.columns.map((column) => (
                <td
                  key={column.key}
                  class={classOf(column)}
                  data-title={typeof column.title === "string" ? column.title : undefined}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf<T>(column: Column<T>): string {
  return `${column.align === "end" ? "end" : ""} ${column.narrow ? "narrow" : ""}`.trim();
}
