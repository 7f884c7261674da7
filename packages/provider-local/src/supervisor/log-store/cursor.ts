import { DeployError } from "@deploy/core";

/** A place in the logs of one environment: behind the line with this sequence number. */
export interface LogPosition {
  readonly epoch: string;
  readonly sequence: number;
}

/** The part of a cursor that all lines of one epoch share; the sequence in base 36 follows. */
export function cursorPrefix(epoch: string): string {
  return `l1.${epoch}.`;
}

/** Writes a cursor. */
export function formatCursor(position: LogPosition): string {
  return cursorPrefix(position.epoch) + position.sequence.toString(36);
}

const cursorPattern = /^l1\.([0-9a-z]{1,16})\.(-1|[0-9a-z]{1,11})$/;

/**
 * Reads a cursor.
 *
 * @throws `logs.bad-cursor` when it is not one of ours.
 */
export function parseCursor(cursor: string): LogPosition {
  const match = cursorPattern.exec(cursor);
  const sequence = match === null ? Number.NaN : Number.parseInt(match[2]!, 36);
  if (match === null || !Number.isSafeInteger(sequence)) {
    throw new DeployError({
      code: "logs.bad-cursor",
      message: "The log cursor was not made by this provider.",
      hint: "Read without `after`, or with the cursor of a line that was read here.",
    });
  }
  return { epoch: match[1]!, sequence };
}
