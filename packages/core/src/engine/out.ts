import type { Redacted } from "../redacted.js";
import type { AnyResource, Resource } from "./resource.js";

const outMarker: unique symbol = Symbol.for("deploy.out") as never;

/** The place of a value that will only be known once other resources exist. */
export const UNKNOWN: unique symbol = Symbol.for("deploy.unknown") as never;
/** Type of {@link UNKNOWN}. */
export type Unknown = typeof UNKNOWN;

/** Looks up what is known of a resource: its observed state, or {@link UNKNOWN} while it is still to be made. */
export type Look = (resource: AnyResource) => unknown;

/** A value which comes out of other resources: an address, a digest, a number. Core derives data edges from it. */
export interface Out<T> {
  readonly [outMarker]: true;
  /** The resources this value is read from. */
  readonly needs: readonly AnyResource[];
  /** The value, or {@link UNKNOWN} while one of `needs` is not known yet. */
  resolve(look: Look): T | Unknown;
}

/** Data in which any leaf may still be an {@link Out}. */
export type In<T> = T extends string | number | boolean | null | undefined | Redacted<unknown>
  ? T | Out<T>
  : T extends readonly (infer Item)[]
    ? readonly In<Item>[] | Out<T>
    : T extends object
      ? { readonly [Key in keyof T]: In<T[Key]> } | Out<T>
      : T | Out<T>;

/** Data as a plan sees it: the shape is there, any leaf may be {@link UNKNOWN}. */
export type Late<T> = T extends string | number | boolean | null | undefined | Redacted<unknown>
  ? T | Unknown
  : T extends readonly (infer Item)[]
    ? readonly Late<Item>[] | Unknown
    : T extends object
      ? { readonly [Key in keyof T]: Late<T[Key]> } | Unknown
      : T | Unknown;

/** The value that `select` picks from what `resource` turns out to be. */
export function output<Desired, Observed, T>(
  resource: Resource<Desired, Observed>,
  select: (observed: Observed) => T,
): Out<T> {
  return {
    [outMarker]: true,
    needs: [resource],
    resolve: (look) => {
      const observed = look(resource);
      return observed === UNKNOWN || observed === undefined ? UNKNOWN : select(observed as Observed);
    },
  };
}

/** A value computed from another late value; a plain value is passed through `change` at once. */
export function mapOut<T, U>(value: T | Out<T>, change: (value: T) => U): Out<U> {
  const source = isOut(value) ? value : undefined;
  return {
    [outMarker]: true,
    needs: source?.needs ?? [],
    resolve: (look) => {
      const known = source === undefined ? (value as T) : (source as Out<T>).resolve(look);
      return known === UNKNOWN ? UNKNOWN : change(known as T);
    },
  };
}

/**
 * A late value as far as a plan can tell, `null` while it cannot: it makes no edge, so that whoever is made of it waits
 * for nothing. The resources it comes from belong into `foresees`, so that they are decided first.
 */
export function foresee<T>(value: Out<T>): Out<T | null> {
  return {
    [outMarker]: true,
    needs: [],
    resolve: (look) => {
      const known = value.resolve(look);
      return known === UNKNOWN ? null : known;
    },
  };
}

/** Whether `value` is an {@link Out}, made by this copy of core or by any other. */
export function isOut(value: unknown): value is Out<unknown> {
  return (
    typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[outMarker] === true
  );
}
