import type { Route } from "../route.js";

/** For whatever watches over a service: it answers, and tells nothing. */
export const healthRoutes: readonly Route[] = [
  { method: "GET", path: "/healthz", action: "sign-in", handle: () => Response.json({ status: "ok" }) },
];
