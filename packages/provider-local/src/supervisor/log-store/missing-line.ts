import type { LogLine } from "@deploy/core";
import { formatCursor } from "./cursor.js";

/** What is not there any more, and why. */
export interface Missing {
  readonly why: "dropped" | "damaged" | "removed";
  readonly lines: number;
  readonly bytes: number;
  /** Sequence number of the first line behind the gap. */
  readonly next: number;
  /** Time of that line, in milliseconds since 1970. */
  readonly time: number;
  readonly epoch: string;
}

/** The `system` line which says that lines are missing; its cursor leads behind the gap. */
export function missingLine(missing: Missing): LogLine {
  return {
    time: new Date(missing.time).toISOString(),
    process: "system",
    instance: "system",
    stream: "system",
    text: describe(missing),
    cursor: formatCursor({ epoch: missing.epoch, sequence: missing.next - 1 }),
  };
}

function describe({ why, lines, bytes }: Missing): string {
  const count = `${lines.toLocaleString("en-US")} ${lines === 1 ? "line" : "lines"}`;
  if (why === "removed") return "The logs up to here were removed";
  if (why === "dropped") return `${count.replace(" ", " older ")} ${lines === 1 ? "was" : "were"} dropped`;
  const size =
    bytes > 0
      ? `${bytes.toLocaleString("en-US")} damaged bytes of the log were skipped`
      : "The log is damaged";
  return `${size}, ${count} ${lines === 1 ? "is" : "are"} missing`;
}
