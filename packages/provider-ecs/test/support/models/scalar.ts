import type { Shape } from "./model.js";

/** A scalar from its text; what is no number stays text, for the judge to see. */
export function scalar({ type }: Shape, text: string): unknown {
  if (type === "integer" || type === "long") return /^-?\d+$/.test(text) ? Number(text) : text;
  if (type === "float" || type === "double") return Number.isNaN(Number(text)) ? text : Number(text);
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  return text;
}
