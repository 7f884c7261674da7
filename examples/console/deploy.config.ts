import { defineApp } from "@deploy/core";
import { ecs, instance } from "@deploy/provider-ecs";
import { heroku } from "@deploy/provider-heroku";

/** Where the proxy of this machine listens: see `deploy status` of any app. */
const port = process.env.DEPLOY_PORT ?? "8080";

/** Where Deploy keeps what runs on this machine, when it is told so: the console has to look there, too. */
const home = process.env.DEPLOY_HOME === undefined ? {} : { DEPLOY_HOME: process.env.DEPLOY_HOME };

export default defineApp({
  name: "console",
  // What the Dockerfile does, where there are no containers.
  build: { dockerfile: "Dockerfile", command: "npm install --omit=dev --no-audit --no-fund" },
  processes: {
    web: {
      command:
        "exec deploy console --no-open --host $CONSOLE_HOST --port $PORT --data $CONSOLE_DATA --public-url $CONSOLE_URL --trusted-proxy $CONSOLE_PROXIES",
      health: "/healthz",
      memory: "512 MB",
      // One console for one data directory: a volume keeps to that, and outlives every release.
      instances: 1,
      volumes: { data: "data" },
    },
  },
  environments: {
    local: {
      config: {
        CONSOLE_HOST: "127.0.0.1",
        CONSOLE_DATA: "data",
        CONSOLE_URL: `http://console.localhost:${port}`,
        CONSOLE_PROXIES: "127.0.0.1",
        ...home,
      },
    },
    // One instance of EC2: its data volume outlives the instance, and the proxy on it has the certificate.
    production: {
      target: ecs({ region: "us-east-1", capacity: instance() }),
      domains: { "console.example.org": "web" },
      processes: { web: { volumes: { data: "/data" } } },
      // The credentials of every provider that the console shows, as that provider reads them.
      secrets: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
      config: {
        CONSOLE_HOST: "0.0.0.0",
        CONSOLE_DATA: "/data",
        CONSOLE_URL: "https://console.example.org",
        CONSOLE_PROXIES: "172.16.0.0/12",
      },
    },
    // Heroku keeps no files: people, grants and logs are gone with each restart, once a day at least. To look at, no more.
    trial: {
      target: heroku({ build: "there" }),
      processes: { web: { volumes: {} } },
      secrets: ["HEROKU_API_KEY"],
      config: {
        CONSOLE_HOST: "0.0.0.0",
        CONSOLE_DATA: "/tmp/console",
        CONSOLE_URL: "https://console-trial.example.org",
        CONSOLE_PROXIES: "10.0.0.0/8",
      },
    },
  },
});
