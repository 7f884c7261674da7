#!/usr/bin/env node
import { fastAnswer } from "./help.js";

/*
 * Help and version are answered from the command table alone: neither the core, nor a provider, nor anything else
 * that costs time is loaded before a command is really run.
 */
const answer = fastAnswer(process.argv.slice(2));
if (answer === undefined) {
  const { main } = await import("./main.js");
  await main(process.argv.slice(2));
} else {
  process.stdout.on("error", () => {});
  process.stdout.write(answer);
}
