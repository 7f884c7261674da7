import type { Action } from "../../src/access/actions.js";
import type {
  ApiToken,
  AppAccess,
  AuditPage,
  AuditVerdict,
  ConsoleGrant,
  Me,
  PeopleList,
  Person,
  PersonRights,
  Role,
  SessionList,
  TokenList,
} from "../../src/shared/access-types.js";
import type {
  AllDomains,
  CertificateView,
  ConfigView,
  DomainsView,
  EnvironmentDomains,
  EnvironmentOverview,
  InstanceView,
  JobList,
  Overview,
  Part,
  ProcessList,
  ReleaseDetail,
  ReleaseList,
  ReleaseView,
  VendorAccessView,
} from "../../src/shared/app-types.js";
import type { NumberedProgress, Run, RunDetail, RunList } from "../../src/shared/run-types.js";
import type { SignInWays } from "../../src/shared/sign-in-types.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What no page may obey: markup, a colour, a cursor movement, and a turn of the direction of writing. */
const HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u001b[31mred\u001b[2J \u202egpj.exe \u0007";

const DIGEST = (digit: string): string => `sha256:${digit.repeat(64)}`;

const seen = <T>(value: T, at: number): Part<T> => ({ value, at, refreshing: false, stale: false });

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

const token = (now: number): ApiToken => ({
  id: "t1",
  name: "CI of shop",
  ownerId: "p1",
  app: "shop",
  role: "deployer",
  createdAt: now - 20 * DAY,
  expiresAt: now + 70 * DAY,
  lastUsedAt: now - 3 * HOUR,
});

function me(now: number, role: "viewer" | "manager"): Me {
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

function overview(now: number): Overview {
  const shop: EnvironmentOverview = {
    app: "shop",
    environment: "production",
    provider: "ecs",
    protected: true,
    service: seen(
      {
        health: "degraded",
        release: 12,
        urls: ["https://shop.example.org"],
        processes: [
          { name: "web", desired: 3, running: 3, problems: [] },
          { name: "worker", desired: 2, running: 1, problems: [`crash loop: ${HOSTILE}`] },
        ],
        problems: [],
        lock: { by: "maria on ci-7", since: now - 2 * MINUTE, operation: "up" },
      },
      now - 8000,
    ),
    lastDeploy: seen(
      {
        release: 12,
        state: "active",
        at: now - 2 * HOUR,
        author: "maria@example.org",
        commit: "4f2a9c1d7e3b5a60918273645546372819aabbcc",
        message: "Carts survive a restart, and a message that is rather long so that it has to wrap",
      },
      now - 8000,
    ),
    domains: seen(
      {
        state: "wrong",
        hosts: [
          { host: "shop.example.org", state: "ok", certificate: { state: "issued", daysLeft: 61 } },
          { host: "www.shop.example.org", state: "wrong", certificate: { state: "issued", daysLeft: 9 } },
        ],
        problems: ["www.shop.example.org: its CNAME leads to old.example.net."],
      },
      now - 40_000,
    ),
    cost: seen(costs(), now - HOUR),
    feed: { state: "following" },
    run: { id: "r3", operation: "up", by: "maria on ci-7", startedAt: now - 2 * MINUTE },
  };
  return {
    now,
    environments: [
      {
        app: "blog",
        environment: "local",
        provider: "local",
        protected: false,
        service: seen(
          {
            health: "ok",
            release: 3,
            urls: ["http://blog.localhost:4000/"],
            processes: [{ name: "web", desired: 1, running: 1, problems: [] }],
            problems: [],
          },
          now - 8000,
        ),
        lastDeploy: seen({ release: 3, state: "active", at: now - 3 * DAY, author: "lee" }, now - 8000),
        domains: seen({ state: "ok", hosts: [], problems: [] }, now - 8000),
        cost: seen({ totals: [], estimates: [], unknown: [] }, now - HOUR),
        feed: { state: "following" },
      },
      shop,
      {
        app: "shop",
        environment: "staging",
        provider: "heroku",
        protected: false,
        service: {
          refreshing: false,
          stale: true,
          failedAt: now - 30_000,
          trouble: {
            code: "heroku.unreachable",
            message: "Heroku does not answer.",
            hint: "Look at status.heroku.com.",
          },
        },
        lastDeploy: { refreshing: true, stale: false },
        domains: { refreshing: false, stale: false },
        cost: seen(costs(), now - HOUR),
        feed: { state: "retrying", problem: "Heroku does not answer.", nextTry: now + 20_000 },
      },
    ],
    patterns: [
      {
        app: "shop",
        pattern: "review/*",
        reason: "environments of a pattern are made when they are deployed",
      },
    ],
    problems: [
      {
        place: "/srv/apps/old/deploy.config.ts",
        message: "The file cannot be loaded.",
        hint: "Run deploy plan there.",
      },
    ],
  };
}

const costs = () => ({
  totals: [{ currency: "USD", monthly: 112.4 }],
  estimates: [
    {
      provider: "ecs",
      currency: "USD",
      monthly: 112.4,
      items: [
        { label: "web: 3 × 0.5 vCPU, 1 GB", quantity: 3, monthly: 62.1 },
        { label: "Load balancer", quantity: 1, monthly: 18.4 },
        { label: "worker: 2 × 0.25 vCPU, 0.5 GB", quantity: 2, monthly: 31.9 },
      ],
      notCounted: ["traffic to the internet"],
      pricesOf: "2026-10-01",
      source: "AWS price list, eu-central-1",
    },
  ],
  unknown: [],
});

const release = (number: number, now: number): ReleaseView => ({
  number,
  state: number === 12 ? "active" : number === 10 ? "failed" : "superseded",
  at: now - (13 - number) * DAY,
  author: "maria@example.org",
  commit: "4f2a9c1d7e3b5a60918273645546372819aabbcc",
  ...(number === 11 ? { dirty: true } : {}),
  message: number === 9 ? HOSTILE : `Change number ${number}`,
  ...(number === 10 ? { failure: "The release command ended with exit code 1." } : {}),
  image: DIGEST(String(number % 10)),
  ...(number === 8
    ? {}
    : {
        diff: {
          from: number - 1,
          image: { before: DIGEST(String((number - 1) % 10)), after: DIGEST(String(number % 10)) },
          config: {
            added: number === 12 ? ["CART_TTL"] : [],
            removed: [],
            changed: number === 12 ? ["LOG_LEVEL"] : [],
          },
          secrets: { added: [], removed: [], changed: number === 12 ? ["STRIPE_KEY"] : [] },
        },
      }),
});

function releases(now: number): ReleaseList {
  return {
    releases: [12, 11, 10, 9, 8].map((number) => release(number, now)),
    rollback: true,
    rollbackTo: 11,
  };
}

function releaseDetail(now: number): ReleaseDetail {
  const { diff, ...view } = release(12, now);
  return {
    ...view,
    config: ["CART_TTL", "DATABASE_URL", "LOG_LEVEL", "PORT"],
    secrets: [{ name: "STRIPE_KEY", version: "7" }],
    location: `registry.example.org/shop@${DIGEST("2")}`,
    diff: {
      ...diff!,
      commits: {
        from: "9d1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        to: "4f2a9c1d7e3b5a60918273645546372819aabbcc",
        list: [
          {
            commit: "4f2a9c1d7e3b5a60918273645546372819aabbcc",
            subject: "Carts survive a restart",
            author: "Maria",
          },
          { commit: "77aa9c1d7e3b5a60918273645546372819aabbcc", subject: HOSTILE, author: "Lee" },
        ],
      },
    },
  };
}

const instance = (name: string, now: number): InstanceView => ({
  name,
  state: "running",
  release: 12,
  since: now - 2 * HOUR,
  restarts: 0,
  memory: 182_000_000,
  cpu: 3.4,
});

function processes(now: number): ProcessList {
  return {
    release: 12,
    health: "degraded",
    scale: true,
    exec: true,
    lock: { by: "maria on ci-7", since: now - 2 * MINUTE, operation: "up" },
    processes: [
      {
        name: "web",
        desired: 3,
        running: 3,
        problems: [],
        health: "ok",
        declared: 2,
        size: "0.5 vCPU, 1 GB",
        instances: ["web.1", "web.2", "web.3"].map((name) => instance(name, now)),
      },
      {
        name: "worker",
        desired: 2,
        running: 1,
        problems: [`exit code 137: ${HOSTILE}`],
        health: "degraded",
        declared: 2,
        size: "0.25 vCPU, 0.5 GB",
        instances: [
          instance("worker.1", now),
          { ...instance("worker.2", now), state: "crash-loop", restarts: 14, problem: "Out of memory." },
        ],
      },
    ],
  };
}

function jobs(now: number): JobList {
  return {
    jobs: [
      {
        name: "cleanup",
        schedule: "0 3 * * *",
        timeZone: "Europe/Berlin",
        state: "scheduled",
        nextRun: now + 5 * HOUR,
        lastRun: { at: now - 19 * HOUR, exitCode: 0, seconds: 42 },
      },
      {
        name: "report",
        schedule: "30 6 * * 1",
        timeZone: "Europe/Berlin",
        state: "scheduled",
        lastRun: { at: now - 3 * DAY, exitCode: 2, seconds: 7 },
      },
      { name: "old-import", schedule: "0 * * * *", state: "not declared" },
    ],
  };
}

function config(now: number): ConfigView {
  return {
    release: 12,
    variables: [
      { name: "CART_TTL", from: "app", inService: false },
      { name: "DATABASE_URL", from: "addon", addon: "db", inService: true },
      { name: "LOG_LEVEL", from: "app", inService: true },
      { name: "QUEUE", from: "process", processes: ["worker"], inService: true },
    ],
    secrets: seen(
      [
        { name: "SESSION_SECRET", declared: true, set: false },
        {
          name: "STRIPE_KEY",
          declared: true,
          set: true,
          version: "8",
          versionInService: "7",
          setAt: now - DAY,
          setBy: "maria@example.org",
        },
        { name: "OLD_KEY", declared: false, set: true, version: "1", setAt: now - 200 * DAY },
      ],
      now - 9000,
    ),
    reveal: true,
    addons: [
      {
        name: "db",
        kind: "postgres",
        variable: "DATABASE_URL",
        state: "running",
        description: "PostgreSQL 18.4, 12 MB",
      },
    ],
  };
}

const certificate = (host: string, daysLeft: number, now: number): CertificateView => ({
  hosts: [host],
  issuer: "Amazon",
  state: "issued",
  expires: now + daysLeft * DAY,
  daysLeft,
  renewal: "renewed by itself while its record stays",
  source: "vendor",
});

function domainsView(now: number): DomainsView {
  return {
    state: "wrong",
    checkedAt: now - 5 * MINUTE,
    byHand: ["www.shop.example.org. 300 IN CNAME lb-1.eu-central-1.elb.amazonaws.com."],
    proofs: [],
    certificates: [certificate("shop.example.org", 61, now), certificate("www.shop.example.org", 9, now)],
    zones: [
      {
        zone: "example.org",
        provider: "cloudflare",
        wanted: ["ada.ns.example.net", "bob.ns.example.net"],
        delegation: ["ada.ns.example.net", "bob.ns.example.net"],
        own: ["ada.ns.example.net", "bob.ns.example.net"],
        servers: [
          { server: "ada.ns.example.net", state: "answers" },
          { server: "bob.ns.example.net", state: "silent", reason: "no answer within 2 s" },
        ],
      },
    ],
    findings: [
      {
        name: "www.shop.example.org",
        severity: "problem",
        message: "The CNAME leads to old.example.net.",
        hint: "Take it over with deploy up --adopt, or remove it at Cloudflare.",
      },
      { name: "example.org", severity: "note", message: "One of two name servers is silent." },
    ],
    domains: [
      {
        host: "shop.example.org",
        leadsTo: { process: "web" },
        state: "ok",
        zone: "example.org",
        provider: "cloudflare",
        records: [
          {
            name: "shop.example.org",
            type: "CNAME",
            wanted: ["lb-1.eu-central-1.elb.amazonaws.com"],
            held: "ours",
            present: ["lb-1.eu-central-1.elb.amazonaws.com"],
            changes: false,
            answered: { state: "everywhere", agree: 2, of: 2 },
          },
        ],
        certificate: certificate("shop.example.org", 61, now),
        ingress: { target: "lb-1.eu-central-1.elb.amazonaws.com" },
        probe: {
          address: "192.0.2.10",
          certificate: {
            issuer: "Amazon",
            matches: true,
            trusted: true,
            expires: now + 61 * DAY,
            daysLeft: 61,
          },
          https: { status: 200 },
          http: { status: 301, location: "https://shop.example.org/" },
        },
        findings: [],
      },
      {
        host: "www.shop.example.org",
        leadsTo: { redirect: "shop.example.org" },
        state: "wrong",
        zone: "example.org",
        provider: "cloudflare",
        records: [
          {
            name: "www.shop.example.org",
            type: "CNAME",
            wanted: ["lb-1.eu-central-1.elb.amazonaws.com"],
            held: "foreign",
            present: ["old.example.net"],
            owner: `made by hand: ${HOSTILE}`,
            changes: false,
            answered: { state: "nowhere", agree: 0, of: 2 },
          },
        ],
        certificate: certificate("www.shop.example.org", 9, now),
        findings: [
          {
            name: "www.shop.example.org",
            severity: "problem",
            message: "The CNAME leads to old.example.net.",
            hint: "Take it over with deploy up --adopt, or remove it at Cloudflare.",
          },
        ],
      },
    ],
  };
}

function environmentDomains(now: number): EnvironmentDomains {
  return { app: "shop", environment: "production", domains: seen(domainsView(now), now - 40_000) };
}

function allDomains(now: number): AllDomains {
  return {
    now,
    environments: [
      environmentDomains(now),
      {
        app: "shop",
        environment: "staging",
        domains: {
          refreshing: false,
          stale: false,
          failedAt: now - 30_000,
          trouble: { code: "heroku.unreachable", message: "Heroku does not answer." },
        },
      },
    ],
  };
}

function people(now: number): PeopleList {
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

function rights(now: number): PersonRights {
  return {
    person: person("p2", "lee@example.org", "Lee", now),
    actions: ["apps.list", "self"],
    apps: [
      { app: "shop", role: "viewer", actions: VIEWER, grants: [grant("g2", "p2", "shop", "viewer", now)] },
    ],
    tokens: [],
  };
}

function access(now: number): AppAccess {
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

function vendorAccess(now: number): VendorAccessView {
  return {
    app: "shop",
    environment: "production",
    provider: "heroku",
    supports: { viewer: true, deployer: true, operator: { no: "Heroku's teams only" }, manager: true },
    people: seen(
      [
        { person: "maria@example.org", here: "manager", there: "manager", state: "same" },
        {
          person: "lee@example.org",
          here: "viewer",
          state: "only here",
          trouble: { code: "heroku.forbidden", message: "The token may not add collaborators." },
          triedAt: now - HOUR,
        },
        { person: "former@example.org", there: "deployer", state: "only there" },
      ],
      now - 9000,
    ),
  };
}

function noVendorAccess(now: number): VendorAccessView {
  const no = { no: "It runs on this machine: who may use the machine may use it." };
  return {
    app: "shop",
    environment: "staging",
    provider: "local",
    supports: { viewer: no, deployer: no, operator: no, manager: no },
    people: seen([], now),
  };
}

function audit(now: number): AuditPage {
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

function sessions(now: number): SessionList {
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

function runs(now: number): readonly Run[] {
  const place = { app: "shop", environment: "production" };
  return [
    {
      ...place,
      id: "r3",
      operation: "up",
      by: "maria on ci-7",
      startedAt: now - 2 * MINUTE,
      state: "running",
    },
    {
      ...place,
      id: "r2",
      operation: "up",
      by: `lee on ${HOSTILE}`,
      startedAt: now - DAY,
      endedAt: now - DAY + 95_000,
      state: "failed",
    },
    {
      ...place,
      id: "r1",
      operation: "rollback",
      by: "maria@example.org in the console",
      startedAt: now - 3 * DAY,
      endedAt: now - 3 * DAY + 41_000,
      state: "done",
      release: 11,
    },
  ];
}

function runEvents(now: number): readonly NumberedProgress[] {
  const base = (id: string, label: string, message: string) => ({
    time: new Date(now - 2 * MINUTE).toISOString(),
    id,
    label,
    message,
  });
  const events: NumberedProgress["event"][] = [
    { type: "planned", time: new Date(now).toISOString(), message: "3 changes", changes: 3, unchanged: 14 },
    { ...base("image", "Image", "Building"), type: "started", action: "create" },
    ...Array.from({ length: 30 }, (_, index) => ({
      ...base("image", "Image", "Building"),
      type: "output" as const,
      stream: "stdout" as const,
      text: `#${index + 5} RUN npm ci ${index === 7 ? HOSTILE : ""}`,
    })),
    { ...base("image", "Image", "Built"), type: "done", action: "create", seconds: 48 },
    { ...base("migrate", "Release command", "Running"), type: "started", action: "create" },
    {
      ...base("migrate", "Release command", ""),
      type: "output",
      stream: "stderr",
      text: "Applying 0042_carts… OK",
    },
    { ...base("migrate", "Release command", "Done"), type: "done", action: "create", seconds: 6.2 },
    { ...base("rollout", "Release 13", "Rolling out"), type: "started", action: "update" },
    { ...base("rollout", "Release 13", "web: 1 of 3 instances healthy"), type: "waiting", seconds: 31 },
  ];
  return events.map((event, index) => ({ number: index + 1, event }));
}

function failedEvents(now: number): readonly NumberedProgress[] {
  const base = (id: string, label: string, message: string) => ({
    time: new Date(now - DAY).toISOString(),
    id,
    label,
    message,
  });
  const events: NumberedProgress["event"][] = [
    { ...base("migrate", "Release command", "Running"), type: "started", action: "create" },
    {
      ...base("migrate", "Release command", ""),
      type: "output",
      stream: "stderr",
      text: 'django.db.utils.ProgrammingError: relation "carts" does not exist',
    },
    {
      ...base("migrate", "Release command", "It failed"),
      type: "failed",
      error: {
        code: "containers.release-command-failed",
        message: "The release command ended with exit code 1.",
        retryable: false,
        hint: "Nothing was put into service. Repair the migration and deploy again.",
        docs: "javascript:alert(1)",
      },
    },
    { ...base("rollout", "Release 12", ""), type: "skipped", reason: "the release command failed" },
  ];
  return events.map((event, index) => ({ number: index + 1, event }));
}
