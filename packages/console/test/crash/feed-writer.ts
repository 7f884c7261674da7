import { writeSync } from "node:fs";
import { createDeployer, defineApp } from "@deploy/core";
import { local } from "@deploy/provider-local";
import { createFeed } from "../../src/feed/create-feed.js";
import { createLogStore } from "../../src/store/index.js";

/*
 * Feeds the logs of the local environment of the app `shop` into a store until it is killed, and says which lines were
 * handed on: `heard <first number> <lines>`.
 *
 *   node feed-writer.mjs <directory>
 */

const [directory = ""] = process.argv.slice(2);
const deployer = createDeployer(
  defineApp({ name: "shop", processes: { web: { command: ["node", "server.mjs"], health: "/" } } }),
  { environment: "local", defaultTarget: local() },
);
const environment = { app: "shop", environment: "local", deployer };
const store = await createLogStore({ directory, limits: { days: 14, bytes: 256 * 1024 * 1024 } });
const feed = createFeed({
  store,
  apps: {
    list: () => [environment],
    find: () => environment,
    patterns: () => [],
    problems: () => [],
    onChange: () => () => undefined,
    close: async () => {},
  },
  now: Date.now,
});
feed.subscribe(environment, (lines) => {
  writeSync(1, `heard ${lines[0]?.seq ?? 0} ${lines.length}\n`);
});
writeSync(1, "ready\n");
