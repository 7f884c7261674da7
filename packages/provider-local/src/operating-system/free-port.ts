import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { DeployError } from "@deploy/core";

/** Where to look for a port. */
export interface FindFreePortOptions {
  /** The address to listen on, e.g. `127.0.0.1`. */
  readonly host: string;
  /** First port tried. */
  readonly from: number;
  /** Last port tried. */
  readonly to: number;
  /** Ports which are spoken for although nobody listens yet. */
  readonly avoid?: ReadonlySet<number>;
}

/** Who listens on a port. */
export interface Listener {
  readonly pid: number;
  /** The program's name, e.g. `postgres`. */
  readonly command: string;
}

/**
 * The first port of the range on which this host can be listened on at this moment.
 *
 * It is not reserved: whoever listens must be ready to lose the race. `servers.no-free-port` when all are taken.
 */
export async function findFreePort(options: FindFreePortOptions): Promise<number> {
  for (let port = options.from; port <= options.to; port++) {
    if (!options.avoid?.has(port) && (await isPortFree(options.host, port))) return port;
  }
  throw new DeployError({
    code: "servers.no-free-port",
    message: `No port between ${options.from} and ${options.to} is free on ${options.host}.`,
    hint: "Stop something that listens there, or configure another range.",
    retryable: true,
    details: { host: options.host, from: options.from, to: options.to },
  });
}

/** Whether one can listen on this address and port at this moment. */
export async function isPortFree(host: string, port: number): Promise<boolean> {
  if (!(await canListen(host, port))) return false;
  // macOS lets a specific address be bound beside somebody's wildcard, and then traffic goes to the wrong one.
  const wildcard = host.includes(":") ? "::" : "0.0.0.0";
  return process.platform === "linux" || host === wildcard || canListen(wildcard, port);
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      // EACCES: a port below 1024 without the right to it, as good as taken.
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Who listens on a TCP port of this machine, for the "port taken" message.
 *
 * `undefined` when nobody does, when it is another user's process and we are not root, and on systems without `/proc`.
 */
export function whoListens(port: number): Listener | undefined {
  if (process.platform !== "linux") return undefined;
  const sockets = new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningSockets(table, port)),
  );
  if (sockets.size === 0) return undefined;
  for (const name of listDirectory("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    for (const descriptor of listDirectory(`/proc/${name}/fd`)) {
      if (!sockets.has(orUndefined(() => readlinkSync(`/proc/${name}/fd/${descriptor}`)) ?? "")) continue;
      const command = orUndefined(() => readFileSync(`/proc/${name}/comm`, "utf8").trim());
      if (command !== undefined) return { pid: Number(name), command };
    }
  }
  return undefined;
}

/** The sockets which listen on `port`, named as the links in `/proc/<pid>/fd` name them. */
function listeningSockets(table: string, port: number): readonly string[] {
  const lines = (orUndefined(() => readFileSync(table, "utf8")) ?? "").split("\n").slice(1);
  return lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [localAddress = "", state, inode] = [fields[1], fields[3], fields[9]];
    const localPort = Number.parseInt(localAddress.split(":")[1] ?? "", 16);
    // 0A is TCP_LISTEN.
    return state === "0A" && localPort === port ? [`socket:[${inode}]`] : [];
  });
}

function listDirectory(path: string): readonly string[] {
  return orUndefined(() => readdirSync(path)) ?? [];
}

/** Processes come and go while we look, and some are not ours: what cannot be read is not there. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
