/** How far an environment's lines have been stored: the provider's cursor, and the newest time, in milliseconds. */
export interface Place {
  readonly time: number;
  /** Absent where the provider cannot go on behind a cursor. */
  readonly cursor?: string;
}

/** As it is kept in the store's checkpoint. */
export function writePlace({ time, cursor }: Place): string {
  return cursor === undefined ? String(time) : `${time} ${cursor}`;
}

/** Undefined: nothing was stored yet, or it is not one of ours. */
export function readPlace(text: string | undefined): Place | undefined {
  const match = /^(-?\d+)(?: (.*))?$/s.exec(text ?? "");
  if (match === null) return undefined;
  const [, time, cursor] = match;
  return { time: Number(time), ...(cursor === undefined ? {} : { cursor }) };
}
