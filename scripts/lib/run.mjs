import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] Default: the repository's root.
 * @property {NodeJS.ProcessEnv} [env] Default: {@link cleanEnvironment}.
 * @property {number} [timeoutMs] After it, the program and its children are killed. Default: ten minutes.
 * @property {boolean} [show] Prints the output as it comes, too. Default false.
 *
 * @typedef {object} RunResult
 * @property {number} code Exit code; 124 after the time limit, 127 when the program cannot be started.
 * @property {string} stdout
 * @property {string} output Both streams, in the order they came.
 * @property {number} ms
 */

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/**
 * Runs a program in a process group of its own, and answers when it has ended; never throws for its exit code.
 *
 * @param {readonly [string, ...string[]]} argv
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run([program, ...args], options = {}) {
  const { cwd = ROOT, env = cleanEnvironment(), timeoutMs = 600_000, show = false } = options;
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    running.add(child);
    let stdout = "";
    let output = "";
    let late = false;
    const finish = (/** @type {number} */ code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, stdout, output, ms: performance.now() - started });
    };
    const timer = setTimeout(() => {
      late = true;
      output += `\nStopped after ${Math.round(timeoutMs / 1000)} s.\n`;
      killGroup(child);
    }, timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
      if (show) process.stdout.write(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (show) process.stderr.write(text);
    });
    child.once("error", (error) => {
      output += `${program} cannot be started: ${error.message}\n`;
      finish(127);
    });
    // Not "close": what a program leaves running in the background may hold its pipes open for ever.
    child.once("exit", (code) => setImmediate(() => setTimeout(() => finish(late ? 124 : (code ?? 1)), 20)));
  });
}

/**
 * The environment for what is built, checked and timed: no telemetry, no colour codes in what is counted, and no
 * NODE_EXTRA_CA_CERTS, which costs every start of Node the time to read a bundle of certificates.
 *
 * @param {NodeJS.ProcessEnv} [more]
 * @returns {NodeJS.ProcessEnv}
 */
export function cleanEnvironment(more = {}) {
  const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...env } = process.env;
  return { ...env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", ...more };
}

/** A program of a development dependency. */
export function tool(/** @type {string} */ name) {
  return `${ROOT}node_modules/.bin/${name}`;
}

/** @param {import("node:child_process").ChildProcess} child */
function killGroup(child) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** @type {Set<() => Promise<void>>} */
const cleanUps = new Set();

/**
 * Does something before the end when this program is interrupted.
 *
 * @param {() => Promise<void>} cleanUp
 */
export function whenInterrupted(cleanUp) {
  cleanUps.add(cleanUp);
}

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, async () => {
    for (const child of running) killGroup(child);
    for (const cleanUp of cleanUps) await cleanUp().catch(() => {});
    // The handler is gone: this time the signal does what it does by itself.
    process.kill(process.pid, signal);
  });
}
