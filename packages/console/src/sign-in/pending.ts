import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { refusal } from "../access/errors.js";
import { cookieOf, pendingCookie, pendingCookieName } from "./cookies.js";

/** How long somebody may take at a provider, milliseconds: 10 minutes. */
const pendingLife = 10 * 60 * 1_000;

/** What a sign-in by a provider has to come back with. It is in the browser that started it, and nowhere else. */
export interface Pending {
  readonly way: "github" | "oidc";
  readonly state: string;
  /** Of PKCE. */
  readonly verifier: string;
  readonly nonce?: string;
  readonly returnTo: string;
}

/** Keeps sign-ins that are under way with the browsers: nobody can fill our memory by starting some. */
export interface PendingBox {
  /** A value of `Set-Cookie`. */
  seal(pending: Pending): string;
  /** What this browser has started, if the provider's answer belongs to it. Throws `sign-in.state`. */
  open(way: Pending["way"], state: string | null, cookies: string): Pending;
}

/** Sealed with a key of this run: after a restart a sign-in is started again. */
export function createPendingBox(https: boolean, now: () => number): PendingBox {
  const key = randomBytes(32);
  const sign = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  return {
    seal: (pending) => {
      const text = Buffer.from(JSON.stringify({ ...pending, until: now() + pendingLife })).toString(
        "base64url",
      );
      return pendingCookie(`${text}.${sign(text).toString("base64url")}`, https, pendingLife / 1_000);
    },
    open: (way, state, cookies) => {
      const [text = "", signature = ""] = (cookieOf(cookies, pendingCookieName(https)) ?? "").split(".");
      if (!same(Buffer.from(signature, "base64url"), sign(text))) throw stale();
      const { until, ...pending } = JSON.parse(Buffer.from(text, "base64url").toString()) as Pending & {
        readonly until: number;
      };
      const answers = state !== null && same(Buffer.from(state), Buffer.from(pending.state));
      if (until <= now() || pending.way !== way || !answers) throw stale();
      return pending;
    },
  };
}

function same(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function stale(): Error {
  return refusal({
    code: "sign-in.state",
    message: "This sign-in was started in another browser, or too long ago.",
    hint: "Start it again.",
    status: 400,
  });
}
