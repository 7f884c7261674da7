import { Buffer } from "node:buffer";
import { decodeFrame, type Frame, nextCandidate } from "./frame.js";
import { chunkSize } from "./limits.js";

/** A sound frame, and the damaged bytes that were passed over to get to it. */
export interface ScannedFrame {
  readonly frame: Frame;
  readonly skipped: number;
}

/** Finds frames in a file that is handed over piece by piece; holds at most one frame and one piece. */
export interface FrameScanner {
  /** Where to put the next bytes of the file; then tell how many with `fill`. Frames returned before are void. */
  room(): Buffer;
  fill(length: number): void;
  /** The next sound frame, or `undefined` when more bytes are needed. */
  next(): ScannedFrame | undefined;
  /** Place in the file from which bytes are wanted next. */
  position(): number;
  /** Place in the file behind the last sound frame. */
  soundEnd(): number;
  /** Starts again at a place in the file, forgetting what was held. */
  seek(position: number): void;
}

/** Makes a scanner that begins at `start`. */
export function createFrameScanner(start = 0): FrameScanner {
  let bytes = Buffer.allocUnsafe(chunkSize);
  let from = 0;
  let to = 0;
  let base = start;
  let soundEnd = start;

  function room(): Buffer {
    if (from > 0) {
      bytes.copy(bytes, 0, from, to);
      base += from;
      to -= from;
      from = 0;
    }
    if (bytes.length - to < chunkSize / 2) {
      const larger = Buffer.allocUnsafe(bytes.length * 2);
      bytes.copy(larger, 0, 0, to);
      bytes = larger;
    }
    return bytes.subarray(to);
  }

  function next(): ScannedFrame | undefined {
    while (from < to) {
      const decoded = decodeFrame(bytes, from, to);
      if (decoded.found === "more") return undefined;
      if (decoded.found === "frame") {
        const skipped = base + from - soundEnd;
        from += decoded.length;
        soundEnd = base + from;
        return { frame: decoded.frame, skipped };
      }
      from = nextCandidate(bytes, from + 1, to);
    }
    return undefined;
  }

  return {
    room,
    fill: (length) => {
      to += length;
    },
    next,
    position: () => base + to,
    soundEnd: () => soundEnd,
    seek: (position) => {
      from = 0;
      to = 0;
      base = position;
      soundEnd = position;
    },
  };
}
