import { spawn } from "node:child_process";

/** Prints user and system seconds of "$@" to file descriptor 3, as the kernel counted them: /proc has ticks of 10 ms. */
const TIMED = 'TIMEFORMAT="%3U %3S"; { time "$@" 2>&4; } 4>&2 2>&3';

/**
 * Runs Node with `args` to its end: milliseconds of user and system time together, and of wall time. Needs bash, for
 * its `time`.
 *
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options] Default environment: this one, without what changes Node.
 * @returns {Promise<{ cpu: number, wall: number, stdout: string }>}
 */
export function timedNode(args, { env = bareEnvironment(), cwd } = {}) {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", TIMED, "bash", process.execPath, ...args], {
      stdio: ["ignore", "pipe", "inherit", "pipe"],
      env,
      cwd,
    });
    let stdout = "";
    let times = "";
    child.stdout?.on("data", (data) => {
      stdout += data;
    });
    child.stdio[3]?.on("data", (data) => {
      times += data;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`${args.join(" ")} ended with ${code}`));
      const [user = 0, system = 0] = times.trim().split(" ").map(Number);
      resolve({ cpu: (user + system) * 1000, wall: performance.now() - started, stdout });
    });
  });
}

/** This environment, without what would change how Node starts. */
function bareEnvironment() {
  const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...env } = process.env;
  return env;
}
