import { readdirSync, readFileSync } from "node:fs";

/** The variable by which everything that a run of the tests has started is known, whoever its parent is now. */
export const RUN_VARIABLE = "DEPLOY_TEST_RUN";

/**
 * Processes that carry `RUN_VARIABLE=id` in their environment. Linux only; elsewhere the answer is empty.
 *
 * @param {string} id
 * @returns {{ pid: number, command: string }[]}
 */
function findLeftovers(id) {
  if (process.platform !== "linux") return [];
  const mark = `${RUN_VARIABLE}=${id}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(mark)) return [];
        if (/^\S+ \(.*\) Z/s.test(readFileSync(`/proc/${name}/stat`, "utf8"))) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").join(" ").trim();
        return [{ pid: Number(name), command }];
      } catch {
        // It has ended meanwhile, or belongs to somebody else.
        return [];
      }
    });
}

/**
 * Ends what {@link findLeftovers} finds, and answers with it. Processes that are just ending get a second for it.
 *
 * @param {string} id
 * @returns {Promise<{ pid: number, command: string }[]>}
 */
export async function endLeftovers(id) {
  for (let patience = 10; patience > 0 && findLeftovers(id).length > 0; patience--) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const found = findLeftovers(id);
  // The first round ends those who would start others again.
  for (let round = 0; round < 5; round++) {
    for (const { pid } of findLeftovers(id)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return found;
}
