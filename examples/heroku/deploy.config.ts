import { defineApp } from "@deploy/core";
import { heroku } from "@deploy/provider-heroku";

export default defineApp({
  name: "dedupe-service",
  build: { dockerfile: "Dockerfile" },
  processes: {
    web: { command: "node server.mjs", health: "/healthz" },
    worker: { command: "node worker.mjs" },
  },
  release: "node migrate.mjs",
  addons: {
    db: { kind: "postgres", extensions: ["pgcrypto", "intarray"] },
    queue: { kind: "redis" },
  },
  secrets: ["SECRET_KEY"],
  environments: {
    // Heroku builds the image from the uploaded source …
    staging: { target: heroku({ build: "there" }) },
    // … or it is built here and pushed. Give it a team, a pipeline, a dns provider and domains as they come.
    production: { target: heroku() },
  },
});
