import { runScenario, type Subject, scenariosFor } from "@deploy/conformance";
import { createHerokuDouble } from "@deploy/heroku-double";
import { afterAll, describe, expect, it } from "vitest";
import { heroku } from "../src/index.js";
import { token } from "./bench.js";

/** The kit's scenarios about access once more, on a team's apps: a personal app knows one role only. */
const double = await createHerokuDouble({
  accounts: [{ email: "owner@example.com", tokens: [token], teams: { crew: "admin" } }],
  databases: false,
  registry: false,
});
const endpoints = { api: double.url, data: double.dataUrl };
const subject: Subject = {
  provider: () => heroku({ team: "crew", transport: "fetch", endpoints }),
  context: { env: { HEROKU_API_KEY: token } },
  secrets: [token],
};
afterAll(async () => {
  const { failures, violations } = double;
  await double.close();
  expect({ failures, violations }).toEqual({ failures: [], violations: [] });
});

/** Heroku itself writes to whom it invites: nothing is left to hand over. */
const tried = scenariosFor(subject).filter(
  ({ name, requires = [] }) => name.startsWith("access:") && !requires.includes("access.handovers"),
);

describe("access to a team's apps", { timeout: 60_000 }, () => {
  it.each(tried)("$name", async (scenario) => {
    const { outcome, error } = await runScenario(scenario, subject);
    if (error !== undefined) throw error;
    expect(outcome).toBe("passed");
  });
});
