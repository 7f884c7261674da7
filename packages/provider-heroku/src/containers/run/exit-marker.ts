import { randomBytes } from "node:crypto";
import type { Command } from "@deploy/core";
import { asText } from "../../images/manifest.js";

/**
 * A one-off dyno's connection says no exit code: the command is followed by a line with a marker and `$?`. The marker
 * is random, so that no output can pretend to be it, and begins with U+FFFF, which is no character, as the Heroku CLI's
 * own does.
 */
export interface ExitMarker {
  /** The command line which is sent to Heroku. */
  readonly line: string;
  /** Cuts the marker out of the output. */
  readonly filter: () => MarkerFilter;
}

/** Passes output on, and keeps back what may be the beginning of the marker. */
export interface MarkerFilter {
  /** What of this piece, and of what was kept back, is output. */
  push(piece: Uint8Array): Uint8Array;
  /** The rest, once nothing more comes. */
  end(): Uint8Array;
  /** What the marker said; undefined as long as it has not come whole. */
  readonly exitCode: () => number | undefined;
}

/** A command with its marker. The command runs in a shell of its own: whatever it does, the marker is still written. */
export function markExit(command: Command, nonce: string = randomBytes(9).toString("hex")): ExitMarker {
  const argv = typeof command === "string" ? ["sh", "-c", command] : command;
  const marker = `\uFFFFdeploy-exit-${nonce}:`;
  return {
    line: `${asText(argv)}; printf '${marker}%s\\n' "$?"`,
    filter: () => createFilter(Buffer.from(marker)),
  };
}

function createFilter(marker: Buffer): MarkerFilter {
  let kept: Buffer = Buffer.alloc(0);
  let found = false;
  let code: number | undefined;
  return {
    push(piece) {
      kept = Buffer.concat([kept, piece]);
      if (found) {
        code ??= codeIn(kept);
        return Buffer.alloc(0);
      }
      const at = kept.indexOf(marker);
      if (at >= 0) {
        found = true;
        const output = kept.subarray(0, at);
        kept = kept.subarray(at + marker.length);
        code = codeIn(kept);
        return output;
      }
      const keep = beginning(kept, marker);
      const output = kept.subarray(0, kept.length - keep);
      kept = kept.subarray(kept.length - keep);
      return output;
    },
    end() {
      const rest = found ? Buffer.alloc(0) : kept;
      kept = Buffer.alloc(0);
      return rest;
    },
    exitCode: () => code,
  };
}

/** The number up to the end of its line: a line that was cut may lack a digit. */
function codeIn(text: Buffer): number | undefined {
  const line = /^(\d{1,3})\r?\n/.exec(text.subarray(0, 8).toString("latin1"));
  return line === null ? undefined : Number(line[1]);
}

/** How many bytes at the end of `text` begin the marker. */
function beginning(text: Buffer, marker: Buffer): number {
  for (let length = Math.min(text.length, marker.length - 1); length > 0; length -= 1) {
    if (text.subarray(text.length - length).equals(marker.subarray(0, length))) return length;
  }
  return 0;
}
