import { toDeployError } from "@deploy/core";
import { receiveHandOver } from "./hand-over.js";
import { startSupervisor } from "./start.js";

/** How the program is called: `node supervisor.js <home> <digest> [--port <n>] [--hand-over]`. */
const [homeDirectory = "", program = "", ...flags] = process.argv.slice(2);
const port = flags.includes("--port") ? Number(flags[flags.indexOf("--port") + 1]) : undefined;

process.title = "deploy supervisor";
process.on("uncaughtException", (error) => console.error(`${new Date().toISOString()} ${error.stack}`));
process.on("unhandledRejection", (error) => console.error(`${new Date().toISOString()} ${String(error)}`));

try {
  process.env.DEPLOY_HOME = homeDirectory;
  const listeners = flags.includes("--hand-over") ? await receiveHandOver() : new Map();
  const facts = await startSupervisor({ program, listeners, ...(port === undefined ? {} : { port }) });
  // Whoever started us waits for this, and then lets go of us.
  process.send?.({ type: "ready", facts });
} catch (thrown) {
  const error = toDeployError(thrown, "servers.supervisor-failed").toJSON();
  console.error(`${new Date().toISOString()} could not start: ${error.message}`);
  process.send?.({ type: "failed", error }, () => process.exit(1));
  if (process.send === undefined) process.exit(1);
}
