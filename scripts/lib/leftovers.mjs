import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/*
 * What a run of the tests leaves running. Everything that it starts has its temporary directory (TMPDIR), and so every
 * process that has to do with it, whoever its parent is now, names that directory: in its environment, in its arguments,
 * or by working in it.
 */

/**
 * Processes that have to do with `directory`. Linux only; elsewhere the answer is empty.
 *
 * @param {string} directory
 * @returns {{ pid: number, command: string }[]}
 */
function findLeftovers(directory) {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").join(" ").trim();
        const signs = [
          command,
          readFileSync(`/proc/${name}/environ`, "utf8"),
          readlinkSync(`/proc/${name}/cwd`),
        ];
        // A zombie has no arguments.
        return command !== "" && signs.some((sign) => sign.includes(directory))
          ? [{ pid: Number(name), command }]
          : [];
      } catch {
        // It has ended meanwhile, or belongs to somebody else.
        return [];
      }
    });
}

/**
 * Ends what {@link findLeftovers} finds, and answers with it. Processes that are just ending get a second for it.
 *
 * @param {string} directory
 * @returns {Promise<{ pid: number, command: string }[]>}
 */
export async function endLeftovers(directory) {
  const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
  for (let patience = 10; patience > 0 && findLeftovers(directory).length > 0; patience--) await pause(100);
  const found = findLeftovers(directory);
  // One round may end a process just before it has started another.
  for (let round = 0; round < 5 && findLeftovers(directory).length > 0; round++) {
    for (const { pid } of findLeftovers(directory)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await pause(50);
  }
  return found;
}
