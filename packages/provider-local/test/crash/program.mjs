import { spawn } from "node:child_process";

/** Starts a program; `done` resolves with how it ended and what it printed, and never rejects. */
export function start([program, ...args], { cwd, env = process.env, input = "" } = {}) {
  const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let output = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.on("data", (chunk) => (output += chunk));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const done = new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: 127, stdout, output: error.message }));
    child.once("close", (code, signal) => resolve({ code, signal, stdout, output }));
  });
  return { child, done };
}

/** Runs a program to its end. */
export function run(argv, options) {
  return start(argv, options).done;
}
