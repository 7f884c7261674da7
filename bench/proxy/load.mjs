import { execFile } from "node:child_process";
import { Agent, get } from "node:http";
import { promisify } from "node:util";
import { installed } from "./proxies.mjs";

const execute = promisify(execFile);

/** wrk prints 850.00us, 12.30ms or 1.20s. */
function milliseconds(text) {
  const number = Number.parseFloat(text);
  if (text.endsWith("us")) return number / 1000;
  return text.endsWith("ms") ? number : number * 1000;
}

async function withWrk(port, connections, seconds) {
  const wrk = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency", `http://127.0.0.1:${port}/`];
  const argv = installed("taskset") ? ["taskset", "-c", "1", ...wrk] : wrk;
  const { stdout } = await execute(argv[0], argv.slice(1));
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Requests failed on port ${port}:\n${stdout}`);
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]),
    requests: Number(/(\d+) requests in/.exec(stdout)[1]),
    p50: milliseconds(/^\s+50%\s+(\S+)/m.exec(stdout)[1]),
    p99: milliseconds(/^\s+99%\s+(\S+)/m.exec(stdout)[1]),
  };
}

/** Without wrk: node:http in this process. It is the bottleneck, so its ratios say less. */
async function withNode(port, connections, seconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const end = performance.now() + seconds * 1000;
  const times = [];
  const once = () =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      get({ host: "127.0.0.1", port, agent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`Status ${response.statusCode} on port ${port}`));
        response.resume().on("end", () => {
          times.push(performance.now() - began);
          resolve();
        });
      }).on("error", reject);
    });
  const client = async () => {
    while (performance.now() < end) await once();
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { requestsPerSecond: times.length / seconds, requests: times.length, p50: at(0.5), p99: at(0.99) };
}

/** Loads one port for some seconds. Throws when any request fails. */
export const load = installed("wrk") ? withWrk : withNode;
