// Follows the logs from their start and prints their text, as `deploy logs --follow` does, until `count` lines came.
import { writeSync } from "node:fs";

const [storeFile, directory, scopeJson, countText] = process.argv.slice(2);
const { readLogBatches } = await import(storeFile);
const loaded = process.cpuUsage();
let left = Number(countText);
for await (const lines of readLogBatches({ directory, ...JSON.parse(scopeJson), query: { follow: true } })) {
  let text = "";
  for (const line of lines) text += `${line.text}\n`;
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; ) {
    try {
      from += writeSync(1, bytes, from);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
  left -= lines.length;
  if (left <= 0) break;
}
const { user, system } = process.cpuUsage(loaded);
process.send({ cpu: (user + system) / 1e6 });
process.disconnect();
