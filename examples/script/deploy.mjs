// Everything that the command can do, from a plain script: node examples/script/deploy.mjs
import { fileURLToPath } from "node:url";
import { createDeployer, DeployError, defineApp } from "@deploy/core";
import { local } from "@deploy/provider-local";

const app = defineApp({
  name: "hello-script",
  processes: { web: { command: ["node", "server.mjs"], health: "/" } },
});
const deployer = createDeployer(app, {
  defaultTarget: local(),
  directory: fileURLToPath(new URL("app", import.meta.url)),
});

try {
  const plan = await deployer.plan();
  for (const change of plan.changes) console.log(`plan    ${change.action} ${change.label}`);

  // An operation is a stream of events, and a promise of its result.
  const up = deployer.up({ plan });
  for await (const event of up) if (event.type === "done") console.log(`up      ${event.label}`);
  const { release, urls, seconds } = await up.result;
  console.log(`up      release ${release} answers at ${urls[0]} after ${seconds.toFixed(1)} s`);

  const [web] = (await deployer.status()).processes;
  for (const { name, state, restarts } of web.instances) {
    console.log(`status  ${name} ${state}, ${restarts} restarts`);
  }
  // The address by which fellow processes find it: it resolves even where names below `localhost` do not.
  console.log(`answer  ${(await (await fetch(web.address)).text()).trim()}`);
  for await (const line of deployer.logs({ processes: ["web"], last: 5 })) {
    console.log(`logs    ${line.instance} ${line.text}`);
  }

  const { left } = await deployer.down({ confirm: app.name }).result;
  console.log(`down    ${left.length === 0 ? "nothing is left" : `left: ${left.join(", ")}`}`);
} catch (error) {
  if (!DeployError.is(error)) throw error;
  console.error(`${error.message} (${error.code})\n${error.hint ?? ""}`);
  process.exitCode = 1;
}
