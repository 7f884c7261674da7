/**
 * What is killed: one operation on the sample app, as a process of its own.
 *
 * node client.mjs up one | up two | down; the emulator is found by AWS_ENDPOINT_URL, the mode by DEPLOY_CRASH_MODE.
 */
import { DeployError } from "@deploy/core";
import { ec2, fargate, instance } from "../../src/index.js";
import { sampleDeployer, sampleSecrets } from "../support/sample-app.js";

const modes = { fargate: fargate(), ec2: ec2(), instance: instance() } as const;
const [verb, version = "one"] = process.argv.slice(2);
const mode = (process.env.DEPLOY_CRASH_MODE ?? "fargate") as keyof typeof modes;
const deployer = sampleDeployer({ capacity: modes[mode], version, env: process.env });
try {
  if (verb === "down") await deployer.down({ confirm: "shop", deleteData: ["SECRET_KEY"] });
  else await deployer.up({ secrets: sampleSecrets });
} catch (error) {
  console.error(DeployError.is(error) ? `${error.code}: ${error.message}\n${error.hint}` : error);
  process.exitCode = 1;
}
