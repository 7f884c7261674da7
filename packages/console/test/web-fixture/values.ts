/**
 * Values that several pages share: times, names, and what no page may obey. As the API answers.
 *
 * @module
 */

import type { Part } from "../../src/shared/app-types.js";

/** Milliseconds. */
export const MINUTE = 60_000;
/** Milliseconds. */
export const HOUR: number = 60 * MINUTE;
/** Milliseconds. */
export const DAY: number = 24 * HOUR;

/** What no page may obey: markup, a colour, a cursor movement, and a turn of the direction of writing. */
export const HOSTILE =
  "<img src=x onerror=\"document.title='owned'\"> \u001b[31mred\u001b[2J \u202egpj.exe \u0007";

/** A digest of one digit. */
export const DIGEST = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** A part that was read at a time, and is neither old nor being read. */
export const seen = <T>(value: T, at: number): Part<T> => ({ value, at, refreshing: false, stale: false });
