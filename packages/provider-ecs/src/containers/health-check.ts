import type { ResolvedProcess } from "@deploy/core";
import type { ContainerDefinition } from "./task-definition.js";

/** Seconds between two container checks: the least that ECS takes. */
const checkSeconds = 5;
/** ECS's limit of a start period, seconds. */
const longestStart = 300;

/** How the health of a process is found out. */
export interface HealthOptions {
  readonly process: ResolvedProcess;
  readonly port: number;
  /** A load balancer asks the same path: then it alone decides. */
  readonly balanced: boolean;
}

/**
 * The container's own health check, or none.
 *
 * Behind a load balancer there is none: it asks the very path from outside, every few seconds, and needs no program in
 * the image. Anywhere else ECS counts a task without a check as healthy only 40 s after its start, so there is one: the
 * path, asked with whatever the image has (curl, wget, python, node, ruby, php), else the open port, else being up. It
 * needs a shell, so a command given as an array, whose image may have none, is left without.
 */
export function healthCheckOf(options: HealthOptions): ContainerDefinition["healthCheck"] {
  const { process, port, balanced } = options;
  if (balanced || typeof process.command !== "string") return undefined;
  const { health } = process;
  const timeout = Math.min(60, Math.max(2, Math.ceil(health.timeoutMs / 1000)));
  return {
    command: ["CMD-SHELL", process.listens ? askScript(port, health.path, timeout) : "exit 0"],
    interval: checkSeconds,
    timeout,
    retries: 3,
    startPeriod: Math.min(longestStart, Math.ceil(health.startWithinMs / 1000)),
  };
}

/** Asks a path, or opens the port, with what there is. 2xx and 3xx are healthy. */
function askScript(port: number, path: string | undefined, timeout: number): string {
  const url = `http://127.0.0.1:${port}${path ?? "/"}`;
  if (path === undefined) return openScript(port, timeout);
  const python = `import urllib.request as u;u.urlopen("${url}",timeout=${timeout})`;
  const node = `fetch("${url}",{redirect:"manual"}).then(r=>process.exit(r.status<400?0:1),()=>process.exit(1))`;
  const ruby = `require "net/http";exit(Net::HTTP.get_response(URI("${url}")).code.to_i<400)`;
  const php = `exit(@file_get_contents("${url}")===false?1:0);`;
  return chooseFirst([
    ["curl", `curl -fsS -m ${timeout} -o /dev/null '${url}'`],
    ["wget", `wget -q -T ${timeout} -O /dev/null '${url}'`],
    ["python3", `python3 -c '${python}'`],
    ["node", `node -e '${node}'`],
    ["ruby", `ruby -e '${ruby}'`],
    ["php", `php -r '${php}'`],
  ]);
}

function openScript(port: number, timeout: number): string {
  const python = `import socket;socket.create_connection(("127.0.0.1",${port}),${timeout})`;
  const node = `require("net").connect(${port},"127.0.0.1").on("connect",()=>process.exit(0)).on("error",()=>process.exit(1))`;
  return chooseFirst([
    ["nc", `nc -z -w ${timeout} 127.0.0.1 ${port}`],
    ["python3", `python3 -c '${python}'`],
    ["node", `node -e '${node}'`],
    ["bash", `bash -c '</dev/tcp/127.0.0.1/${port}'`],
  ]);
}

/** The first program that is there decides; where none is, being up is all that can be told. */
function chooseFirst(ways: readonly (readonly [program: string, call: string])[]): string {
  const branches = ways.map(
    ([program, call], index) =>
      `${index === 0 ? "if" : "elif"} command -v ${program} >/dev/null 2>&1; then ${call} || exit 1;`,
  );
  return `${branches.join(" ")} fi`;
}
