const largest = 20;

/**
 * What differs between two pictures made of JSON data, as lines `path: one → other`; empty when nothing does.
 *
 * The order of keys does not count, that of lists does; what JSON drops is dropped. At most 20 lines.
 */
export function differences(one: unknown, other: unknown): string[] {
  const found: string[] = [];
  compare("", plain(one), plain(other), found);
  const more = found.length - largest;
  return more > 0 ? [...found.slice(0, largest), `and ${more} more`] : found;
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function compare(path: string, one: unknown, other: unknown, found: string[]): void {
  if (isRecord(one) && isRecord(other) && Array.isArray(one) === Array.isArray(other)) {
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      compare(path === "" ? key : `${path}.${key}`, one[key], other[key], found);
    }
  } else if (one !== other) found.push(`${path || "all of it"}: ${shown(one)} → ${shown(other)}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
