/**
 * Who may what: people, grants, sessions, tokens, the audit log. As the API answers.
 *
 * @module
 */

import type { Action } from "../../src/access/actions.js";
import type {
  ApiToken,
  AppAccess,
  AuditPage,
  ConsoleGrant,
  Me,
  PeopleList,
  Person,
  PersonRights,
  Role,
  SessionList,
} from "../../src/shared/access-types.js";
import { DAY, HOSTILE, HOUR, MINUTE } from "./values.js";

const VIEWER: readonly Action[] = ["app.read", "logs.read"];
const MANAGER: readonly Action[] = [
  ...VIEWER,
  "releases.rollback",
  "runs.publish",
  "processes.restart",
  "processes.scale",
  "secrets.reveal",
  "shell.open",
  "access.read",
  "access.grant",
  "audit.read",
];

const person = (id: string, email: string, name: string, now: number): Person => ({
  id,
  email,
  name,
  createdAt: now - 90 * DAY,
  ways: ["password"],
  lastSeenAt: now - 4 * MINUTE,
});

const grant = (id: string, personId: string, app: string, role: Role, now: number): ConsoleGrant => ({
  id,
  personId,
  app,
  role,
  grantedAt: now - 30 * DAY,
  grantedBy: "maria@example.org",
});

/** `CI of shop`. */
export const token = (now: number): ApiToken => ({
  id: "t1",
  name: "CI of shop",
  ownerId: "p1",
  app: "shop",
  role: "deployer",
  createdAt: now - 20 * DAY,
  expiresAt: now + 70 * DAY,
  lastUsedAt: now - 3 * HOUR,
});

/** Who is signed in, as a viewer or a manager. */
export function me(now: number, role: "viewer" | "manager"): Me {
  const who = person("p1", "maria@example.org", "Maria Lopez", now);
  if (role === "viewer") {
    return {
      person: who,
      sessionId: "s1",
      actions: ["apps.list", "self"],
      apps: [{ app: "shop", role, actions: VIEWER }],
    };
  }
  return {
    person: who,
    sessionId: "s1",
    everywhere: "manager",
    actions: ["apps.list", "self", "people.manage", "audit.read-all"],
    apps: ["blog", "shop"].map((app) => ({ app, role: "manager" as const, actions: MANAGER })),
  };
}

/** `GET /api/people`. */
export function people(now: number): PeopleList {
  return {
    people: [
      {
        person: person("p1", "maria@example.org", "Maria Lopez", now),
        grants: [grant("g1", "p1", "*", "manager", now)],
        sessions: 2,
        tokens: 1,
      },
      {
        person: person("p2", "lee@example.org", "Lee", now),
        grants: [{ ...grant("g2", "p2", "shop", "viewer", now), expiresAt: now + 6 * DAY }],
        sessions: 1,
        tokens: 0,
      },
      {
        person: { ...person("p3", "new@example.org", "", now), ways: [] },
        grants: [],
        sessions: 0,
        tokens: 0,
        invitation: { invitedBy: "maria@example.org", expiresAt: now + 2 * DAY },
      },
      {
        person: { ...person("p4", "gone@example.org", HOSTILE, now), revokedAt: now - DAY },
        grants: [],
        sessions: 0,
        tokens: 0,
      },
    ],
  };
}

/** `GET /api/people/p2/rights`. */
export function rights(now: number): PersonRights {
  return {
    person: person("p2", "lee@example.org", "Lee", now),
    actions: ["apps.list", "self"],
    apps: [
      { app: "shop", role: "viewer", actions: VIEWER, grants: [grant("g2", "p2", "shop", "viewer", now)] },
    ],
    tokens: [],
  };
}

/** `GET /api/apps/shop/access`. */
export function access(now: number): AppAccess {
  return {
    app: "shop",
    people: [
      {
        person: person("p1", "maria@example.org", "Maria Lopez", now),
        role: "manager",
        grants: [grant("g1", "p1", "*", "manager", now)],
      },
      {
        person: person("p2", "lee@example.org", "Lee", now),
        role: "viewer",
        grants: [{ ...grant("g2", "p2", "shop", "viewer", now), expiresAt: now + 6 * DAY }],
      },
    ],
    actions: [
      { action: "logs.read", role: "viewer", people: ["maria@example.org", "lee@example.org"] },
      { action: "shell.open", role: "operator", people: ["maria@example.org"] },
    ],
    tokens: [{ ...token(now), owner: "maria@example.org" }],
  };
}

/** `GET /api/audit`. */
export function audit(now: number): AuditPage {
  const entry = (id: number, action: string, more: object = {}) => ({
    id,
    time: now - (215 - id) * 7 * MINUTE,
    actor: "maria@example.org",
    address: "192.0.2.17",
    action,
    hash: "5f0c".repeat(16),
    ...more,
  });
  return {
    entries: [
      entry(214, "secrets.reveal", { app: "shop", environment: "production", subject: "STRIPE_KEY" }),
      entry(213, "access.grant", { app: "shop", subject: "lee@example.org", detail: "viewer, for 7 days" }),
      entry(212, "sign-in.failed", { actor: HOSTILE, address: "2001:db8::1" }),
      entry(211, "shell.open", { app: "shop", environment: "production", subject: "web.1" }),
      entry(210, "sign-in", { detail: "by password" }),
    ],
    hasOlder: true,
  };
}

/** `GET /api/account/sessions`. */
export function sessions(now: number): SessionList {
  const one = (id: string, browser: string, current: boolean) => ({
    id,
    personId: "p1",
    createdAt: now - 2 * DAY,
    lastSeenAt: now - MINUTE,
    expiresAt: now + 12 * DAY,
    address: "192.0.2.17",
    browser,
    way: "password",
    current,
  });
  return { sessions: [one("s1", "Chromium on Linux", true), one("s2", "Safari on iPhone", false)] };
}
