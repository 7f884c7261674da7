import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const key = process.env.SECRET_KEY;
if (!key) throw new Error("SECRET_KEY is not set: run `deploy secrets set SECRET_KEY --generate`");

/** The visitor's session from the cookie we signed; a new one when there is none, or its signature is not ours. */
export function openSession(request) {
  const cookie = /(?:^|;\s*)session=([\w-]+)\.([\w-]+)/.exec(request.headers.cookie ?? "");
  if (cookie !== null && same(cookie[2], sign(`session ${cookie[1]}`)))
    return { id: cookie[1], isNew: false };
  return { id: randomBytes(16).toString("base64url"), isNew: true };
}

/** The header that keeps a session. */
export function sessionCookie({ id }) {
  return `session=${id}.${sign(`session ${id}`)}; Path=/; HttpOnly; SameSite=Lax`;
}

/** What a form of this session must send along, so that no other site can send it. */
export function formToken({ id }) {
  return sign(`form ${id}`);
}

/** Whether a form was made for this session. */
export function isFormOf(session, token) {
  return !session.isNew && same(token, formToken(session));
}

function sign(text) {
  return createHmac("sha256", key).update(text).digest("base64url");
}

function same(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
