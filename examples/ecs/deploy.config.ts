import { defineApp } from "@deploy/core";
import { ecs, fargate, instance } from "@deploy/provider-ecs";

const region = "us-east-1";

export default defineApp({
  name: "orders",
  build: { dockerfile: "Dockerfile" },
  processes: {
    web: { command: "node server.mjs", health: "/healthz" },
    // Only its fellows reach it: they find it at API_URL.
    api: { command: "node api.mjs", internal: true, health: "/healthz" },
    worker: { command: "node worker.mjs" },
  },
  release: "node migrate.mjs",
  addons: { db: { kind: "postgres" } },
  secrets: ["SECRET_KEY"],
  environments: {
    // Fargate behind a load balancer, and a database of RDS.
    staging: { target: ecs({ region, capacity: fargate() }) },
    // One instance with a fixed address; Postgres beside the app, backed up to S3 before each release.
    small: { target: ecs({ region, capacity: instance({ instanceType: "t3.small" }) }) },
    // Give production an account, which is compared before anything is changed, and domains with a dns provider.
    production: { target: ecs({ region, capacity: fargate() }), processes: { web: { instances: 2 } } },
  },
});
