import { refuse } from "./http.js";

/** A page of a list and, unless it is the last one, where the next begins. */
export interface Page {
  readonly items: readonly unknown[];
  readonly next: string | undefined;
  readonly range: string;
}

const pattern = /^\s*([a-z_]+)\s+(\]?)([^\s;.\]]*)\.\.(\[?)([^\s;[]*)\s*(?:;\s*(.*))?$/;

/**
 * Cuts a list as Heroku does: `Range: version ]12..; max=10, order=desc`.
 *
 * @param largest The most items of one page, whatever the request asks for.
 */
export function cut(items: readonly unknown[], header: string | undefined, largest: number): Page {
  const match = pattern.exec(header || "id ..");
  if (match === null) refuse(416, "range_invalid", `Cannot understand the Range "${header}".`);
  const [, field = "id", after = "", from = "", before = "", to = "", options = ""] = match;
  const read = Object.fromEntries(
    options
      .split(",")
      .map((one) => one.trim().split("="))
      .filter((pair): pair is [string, string] => pair.length === 2),
  );
  const down = read.order === "desc";
  const max = Math.min(Number(read.max ?? 200) || 200, 1000, largest);
  const key = (item: unknown): string | number => (item as Record<string, string | number>)[field] ?? "";
  const sorted = [...items].sort((left, right) => compare(key(left), key(right)) * (down ? -1 : 1));
  const inside = sorted.filter((item) => {
    const value = key(item);
    const low = from === "" ? 1 : compare(value, from) * (down ? -1 : 1);
    const high = to === "" ? 1 : compare(to, value) * (down ? -1 : 1);
    return (after ? low > 0 : low >= 0) && (before ? high > 0 : high >= 0);
  });
  const page = inside.slice(0, max);
  const more = inside.length > page.length;
  const last = page.at(-1);
  const tail = `..${before}${to}; max=${max}${down ? ", order=desc" : ""}`;
  return {
    items: page,
    next: more && last !== undefined ? `${field} ]${key(last)}${tail}` : undefined,
    range: `${field} ${page[0] === undefined ? "" : key(page[0])}..${last === undefined ? "" : key(last)}`,
  };
}

function compare(left: string | number, right: string | number): number {
  if (typeof left === "number") return left - Number(right);
  return left < String(right) ? -1 : left > String(right) ? 1 : 0;
}
