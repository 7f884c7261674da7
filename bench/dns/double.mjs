import { createInterface } from "node:readline";
import { createCloudflareDouble } from "@deploy/cloudflare-double";

/*
 * The double of Cloudflare in a process of its own, so that its work is not counted as ours. It says where it is in its first
 * line; then each line that it reads is one order, answered by one line. It ends with its standard input.
 */

const token = "token-of-owner";
// What is unjudged and served by nobody answers sooner: each call takes the latency, and nothing else.
const double = await createCloudflareDouble({
  tokens: [{ value: token }],
  zones: [],
  dns: false,
  schema: "/nowhere",
  callsPerFiveMinutes: Number.POSITIVE_INFINITY,
});

/** @type {Record<string, (value: any) => unknown>} */
const orders = {
  /** From now on, each call takes at least so many milliseconds. */
  latency: (milliseconds) => {
    double.latency = milliseconds;
    return null;
  },
  /** Makes a zone with so many addresses, each with a comment of its own where one is given. */
  zone: async ({ name, plan, records, marker }) => {
    await double.addZone({ name, plan, quota: null });
    const posts = Array.from({ length: records }, (_, index) => ({
      name: `n${index}.${name}`,
      type: "A",
      ttl: 300,
      content: addressOf(index),
      comment: marker === "" ? "" : `${marker}${index}`,
    }));
    await double.addRecords(name, posts);
    return null;
  },
  /** Calls since the last time that somebody asked, by route. */
  calls: () => {
    /** @type {Record<string, number>} */
    const counts = {};
    for (const { method, route } of double.calls) {
      const key = `${method} ${route}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    double.calls.length = 0;
    return counts;
  },
};

say({ url: double.url, token });
for await (const line of createInterface({ input: process.stdin })) {
  const { order, value } = JSON.parse(line);
  say((await orders[order]?.(value)) ?? null);
}
await double.close();
// Connections of clients that ended without goodbye keep nobody waiting.
process.exit(0);

/** @param {number} index */
function addressOf(index) {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

/** @param {unknown} value */
function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
