import type { AuditVerdict, TokenList } from "../../src/shared/access-types.js";
import type { RunDetail, RunList } from "../../src/shared/run-types.js";
import type { SignInWays } from "../../src/shared/sign-in-types.js";
import { config, jobs, overview, processes, releaseDetail, releases } from "./app-data.js";
import { allDomains, environmentDomains, noVendorAccess, vendorAccess } from "./domain-data.js";
import { access, audit, me, people, rights, sessions, token } from "./people-data.js";
import { failedEvents, runEvents, runs } from "./run-data.js";
import { DAY } from "./values.js";

/** What a small fake of the API answers, by path; `now` in milliseconds. */
export function apiData(
  now: number,
  role: "viewer" | "manager" = "manager",
): Readonly<Record<string, unknown>> {
  const shop = "/api/apps/shop/environments/production";
  return {
    "/api/sign-in/ways": {
      password: true,
      github: { name: "GitHub", start: "/sign-in/github" },
      oidc: { name: "Acme", start: "/sign-in/oidc" },
    } satisfies SignInWays,
    "/api/sign-in/link/check": {},
    "/api/sign-in/invitation/check": {
      email: "lee@example.org",
      name: "Lee",
      invitedBy: "maria@example.org",
      expiresAt: now + 3 * DAY,
    },
    "/api/me": me(now, role),
    "/api/overview": overview(now),
    "/api/domains": allDomains(now),
    "/api/people": people(now),
    "/api/people/p2/rights": rights(now),
    "/api/audit": audit(now),
    "/api/apps/shop/audit": audit(now),
    "/api/audit/verify": { intact: true, entries: 214, head: "5f0c".repeat(16) } satisfies AuditVerdict,
    "/api/account/sessions": sessions(now),
    "/api/account/tokens": { tokens: [token(now)] } satisfies TokenList,
    "/api/apps/shop/access": access(now),
    [`${shop}/releases`]: releases(now),
    [`${shop}/releases/12`]: releaseDetail(now),
    [`${shop}/processes`]: processes(now),
    [`${shop}/jobs`]: jobs(now),
    [`${shop}/config`]: config(now),
    [`${shop}/domains`]: environmentDomains(now),
    [`${shop}/vendor-access`]: vendorAccess(now),
    "/api/apps/shop/environments/staging/vendor-access": noVendorAccess(now),
    [`${shop}/runs`]: { runs: runs(now) } satisfies RunList,
    [`${shop}/runs/r3`]: { run: runs(now)[0]!, events: runEvents(now), more: false } satisfies RunDetail,
    [`${shop}/runs/r2`]: { run: runs(now)[1]!, events: failedEvents(now), more: false } satisfies RunDetail,
  };
}
