/**
 * Colours of terminals (SGR, ECMA-48 8.3.117). Every other escape sequence becomes a mark that can be seen.
 *
 * @module
 */

import { neutralise, type Piece } from "./neutralise.js";

/** How a piece looks: class names of logs.css, whose colours are contrast-checked. Empty: plain. */
export interface AnsiPiece {
  readonly text: string;
  /** What a character or sequence was that must not act. */
  readonly mark?: string;
  /** `fg-1 bold`; empty: as the rest of the line. */
  readonly look: string;
}

interface Pen {
  fg?: number;
  bg?: number;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  inverse?: boolean;
  conceal?: boolean;
  strike?: boolean;
}

// CSI; OSC, DCS, SOS, PM, APC up to BEL or ST; other escapes with intermediates. A sequence that does not end within
// 256 characters is none: then the escape alone is marked, and the text behind it can be read.
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what this is for.
  /\u001b(?:\[([0-?]{0,64})([ -/]{0,4})([@-~])|[\]PX^_][^\u0007\u001b\u009c]{0,256}(?:\u0007|\u001b\\|\u009c)|[ -/]{0,4}[0-~])/g;

/** A line in pieces. Colours end with the line. Linear time. */
export function parseAnsi(text: string): readonly AnsiPiece[] {
  if (!text.includes("\u001b")) return neutralise(text).map((piece) => ({ ...piece, look: "" }));
  const pieces: AnsiPiece[] = [];
  const pen: Pen = {};
  let look = "";
  let done = 0;
  const plain = (upTo: number): void => {
    if (upTo <= done) return;
    for (const piece of neutralise(text.slice(done, upTo))) pieces.push({ ...(piece as Piece), look });
  };
  for (const found of text.matchAll(SEQUENCE)) {
    plain(found.index);
    done = found.index + found[0].length;
    const [whole, parameters, between, final] = found;
    if (final === "m" && between === "" && /^[\d;:]*$/.test(parameters!)) {
      draw(pen, parameters!);
      look = lookOf(pen);
    } else {
      pieces.push({ text: seen(whole), mark: "escape sequence, not obeyed", look: "" });
    }
  }
  plain(text.length);
  if (pieces.length === 0) pieces.push({ text: "", look: "" });
  return pieces;
}

/** The text without colours and other escape sequences, for what reads its grammar. */
export function withoutAnsi(text: string): string {
  return text.includes("\u001b") ? text.replace(SEQUENCE, "") : text;
}

function seen(sequence: string): string {
  return neutralise(sequence)
    .map((piece) => piece.text)
    .join("");
}

function draw(pen: Pen, parameters: string): void {
  const codes = parameters === "" ? ["0"] : parameters.split(";");
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index]!;
    if (code.startsWith("38") || code.startsWith("48")) {
      const [colour, used] = extended(
        code.includes(":") ? code.split(":").filter((part) => part !== "") : codes.slice(index),
      );
      if (!code.includes(":")) index += used;
      if (colour !== undefined) pen[code.startsWith("38") ? "fg" : "bg"] = colour;
      continue;
    }
    set(pen, code === "" ? 0 : Number(code.split(":")[0]));
  }
}

function set(pen: Pen, code: number): void {
  if (code === 0) for (const key of Object.keys(pen)) delete pen[key as keyof Pen];
  else if (code === 1) pen.bold = true;
  else if (code === 2) pen.dim = true;
  else if (code === 3) pen.italic = true;
  else if (code === 4 || code === 21) pen.underline = true;
  else if (code === 7) pen.inverse = true;
  else if (code === 8) pen.conceal = true;
  else if (code === 9) pen.strike = true;
  else if (code === 22) pen.bold = pen.dim = false;
  else if (code === 23) pen.italic = false;
  else if (code === 24) pen.underline = false;
  else if (code === 27) pen.inverse = false;
  else if (code === 28) pen.conceal = false;
  else if (code === 29) pen.strike = false;
  else if (code >= 30 && code <= 37) pen.fg = code - 30;
  else if (code === 39) delete pen.fg;
  else if (code >= 40 && code <= 47) pen.bg = code - 40;
  else if (code === 49) delete pen.bg;
  else if (code >= 90 && code <= 97) pen.fg = code - 82;
  else if (code >= 100 && code <= 107) pen.bg = code - 92;
}

// `38;5;n` and `38;2;r;g;b`: brought to the sixteen colours that can be read in both themes.
function extended(parts: readonly string[]): readonly [number | undefined, number] {
  const [, kind, ...rest] = parts;
  if (kind === "5") return [nearest256(Number(rest[0])), 2];
  if (kind === "2") {
    const [r, g, b] = rest.slice(parts.length > 5 && rest.length === 4 ? 1 : 0).map(Number);
    return [nearest(r ?? 0, g ?? 0, b ?? 0), 4];
  }
  return [undefined, 0];
}

function nearest256(index: number): number | undefined {
  if (!Number.isInteger(index) || index < 0 || index > 255) return undefined;
  if (index < 16) return index;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return nearest(grey, grey, grey);
  }
  const cube = [0, 95, 135, 175, 215, 255];
  const place = index - 16;
  return nearest(cube[Math.floor(place / 36)]!, cube[Math.floor(place / 6) % 6]!, cube[place % 6]!);
}

function nearest(r: number, g: number, b: number): number {
  const most = Math.max(r, g, b);
  const least = Math.min(r, g, b);
  if (most - least < 40) return most < 64 ? 0 : most < 128 ? 8 : most < 208 ? 7 : 15;
  const half = (most + least) / 2;
  const hue = (r > half ? 1 : 0) | (g > half ? 2 : 0) | (b > half ? 4 : 0);
  return most > 190 ? hue + 8 : hue;
}

function lookOf(pen: Pen): string {
  const classes: string[] = [];
  const fg = pen.inverse ? pen.bg : pen.fg;
  const bg = pen.inverse ? (pen.fg ?? 7) : pen.bg;
  // A ground brings its own text colour, or not every pair could be read.
  if (bg !== undefined) classes.push(`bg-${bg}`);
  else if (fg !== undefined) classes.push(`fg-${fg}`);
  if (pen.bold) classes.push("bold");
  if (pen.dim && bg === undefined && fg === undefined) classes.push("dim");
  if (pen.italic) classes.push("italic");
  if (pen.underline) classes.push("underline");
  if (pen.strike) classes.push("strike");
  // What is to be hidden is shown: a log line has nothing to hide from who reads it.
  if (pen.conceal) classes.push("conceal");
  return classes.join(" ");
}
