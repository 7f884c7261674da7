import type { LogLine } from "@deploy/core";
import { neutraliseLine } from "./neutralise.js";
import type { Style } from "./style.js";

/**
 * Formats log lines: time, instance, text.
 *
 * Each instance gets a colour of its own, by turns. The text is untrusted: of its escape sequences only colours are
 * let through, and those only where `keepColours` says so.
 */
export function createLogFormatter(style: Style, keepColours: boolean): (line: LogLine) => string {
  const colours = [style.cyan, style.green, style.magenta, style.blue, style.yellow];
  const byInstance = new Map<string, (text: string) => string>();
  let width = 0;
  return (line) => {
    const name = neutraliseLine(line.instance === "" ? line.process : line.instance);
    const colour = byInstance.get(name) ?? colours[byInstance.size % colours.length] ?? style.cyan;
    byInstance.set(name, colour);
    width = Math.min(20, Math.max(width, name.length));
    const text = neutraliseLine(line.text, keepColours);
    const shown = line.stream === "system" ? style.dim(text) : text;
    return `${style.dim(neutraliseLine(line.time))} ${colour(name.padEnd(width))} ${style.dim("|")} ${shown}`;
  };
}
