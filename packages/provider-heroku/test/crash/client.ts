/**
 * What is killed: one operation on the sample app, as a process of its own.
 *
 * node client.mjs up one | up two | down <names of what may lose its data>; Heroku is found by HEROKU_API_URL and HEROKU_DATA_URL. The working directory
 * holds a directory of source for each version.
 */
import { resolve } from "node:path";
import {
  type AppInput,
  type Clock,
  createDeployer,
  DeployError,
  defineApp,
  redact,
  systemClock,
} from "@deploy/core";
import { heroku } from "../../src/index.js";

/** Ten times as fast: the double needs none of Heroku's pauses, and what was silent too long is so ten times sooner. */
const pace = 10;
const began = Date.now();
const clock: Clock = {
  now: () => began + (Date.now() - began) * pace,
  sleep: (milliseconds, signal) => systemClock.sleep(Math.ceil(milliseconds / pace), signal),
};

const [verb, version = "one"] = process.argv.slice(2);
const isFirst = version === "one";
const size = isFirst ? "basic" : "standard-1x";
const web = { command: "node web.mjs", health: { path: "/healthz", startWithin: "120 s" } } as const;
const input: AppInput = {
  name: "shop",
  processes: { web, worker: { command: "node worker.mjs", instances: isFirst ? 1 : 2 } },
  release: "echo migrated",
  config: isFirst ? { GREETING: "hello", OLD: "1" } : { GREETING: "good day", NEW: "2" },
  secrets: ["SECRET_KEY"],
  addons: isFirst
    ? { db: { kind: "postgres", plan: "essential-0", extensions: ["pgcrypto"] } }
    : { db: { kind: "postgres", plan: "essential-1", extensions: ["pgcrypto"] }, queue: { kind: "redis" } },
  environments: {
    staging: {
      // Basic and Standard dynos are never mixed here, as Heroku has limits for that.
      target: heroku({ build: "there", sizes: { web: size, worker: size } }),
      domains: { "www.example.test": "web", [isFirst ? "old.example.test" : "new.example.test"]: "web" },
    },
  },
};
const deployer = createDeployer(defineApp(input), {
  environment: "staging",
  directory: resolve(version),
  clock,
});
try {
  if (verb === "down") {
    const { kept } = await deployer.down({ confirm: "shop", deleteData: process.argv.slice(3) });
    if (kept.length > 0) throw new Error(`kept: ${kept.map(({ label, reason }) => `${label}: ${reason}`)}`);
  } else {
    await deployer.up({
      secrets: { SECRET_KEY: redact(isFirst ? "k3y-Wq8x3Jr5" : "k3y-7Tz2Lm9v") },
      deleteData: [],
    });
  }
} catch (error) {
  console.error(DeployError.is(error) ? `${error.code}: ${error.message}\n${error.hint}` : error);
  process.exitCode = 1;
}
