import { DeployError } from "../errors.js";

const millisecondsPer: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const bytesPer: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** What people write for a unit, to the unit: only spellings with one meaning. */
const durationSpellings: Readonly<Record<string, string>> = {
  sec: "s",
  second: "s",
  seconds: "s",
  minute: "min",
  minutes: "min",
  hour: "h",
  hours: "h",
  day: "d",
  days: "d",
};

const quantityPattern = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/;

/**
 * A length of time in milliseconds: a number is milliseconds already, text is a number and a unit.
 *
 * Units: ms, s, min, h, d. The space may be missing, so `"30s"` is `"30 s"`.
 *
 * @throws `config.bad-duration`
 */
export function parseDuration(value: string | number): number {
  const bad = (hint: string): DeployError =>
    new DeployError({
      code: "config.bad-duration",
      message: `${JSON.stringify(value)} is not a length of time.`,
      hint,
    });
  if (typeof value === "number") {
    if (Number.isFinite(value) && value >= 0) return value;
    throw bad("Give milliseconds as a number of 0 or more.");
  }
  const [, amount, unit = ""] = quantityPattern.exec(value) ?? [];
  if (amount === undefined) throw bad('Write a number and a unit, such as "30 s" or "5 min".');
  if (Object.hasOwn(millisecondsPer, unit)) return Math.round(Number(amount) * millisecondsPer[unit]!);
  if (unit === "m") throw bad(`Write "${amount} min" for minutes, or "${amount} ms" for milliseconds.`);
  const spelling = unit.toLowerCase();
  if (Object.hasOwn(durationSpellings, spelling)) {
    throw bad(`Write "${amount} ${durationSpellings[spelling]}".`);
  }
  throw bad(`Units are ms, s, min, h and d${unit === "" ? `: "${amount} s", say` : ""}.`);
}

/**
 * A size in bytes: a number is bytes already, text is a number and a decimal unit.
 *
 * Units: B, KB, MB, GB, TB, each a thousand of the one before. The space may be missing, so `"1GB"` is `"1 GB"`.
 *
 * @throws `config.bad-size`
 */
export function parseSize(value: string | number): number {
  const bad = (hint: string): DeployError =>
    new DeployError({ code: "config.bad-size", message: `${JSON.stringify(value)} is not a size.`, hint });
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw bad("Give bytes as a whole number of 0 or more.");
  }
  const [, amount, unit = ""] = quantityPattern.exec(value) ?? [];
  if (amount === undefined) throw bad('Write a number and a unit, such as "512 MB" or "1 GB".');
  const upper = unit.toUpperCase();
  if (Object.hasOwn(bytesPer, upper)) return Math.round(Number(amount) * bytesPer[upper]!);
  const binary = /^([KMGT])I?B?$/.exec(upper);
  if (binary !== null) throw bad(`Write "${amount} ${binary[1]}B": units are decimal.`);
  throw bad(`Units are KB, MB, GB and TB${unit === "" ? `: "${amount} MB", say` : ""}.`);
}

/**
 * A length of time for people, rounded to its greatest whole unit: `30 s`, `5 min`, `1.5 h`.
 */
export function formatDuration(milliseconds: number): string {
  const unit =
    milliseconds >= 3_600_000 ? "h" : milliseconds >= 60_000 ? "min" : milliseconds >= 1000 ? "s" : "ms";
  return `${Math.round((milliseconds / millisecondsPer[unit]!) * 10) / 10} ${unit}`;
}
