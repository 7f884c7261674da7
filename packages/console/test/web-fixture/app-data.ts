/**
 * Apps at a glance, their releases, processes, jobs and config. As the API answers.
 *
 * @module
 */

import type {
  ConfigView,
  EnvironmentOverview,
  InstanceView,
  JobList,
  Overview,
  ProcessList,
  ReleaseDetail,
  ReleaseList,
  ReleaseView,
} from "../../src/shared/app-types.js";
import { DAY, DIGEST, HOSTILE, HOUR, MINUTE, seen } from "./values.js";

/** `GET /api/overview`. */
export function overview(now: number): Overview {
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

/** `GET …/releases`. */
export function releases(now: number): ReleaseList {
  return {
    releases: [12, 11, 10, 9, 8].map((number) => release(number, now)),
    rollback: true,
    rollbackTo: 11,
  };
}

/** `GET …/releases/12`. */
export function releaseDetail(now: number): ReleaseDetail {
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

/** `GET …/processes`. */
export function processes(now: number): ProcessList {
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

/** `GET …/jobs`. */
export function jobs(now: number): JobList {
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

/** `GET …/config`. */
export function config(now: number): ConfigView {
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
