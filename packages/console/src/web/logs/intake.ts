/**
 * What the live socket brings, on its way into the window: in order, and in pieces that a frame has time for.
 *
 * @module
 */

import type { LogEntry } from "../../shared/log-types.js";

/** Lines that one frame takes over. */
const PER_FRAME = 4000;
/** More that wait for a frame are skipped, with a row to load them: the page must not freeze. */
const MAX_WAITING = 40_000;
/** The list is drawn no more often than this while lines come, in milliseconds: the first one after a pause at once. */
const PACE = 100;
/** A tab in the background gets no frames, and its lines must not pile up: looked at so often, in milliseconds. */
const HIDDEN_PACE = 500;

/** Lines that were not sent, or that came too fast to be shown. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** One or the other. */
export type Piece = { readonly lines: readonly LogEntry[] } | { readonly gap: Gap };

/** The way in. */
export interface Intake {
  lines(lines: readonly LogEntry[]): void;
  gap(gap: Gap): void;
  /** Nothing waits. */
  readonly empty: boolean;
  /** The last number that waits. */
  readonly last: number | undefined;
  /** Forgets what waits. */
  clear(): void;
}

/** A way in; `take` gets the pieces of one frame. */
export function createIntake(take: (pieces: readonly Piece[]) => void): Intake {
  let waiting: Piece[] = [];
  let lines = 0;
  let last: number | undefined;
  let cancel: (() => void) | undefined;
  let taken = Number.NEGATIVE_INFINITY;

  const flush = (): void => {
    cancel = undefined;
    taken = performance.now();
    if (lines > MAX_WAITING) [waiting, lines] = [withoutMost(waiting), PER_FRAME];
    const pieces: Piece[] = [];
    let room = PER_FRAME;
    for (let first = waiting[0]; first !== undefined && room > 0; first = waiting[0]) {
      if ("gap" in first || first.lines.length <= room) {
        pieces.push(first);
        waiting.shift();
      } else {
        pieces.push({ lines: first.lines.slice(0, room) });
        waiting[0] = { lines: first.lines.slice(room) };
      }
      const count = sizeOf(pieces.at(-1)!);
      room -= count;
      lines -= count;
    }
    take(pieces);
    if (waiting.length > 0) schedule();
  };

  const schedule = (): void => {
    if (cancel !== undefined) return;
    const hidden = document.visibilityState !== "visible";
    const pause = hidden ? HIDDEN_PACE : taken + PACE - performance.now();
    if (pause <= 0) {
      const frame = requestAnimationFrame(flush);
      cancel = () => cancelAnimationFrame(frame);
      return;
    }
    const timer = setTimeout(() => {
      cancel = undefined;
      if (hidden) flush();
      else schedule();
    }, pause);
    cancel = () => clearTimeout(timer);
  };

  const add = (piece: Piece, end: number): void => {
    waiting.push(piece);
    last = end;
    schedule();
  };

  return {
    lines(added) {
      const end = added.at(-1);
      if (end === undefined) return;
      lines += added.length;
      add({ lines: added }, end.seq);
    },
    gap: (gap) => add({ gap }, gap.to),
    get empty() {
      return waiting.length === 0;
    },
    get last() {
      return waiting.length === 0 ? undefined : last;
    },
    clear() {
      waiting = [];
      lines = 0;
      cancel?.();
      cancel = undefined;
    },
  };
}

function sizeOf(piece: Piece): number {
  return "gap" in piece ? 0 : piece.lines.length;
}

/** One gap in the place of all but the last lines. */
function withoutMost(waiting: readonly Piece[]): Piece[] {
  let room = PER_FRAME;
  const kept: Piece[] = [];
  let rest = waiting.length - 1;
  for (; rest >= 0 && room > 0; rest--) {
    const piece = waiting[rest]!;
    if ("gap" in piece || piece.lines.length <= room) {
      kept.unshift(piece);
      room -= sizeOf(piece);
      continue;
    }
    kept.unshift({ lines: piece.lines.slice(-room) });
    return [gapOf([...waiting.slice(0, rest), { lines: piece.lines.slice(0, -room) }]), ...kept];
  }
  return rest < 0 ? kept : [gapOf(waiting.slice(0, rest + 1)), ...kept];
}

function gapOf(pieces: readonly Piece[]): Piece {
  const edges = pieces.map((piece) =>
    "gap" in piece
      ? piece.gap
      : { from: piece.lines[0]!.seq, to: piece.lines.at(-1)!.seq, count: piece.lines.length },
  );
  const count = edges.reduce((sum, edge) => sum + edge.count, 0);
  return { gap: { from: edges[0]!.from, to: edges.at(-1)!.to, count } };
}
