import type { Context, Scope } from "@deploy/core";
import { logGroupOf } from "../containers/families.js";
import { isAwsError } from "../errors.js";
import type { Parts } from "../parts.js";

/** A line, and when it was written, milliseconds since 1970. */
export interface StoredLine {
  readonly time: number;
  readonly text: string;
}

/*
 * "PutLogEvents", CloudWatch Logs API Reference: 1,048,576 bytes in a batch, each event counted with 26 more; 10,000 events;
 * 24 hours from the first to the last, in their order.
 */
const largestBatch = 1_048_576;
const overhead = 26;
const mostEvents = 10_000;
const longestSpan = 24 * 60 * 60_000;

/**
 * Puts lines, oldest first, into a stream of the scope's log group, which is made when there is none. Nothing is repeated
 * whose answer was lost: a line may be missing then, none is doubled. Without a group nothing is stored.
 */
export async function storeLines(
  { clients }: Pick<Parts, "clients">,
  context: Context,
  scope: Scope,
  logStreamName: string,
  lines: readonly StoredLine[],
): Promise<void> {
  const logGroupName = logGroupOf(scope);
  try {
    await clients.send(context, "logs", "CreateLogStream", { logGroupName, logStreamName });
  } catch (error) {
    if (isAwsError(error, "ResourceNotFoundException")) return;
    if (!isAwsError(error, "ResourceAlreadyExistsException")) throw error;
  }
  for (const batch of batchesOf(lines)) {
    const logEvents = batch.map(({ time, text }) => ({ timestamp: time, message: text }));
    await clients.send(context, "logs", "PutLogEvents", { logGroupName, logStreamName, logEvents });
  }
}

/** As few batches as the limits allow. */
export function batchesOf(lines: readonly StoredLine[]): readonly (readonly StoredLine[])[] {
  const batches: StoredLine[][] = [];
  let current: StoredLine[] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line.text) + overhead;
    const [first] = current;
    const isFull =
      current.length === mostEvents ||
      bytes + size > largestBatch ||
      (first !== undefined && line.time - first.time >= longestSpan);
    if (first === undefined || isFull) {
      current = [];
      batches.push(current);
      bytes = 0;
    }
    current.push(line);
    bytes += size;
  }
  return batches;
}
