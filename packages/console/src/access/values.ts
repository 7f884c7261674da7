import { refusal } from "./errors.js";
import { isRole, ROLES } from "./rights.js";
import type { Role } from "./types.js";

/**
 * An e-mail address as it is stored: lower case.
 *
 * ASCII only: letters that merely look alike, or become alike in lower case, would make one address of two.
 * Throws `access.bad-email`.
 */
export function parseEmail(value: unknown): string {
  const pattern = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:localhost|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)$/;
  const email = typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value.toLowerCase() : "";
  if (email.length <= 254 && pattern.test(email)) return email;
  throw refusal({
    code: "access.bad-email",
    message: "This is no e-mail address.",
    hint: "Write it as maria@example.org: plain letters and digits, one @.",
    status: 400,
  });
}

/** A name for a person or a token to read. Throws `access.bad-name`. */
export function parseName(value: unknown): string {
  const name = typeof value === "string" ? value.trim() : "";
  if (name !== "" && name.length <= 80 && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) return name;
  throw refusal({
    code: "access.bad-name",
    message: "A name has 1 to 80 characters, none of them invisible.",
    hint: "Choose a shorter name in plain letters.",
    status: 400,
  });
}

/** A role. Throws `access.bad-role`. */
export function parseRole(value: unknown): Role {
  if (isRole(value)) return value;
  throw refusal({
    code: "access.bad-role",
    message: "There is no such role.",
    hint: `Take one of ${ROLES.join(", ")}; each includes the ones before it.`,
    status: 400,
  });
}

/** The name of an app, or `*`; by the rule of `defineApp`. Throws `access.bad-app`. */
export function parseApp(value: unknown): string {
  if (typeof value === "string" && /^(?:\*|[a-z][a-z0-9-]{1,29})$/.test(value)) return value;
  throw refusal({
    code: "access.bad-app",
    message: "This is no name of an app.",
    hint: "Lower case letters, digits and hyphens, 2 to 30 characters; or * for all apps.",
    status: 400,
  });
}

/** When something ends, milliseconds since 1970; must lie ahead. Throws `access.bad-expiry`. */
export function parseExpiry(value: unknown, now: number): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value) && Number(value) > now) return Number(value);
  throw refusal({
    code: "access.bad-expiry",
    message: "The end lies in the past, or is no time.",
    hint: "Give it as milliseconds since 1970, later than now; or leave it out.",
    status: 400,
  });
}

/** A new password: 12 to 256 characters. Throws `access.bad-password`. */
export function parsePassword(value: unknown): string {
  if (typeof value === "string" && value.length >= 12 && value.length <= 256) return value;
  throw refusal({
    code: "access.bad-password",
    message: "A password has 12 to 256 characters.",
    hint: "Take a longer one: some words in a row, or what a password manager makes.",
    status: 400,
  });
}
