import { createHash, randomBytes } from "node:crypto";

/** 256 random bits, fit for a cookie, a fragment or a header. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** A name for a row: 128 random bits. */
export function newId(): string {
  return randomBytes(16).toString("base64url");
}

/**
 * What is stored of a secret: SHA-256, in hexadecimal.
 *
 * Enough for 256 random bits, which nobody can guess their way to; passwords go through argon2id instead.
 */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
