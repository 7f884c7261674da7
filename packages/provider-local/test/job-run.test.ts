import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { plainServer } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { eventually } from "./support/poll.js";
import { createWorkspace, logsOf, type Workspace } from "./support/workspace.js";

let space: Workspace;

beforeAll(() => ensureBuilt(), 180_000);

beforeEach(async () => {
  space = await createWorkspace();
});

afterEach(() => space?.remove());

it("a job runs at the full minute, in the release that serves, and is stopped by down", async () => {
  space.files("shop", { "server.cjs": plainServer, "version.txt": "1" });
  const shop = space.deployer({
    name: "shop",
    config: { VALUE: "of the config" },
    processes: { web: { command: ["node", "server.cjs"], health: "/healthz" } },
    jobs: {
      report: { command: 'echo "$VALUE" on $DEPLOY_RELEASE; exit 3', schedule: "* * * * *" },
      endless: { command: "echo begun; sleep 1000", schedule: "* * * * *" },
    },
  });
  await shop.up();
  const [report] = (await shop.status()).jobs.filter((job) => job.name === "report");
  const due = new Date(report?.nextRun ?? "");
  expect(due.getTime() % 60_000).toBe(0);

  const last = await eventually(
    "it has run",
    async () => (await shop.status()).jobs.find((job) => job.name === "report")?.lastRun,
    70_000,
  );
  expect(last.exitCode).toBe(3);
  expect(Date.parse(last.at) - due.getTime()).toBeLessThan(5000);
  // Its end is known a moment before it is to be read.
  const printed = await eventually("its end is among its lines", async () => {
    const texts = (await logsOf(shop, { processes: ["job:report"] })).map((line) => line.text);
    return texts.length > 1 ? texts : undefined;
  });
  expect(printed).toEqual(["of the config on 1", "exited with code 3"]);

  await eventually("the other one runs", async () =>
    (await logsOf(shop, { processes: ["job:endless"] })).some((line) => line.text === "begun"),
  );
  expect(space.pids().length).toBeGreaterThan(1);
  await shop.down({ confirm: "shop" });
  expect(space.pids()).toEqual([]);
}, 100_000);
