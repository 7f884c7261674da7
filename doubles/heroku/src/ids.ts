import { randomUUID } from "node:crypto";

/** A new id, as Heroku's are: a version 4 UUID. */
export function newId(): string {
  return randomUUID();
}

/** The time now as Heroku writes it: UTC, whole seconds. */
export function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/** An id that is always the same for the same text: for regions, stacks, sizes and plans. */
export function fixedId(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  const hex = hash.toString(16).padStart(16, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(0, 3)}-${hex.slice(4, 16)}`;
}
