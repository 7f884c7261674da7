/* One run for the crash test: three records are wanted, whatever an earlier run has left. Uses the built package. */
import { applyPlan, dnsRecord, preparePlan, systemClock } from "@deploy/core";
import { nimbusCloud } from "../dist/index.js";

const provider = nimbusCloud();
const scope = { app: "crash", environment: "test" };
const wanted = /** @type {const} */ ([
  { name: "www.example.test", type: "A", values: ["192.0.2.1", "192.0.2.2"] },
  { name: "shop.example.test", type: "CNAME", values: ["www.example.test"] },
  { name: "example.test", type: "TXT", values: ["proof"] },
]);
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
  resources: wanted.map((record) => dnsRecord(provider, scope, record.name, record.name, record)),
  prune: false,
});
await applyPlan(prepared);
