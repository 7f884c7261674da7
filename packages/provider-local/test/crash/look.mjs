import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";

/** Every living process of a home, by what it is: found by its environment, as an orphan would be. */
export function processesOf(home) {
  const found = { supervisors: [], instances: [], commands: [], databases: [] };
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const [, state, parent, group] = /\) (\S) (\d+) (\d+)/.exec(stat) ?? [];
      if (state === "Z") continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
      const place = readlinkSync(`/proc/${pid}/cwd`);
      const run = /(?:^|\0)DEPLOY_RUN_ID=([^\0]*)/.exec(environment)?.[1];
      if (command.includes("-D ") && [home, machineRoot(home)].some((place) => command.includes(place)))
        found.databases.push({ pid, command });
      else if (command.startsWith("deploy supervisor") || command.includes("supervisor.js")) {
        if (new RegExp(`(?:^|\\0)DEPLOY_HOME=${home}(?:\\0|$)`).test(environment))
          found.supervisors.push({ pid, command });
      } else if (run !== undefined && place.startsWith(home)) {
        const entry = { pid, run, command, parent, place, leader: pid === group };
        if (/^(web|worker)\./.test(run)) found.instances.push(entry);
        else found.commands.push(entry);
      }
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Where root's databases are: their system user cannot pass through a home that is closed to others. */
function machineRoot(home) {
  return join("/var/lib/deploy", createHash("sha256").update(home).digest("hex").slice(0, 12));
}

/** GET through the proxy by host name; rejects when nothing answers. */
export function get(port, host) {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, headers: { host }, timeout: 5000, agent: false },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => (body += chunk));
        response.on("end", () => resolve({ status: response.statusCode, body }));
      },
    );
    sent.on("error", reject);
    sent.on("timeout", () => sent.destroy(new Error("no answer within 5 s")));
    sent.end();
  });
}

/** Lost or doubled lines among log lines `L <run> <n>` and `END <run> <n>`; empty when all is well. */
export function faultsOf(texts) {
  const runs = new Map();
  const faults = [];
  for (const text of texts) {
    const [kind, run, number] = text.split(" ");
    if (kind === "L") {
      const expected = (runs.get(run) ?? 0) + 1;
      if (Number(number) !== expected) faults.push(`${run}: line ${number} where ${expected} was due`);
      runs.set(run, Number(number));
    } else if (kind === "END" && runs.get(run) !== Number(number)) {
      faults.push(`${run}: ended after line ${number}, of which ${runs.get(run) ?? 0} are there`);
    }
  }
  return { faults, runs: runs.size };
}
