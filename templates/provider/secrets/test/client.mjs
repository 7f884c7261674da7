/* One run for the crash test: two secrets are wanted, whatever an earlier run has left. Uses the built package. */
import { applyPlan, preparePlan, redact, systemClock } from "@deploy/core";
import { nimbusCloud } from "../dist/index.js";

const provider = nimbusCloud();
const scope = { app: "crash", environment: "test" };
const prepared = await preparePlan({
  operation: "up",
  scope,
  providers: [provider],
  context: {
    signal: new AbortController().signal,
    env: process.env,
    fetch,
    clock: systemClock,
    directory: process.cwd(),
  },
  resources: ["FIRST", "SECOND"].map((name) =>
    provider.secrets.secret(scope, name, redact(`value of ${name}`)),
  ),
  prune: false,
});
await applyPlan(prepared);
