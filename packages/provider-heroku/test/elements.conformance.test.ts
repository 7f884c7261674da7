import { conformance } from "@deploy/conformance/vitest";
import { createHerokuDouble } from "@deploy/heroku-double";
import { heroku } from "../src/index.js";
import { appNameOf } from "../src/names.js";
import { token } from "./bench.js";

const double = await createHerokuDouble({
  databases: false,
  registry: false,
  rateLimit: { capacity: 100_000, perMinute: 75 },
});

conformance({
  provider: () => heroku({ transport: "fetch", endpoints: { api: double.url, data: double.dataUrl } }),
  context: { env: { HEROKU_API_KEY: token } },
  secrets: [token],
  fixtures: {
    inspect: async (scope) =>
      double.state.apps.map(({ name }) => name).filter((name) => name.includes(appNameOf(scope))),
  },
});
