#!/usr/bin/env node
import { fastAnswer } from "./help.js";

/*
 * Help and version are answered from the command table alone: neither the core, nor a provider, nor anything else
 * that costs time is loaded before a command is really run. This file is built as CommonJS, in one piece, because
 * starting Node's loader of ES modules alone costs a third of what bare Node does.
 */
const answer = fastAnswer(process.argv.slice(2));
if (answer === undefined) {
  void import("./main.js").then(({ main }) => main(process.argv.slice(2)));
} else {
  process.stdout.on("error", () => {});
  process.stdout.write(answer);
}
