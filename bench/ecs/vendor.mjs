import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cleanEnvironment } from "../../scripts/lib/run.mjs";

/**
 * Starts the vendor's program; `ask(order, value)` tells it something. It ends with this process, or by `close`.
 *
 * @param {string} program
 */
export async function startVendor(program) {
  const child = spawn(process.execPath, [program], {
    env: cleanEnvironment({ AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once("close", resolve));
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the vendor of the bench has ended");
    return JSON.parse(value);
  };
  const first = await read();
  return {
    ...first,
    /** @param {string} order @param {unknown} [value] */
    async ask(order, value) {
      child.stdin.write(`${JSON.stringify({ order, value })}\n`);
      return read();
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
