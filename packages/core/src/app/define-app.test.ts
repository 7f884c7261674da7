import { describe, expect, expectTypeOf, it } from "vitest";
import type { Containers } from "../elements/containers.js";
import type { Images } from "../elements/images.js";
import type { Provider } from "../elements/provider.js";
import type { Certificates, Dns } from "../elements/traffic.js";
import { defineApp } from "./define-app.js";
import type { App, Target } from "./types.js";

// Only the types of these matter: nothing is called while an app is declared.
const provider = { spec: 1, name: "stand-in", credentials: {} } as const;
const heroku = (_options: { team: string }): Target & { images: Images } => ({
  ...provider,
  containers: {} as Containers,
  images: {} as Images,
});
const fargate = (): { kind: "fargate" } => ({ kind: "fargate" });
const ecs = (_options: { region: string; capacity: { kind: "fargate" } }): Target => ({
  ...provider,
  containers: {} as Containers,
});
const cloudflare = (): Provider & { dns: Dns; certificates: Certificates } => ({
  ...provider,
  dns: {} as Dns,
  certificates: {} as Certificates,
});

const web = { command: "python app.py" };

describe("defineApp", () => {
  it("takes the whole sample of the design", () => {
    const app = defineApp({
      name: "dedupe-service",
      build: { dockerfile: "Dockerfile" },
      processes: {
        web: { command: "python runserver.py --host 0.0.0.0 --port $PORT", health: "/healthz" },
        worker: { command: "python run_queue.py", memory: "1 GB" },
      },
      release: "alembic upgrade head",
      addons: { db: { kind: "postgres", extensions: ["pgcrypto", "intarray"] }, queue: { kind: "redis" } },
      secrets: ["SECRET_KEY"],
      environments: {
        staging: { target: heroku({ team: "acme" }) },
        production: {
          target: ecs({ region: "us-east-1", capacity: fargate() }),
          dns: cloudflare(),
          domains: { "example.org": "web", "www.example.org": { redirect: "example.org" } },
          processes: { web: { instances: 2 } },
        },
      },
    });
    expectTypeOf(app).toEqualTypeOf<App>();
    expect(app["deploy.app"]).toBe(1);
    expect(app.name).toBe("dedupe-service");
  });

  it("takes everything there is to override", () => {
    defineApp({
      name: "everything",
      processes: {
        web: { command: ["gunicorn", "app:app"], health: { path: "/", every: "500 ms" }, drain: "1 min" },
        api: { command: "./api", internal: true, volumes: { cache: "var/cache" }, config: { DEBUG: false } },
      },
      jobs: { nightly: { command: "./clean", schedule: "0 3 * * *", timeout: "2 h" } },
      addons: { db: { kind: "postgres" } },
      domains: { "app.example.org": "web" },
      environments: {
        local: { target: ecs({ region: "x", capacity: fargate() }), jobs: { nightly: false } },
        "review/*": {
          images: heroku({ team: "acme" }),
          certificates: cloudflare(),
          retired: [cloudflare()],
          processes: { api: { memory: "512 MB", stopWithin: "20 s" } },
          jobs: { nightly: { schedule: "0 4 * * *" } },
          addons: { db: { plan: "mini", backup: false } },
          release: false,
          config: { LOG_LEVEL: "debug", WORKERS: 3 },
          secrets: ["SENTRY_DSN"],
        },
      },
    });
  });

  it("takes an environment without a target, and an app without environments", () => {
    defineApp({
      name: "small",
      processes: { web },
      environments: { staging: {}, production: { config: {} } },
    });
    defineApp({ name: "small", processes: { web } });
    defineApp({ name: "small", processes: {}, jobs: { nightly: { command: "x", schedule: "0 3 * * *" } } });
  });

  it("refuses names that were not declared, where they are used", () => {
    defineApp({
      name: "names",
      processes: { web, worker: web },
      // @ts-expect-error: no process is called "wbe"
      domains: { "example.org": "wbe" },
    });
    defineApp({
      name: "names",
      processes: { web, worker: web },
      jobs: { nightly: { command: "x", schedule: "0 3 * * *" } },
      addons: { db: { kind: "postgres" } },
      environments: {
        production: {
          domains: {
            "example.org": "web",
            // @ts-expect-error: no process is called "wbe"
            "www.example.org": "wbe",
          },
        },
        staging: {
          processes: {
            web: { instances: 2 },
            // @ts-expect-error: no process is called "wroker"
            wroker: { instances: 2 },
          },
        },
        preview: {
          addons: {
            // @ts-expect-error: no add-on is called "bd"
            bd: { plan: "mini" },
          },
        },
        local: {
          jobs: {
            // @ts-expect-error: no job is called "nihgtly"
            nihgtly: false,
          },
        },
      },
    });
  });

  it("refuses overrides of add-ons and jobs when the app declares none", () => {
    defineApp({
      name: "none",
      processes: { web },
      environments: {
        production: {
          addons: {
            // @ts-expect-error: the app has no add-ons
            db: { plan: "mini" },
          },
          jobs: {
            // @ts-expect-error: the app has no jobs
            nightly: false,
          },
        },
      },
    });
  });

  it("refuses misspelt options at every level", () => {
    defineApp({
      name: "options",
      processes: { web },
      // @ts-expect-error: it is "release"
      relase: "x",
    });
    defineApp({
      name: "options",
      // @ts-expect-error: it is "dockerfile"
      build: { dockerFile: "Dockerfile" },
      processes: { web },
    });
    defineApp({
      name: "options",
      processes: {
        // @ts-expect-error: it is "memory"
        web: { command: "x", memmory: "1 GB" },
        // @ts-expect-error: it is "startWithin"
        api: { command: "x", health: { path: "/", startsWithin: "5 s" } },
      },
      // @ts-expect-error: it is "schedule"
      jobs: { nightly: { command: "x", scheduel: "0 3 * * *" } },
      // @ts-expect-error: it is "extensions"
      addons: { db: { kind: "postgres", extension: ["pgcrypto"] } },
      environments: {
        // @ts-expect-error: it is "target"
        staging: { traget: heroku({ team: "acme" }) },
        // @ts-expect-error: it is "instances"
        production: { processes: { web: { instance: 2 } } },
        // @ts-expect-error: it is "timeZone"
        preview: { jobs: { nightly: { timezone: "UTC" } } },
        // @ts-expect-error: it is "plan"
        testing: { addons: { db: { plans: "mini" } } },
        // @ts-expect-error: it is "redirect"
        local: { domains: { "example.org": { redirects: "example.com" } } },
      },
    });
  });

  it("refuses providers that lack the element they are used for", () => {
    defineApp({
      name: "providers",
      processes: { web },
      environments: {
        // @ts-expect-error: cloudflare() has no containers
        staging: { target: cloudflare() },
        // @ts-expect-error: ecs() of this test has no images
        production: { target: heroku({ team: "acme" }), images: ecs({ region: "x", capacity: fargate() }) },
      },
    });
  });

  it("refuses durations and sizes without a known unit", () => {
    defineApp({
      name: "units",
      processes: {
        // @ts-expect-error: minutes are "min"
        web: { command: "x", drain: "5 minutes" },
        // @ts-expect-error: units are decimal: "512 MB"
        api: { command: "x", memory: "512 MiB" },
      },
    });
  });
});
