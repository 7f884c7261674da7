import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { systemClock } from "../../context.js";
import { ask } from "../propagation-ask.js";

const program: string | undefined = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"]
  .map((directory) => join(directory, "pdns_server"))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
const modules: string | undefined = ["/usr/lib", ...(existsSync("/usr/lib") ? readdirSync("/usr/lib") : [])]
  .map((name) => join("/usr/lib", name, "pdns"))
  .find((directory) => existsSync(join(directory, "libbindbackend.so")));

/** Why suites with real name servers cannot run here; undefined where they can. The loopback network is Linux's. */
export const nameServersMissing: string | undefined =
  process.platform === "linux" && program !== undefined && modules !== undefined
    ? undefined
    : "PowerDNS with its bind backend is not here: apt-get install pdns-server pdns-backend-bind";

/** Several authoritative servers, each with zones of its own, on one port of several loopback addresses. */
export interface NameServers {
  readonly port: number;
  /** Replaces a zone at one server; it serves it when this resolves. Lines as in a zone file; the SOA is added. */
  serve(address: string, zone: string, serial: number, lines: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Zones by server: address → zone → serial and lines. */
export type Zones = Readonly<
  Record<string, Readonly<Record<string, readonly [serial: number, ...lines: string[]]>>>
>;

/** Starts PowerDNS at each address; one without zones refuses everything, and `silent` ones never answer. */
export async function startNameServers(zones: Zones, silent: readonly string[] = []): Promise<NameServers> {
  const directory = mkdtempSync(join(tmpdir(), "deploy-names-"));
  const port = await freePort([...Object.keys(zones), ...silent]);
  const servers: ChildProcess[] = [];
  const sinks = await Promise.all(silent.map((address) => sink(address, port)));
  const place = (address: string): string => join(directory, address);
  const write = (address: string, zone: string, serial: number, lines: readonly string[]): string => {
    const file = join(place(address), zone === "" ? "root.zone" : `${zone}.zone`);
    const soa = `@ 60 IN SOA ns.invalid. hostmaster.invalid. ${serial} 3600 600 86400 60`;
    writeFileSync(file, [`$ORIGIN ${zone}.`, "$TTL 60", soa, ...lines, ""].join("\n"));
    return file;
  };
  const stop = async (): Promise<void> => {
    for (const socket of sinks) socket.close();
    await Promise.all(
      servers.map(async (server) => {
        if (server.exitCode !== null || server.signalCode !== null) return;
        server.kill("SIGKILL");
        await once(server, "exit");
      }),
    );
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(
      Object.entries(zones).map(async ([address, held]) => {
        mkdirSync(place(address));
        const named = Object.entries(held).map(
          ([zone, [serial, ...lines]]) =>
            `zone "${zone}" { type master; file "${write(address, zone, serial, lines)}"; };`,
        );
        writeFileSync(join(place(address), "named.conf"), `${named.join("\n")}\n`);
        servers.push(start(place(address), address, port));
        await answering(address, port, Object.keys(held)[0]);
      }),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    stop,
    async serve(address, zone, serial, lines) {
      write(address, zone, serial, lines);
      execFileSync("pdns_control", [`--socket-dir=${place(address)}`, "bind-reload-now", zone]);
      await answering(address, port, zone, serial);
    },
  };
}

function start(directory: string, address: string, port: number): ChildProcess {
  const settings = {
    "config-dir": directory,
    "module-dir": modules!,
    launch: "bind",
    "bind-config": join(directory, "named.conf"),
    "local-address": address,
    "local-port": String(port),
    "socket-dir": directory,
    daemon: "no",
    guardian: "no",
    "cache-ttl": "0",
    "query-cache-ttl": "0",
    "negquery-cache-ttl": "0",
    "zone-cache-refresh-interval": "0",
    "security-poll-suffix": "",
    loglevel: "2",
  };
  const words = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  return spawn(program!, words, { stdio: "ignore" });
}

async function answering(address: string, port: number, zone = "invalid", serial?: number): Promise<void> {
  const { signal } = new AbortController();
  for (let left = 200; left > 0; left -= 1) {
    const reply = await ask(
      { signal },
      { address, port },
      { name: zone, type: "SOA" },
      { timeoutMs: 500, tries: 1 },
    );
    if ("message" in reply && (serial === undefined || reply.message.answers[0]?.value === String(serial)))
      return;
    await systemClock.sleep(25);
  }
  throw new Error(`PowerDNS does not answer at ${address}:${port}.`);
}

/** Takes questions and never answers, as what a firewall swallows. */
async function sink(address: string, port: number): Promise<ReturnType<typeof createSocket>> {
  const socket = createSocket("udp4");
  socket.bind(port, address);
  await once(socket, "listening");
  return socket;
}

/** A port that is free at all addresses, for TCP and UDP. */
async function freePort(addresses: readonly string[]): Promise<number> {
  for (let left = 50; left > 0; left -= 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await Promise.all(
      addresses.map(async (host) => {
        const server = createServer();
        const listening = once(server, "listening").then(
          () => true,
          () => false,
        );
        server.listen(port, host);
        const answer = await listening;
        server.close();
        return answer;
      }),
    );
    if (free.every(Boolean)) return port;
  }
  throw new Error("No free port was found.");
}
