import { asVariable } from "./names.js";

/** Variables that libraries look for by themselves: the first add-on of a kind gets them. */
const customary: Readonly<Record<string, string>> = { postgres: "DATABASE_URL", redis: "REDIS_URL" };

/** Of an add-on, what its variable depends on. */
export interface AddonNaming {
  readonly name: string;
  readonly kind: unknown;
  readonly as: unknown;
}

/**
 * The variable that holds each add-on's URL, by add-on name.
 *
 * What `as` says; else `DATABASE_URL` or `REDIS_URL` for the first of its kind; else `<NAME>_URL`.
 */
export function addonVariables(addons: readonly AddonNaming[]): ReadonlyMap<string, string> {
  const seen = new Set<unknown>();
  return new Map(
    addons.map(({ name, kind, as }) => {
      const first = !seen.has(kind);
      seen.add(kind);
      const usual = typeof kind === "string" && Object.hasOwn(customary, kind) ? customary[kind] : undefined;
      const fallback = first && usual !== undefined ? usual : addressVariable(name);
      return [name, typeof as === "string" ? as : fallback] as const;
    }),
  );
}

/** The variable that holds the address of an internal process: `API_V2_URL` for `api-v2`. */
export function addressVariable(name: string): string {
  return `${asVariable(name)}_URL`;
}
