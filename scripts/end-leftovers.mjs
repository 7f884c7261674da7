import { endLeftovers } from "./lib/leftovers.mjs";

/* Ends every process that has to do with a directory, and says which: `node scripts/end-leftovers.mjs /tmp/…`. */

const directory = process.argv[2];
if (directory === undefined || !/^\/.+\/./.test(directory)) {
  console.error("usage: node scripts/end-leftovers.mjs <temporary directory>");
  process.exit(2);
}
for (const { pid, command } of await endLeftovers(directory)) console.log(`ended ${pid} ${command}`);
