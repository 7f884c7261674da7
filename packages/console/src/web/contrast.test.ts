import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/*
 * The contrast of WCAG 2.1 (1.4.3): relative luminance by its own formula, of every text colour on every ground that it may
 * stand on, in both themes.
 */

const css = ["theme.css", "logs/logs.css"]
  .map((name) => readFileSync(new URL(name, import.meta.url), "utf8"))
  .join("\n");
const pairs = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)].map(
    ([, name, light, dark]) => [name!, { light: light!, dark: dark! }] as const,
  ),
);

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

const ANSI = Array.from({ length: 16 }, (_, index) => `ansi-${index}`);
const LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"].map((level) => `level-${level}`);
const PAGE = ["ground", "surface", "sunken", "hover"];
const LOG = ["log-ground", "log-hover", "log-chosen"];

/** Texts, and the grounds that each of them stands on. */
const USED: readonly (readonly [texts: readonly string[], grounds: readonly string[]])[] = [
  [
    ["text", "muted"],
    [...PAGE, ...LOG],
  ],
  [["accent"], [...PAGE, ...LOG, "accent-ground"]],
  [["good"], ["surface", "good-ground"]],
  [["warn"], ["surface", "warn-ground"]],
  [["bad"], ["surface", "bad-ground"]],
  [["info"], ["surface", "info-ground"]],
  [["text"], ["good-ground", "warn-ground", "bad-ground", "info-ground", "accent-ground"]],
  [["text"], ["match", "match-now"]],
  [["on-accent"], ["accent"]],
  [["on-bad"], ["bad"]],
  // A colour that a program asked for, and the text upon a ground that it asked for.
  [[...LEVELS, ...ANSI], LOG],
  [["log-ground"], ANSI],
];

describe.each(["light", "dark"] as const)("%s", (theme) => {
  it.each(USED)("%s can be read on %s", (texts, grounds) => {
    const colour = (name: string): string => pairs.get(name)?.[theme] ?? expect.fail(`there is no --${name}`);
    const poor = texts.flatMap((text) =>
      grounds.flatMap((ground) => {
        const found = contrast(colour(text), colour(ground));
        return found >= 4.5 ? [] : [`${text} on ${ground}: ${found.toFixed(2)}`];
      }),
    );
    expect(poor).toEqual([]);
  });
});

it("the formula is that of the recommendation", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  // The grey that is commonly named as the lightest one that passes on white.
  expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
});

it("every colour that the log page writes with is looked at", () => {
  const looked = new Set(USED.flatMap(([texts]) => texts));
  const rules = readFileSync(new URL("logs/logs.css", import.meta.url), "utf8");
  const written = [...rules.matchAll(/[^-]color: var\(--([\w-]+)\)/g)].map(([, name]) => name!);
  expect(written.filter((name) => !looked.has(name))).toEqual([]);
});
