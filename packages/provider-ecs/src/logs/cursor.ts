import { DeployError } from "@deploy/core";

/** A place in the log: behind one line. */
export interface Place {
  /** Of the line, milliseconds since 1970. */
  readonly time: number;
  /** CloudWatch's id of the line. */
  readonly id: string;
  /** When the newest of all lines up to here arrived: what arrives later is new, even with an earlier time. */
  readonly arrived: number;
}

const prefix = "ecs1.";

/** A place as the text that is handed out with a line. */
export function writeCursor({ time, id, arrived }: Place): string {
  return prefix + Buffer.from(JSON.stringify([time, id, arrived])).toString("base64url");
}

/**
 * The place in a cursor.
 *
 * @throws `logs.bad-cursor`
 */
export function readCursor(cursor: string): Place {
  if (cursor.startsWith(prefix)) {
    try {
      const value: unknown = JSON.parse(Buffer.from(cursor.slice(prefix.length), "base64url").toString());
      if (Array.isArray(value)) {
        const [time, id, arrived] = value as readonly unknown[];
        if (typeof time === "number" && typeof id === "string" && typeof arrived === "number") {
          return { time, id, arrived };
        }
      }
    } catch {
      // Said below.
    }
  }
  throw new DeployError({
    code: "logs.bad-cursor",
    message: "This is no cursor of logs on AWS.",
    hint: "Leave it out to read from the beginning, or use the one that came with a line.",
  });
}

/** Whether something stands behind a place, or has come in late. */
export function isBehind(place: Place, line: Place): boolean {
  if (line.arrived > place.arrived) return true;
  return isLater(line, place);
}

/** The order of lines: by time, then by CloudWatch's id. */
export function isLater(one: Pick<Place, "time" | "id">, other: Pick<Place, "time" | "id">): boolean {
  if (one.time !== other.time) return one.time > other.time;
  if (one.id.length !== other.id.length) return one.id.length > other.id.length;
  return one.id > other.id;
}
