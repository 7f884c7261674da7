import { defineApp } from "@deploy/core";

export default defineApp({
  name: "guestbook",
  build: { command: "npm ci --omit=dev --no-audit --no-fund" },
  processes: {
    web: { command: "node src/web.js", health: "/healthz", drain: "5 s" },
    api: { command: "node src/api.js", health: "/healthz", internal: true, drain: "5 s" },
    worker: { command: "node src/worker.js" },
  },
  release: "node src/migrate.js",
  // Every minute, so that there is something to see; a real one would say "0 3 * * *".
  jobs: { digest: { command: "node src/digest.js", schedule: "* * * * *" } },
  addons: { db: { kind: "postgres" } },
  secrets: ["SECRET_KEY"],
  config: { TITLE: "Guestbook" },
  environments: {
    // `local` is always there. This one is on the same machine, with a database of its own.
    staging: { config: { TITLE: "Guestbook (staging)" } },
  },
});
